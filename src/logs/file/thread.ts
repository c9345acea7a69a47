import { Worker } from 'node:worker_threads';
import { FileLogError, received } from './disk/errors.ts';
import type { Reply, Request, Requests } from './serve.ts';
import { NODE_FLAGS, programBeside } from '../process/programs.ts';

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** The thread that owns the store, as seen from the loop: requests are answered in their order. */
export class StoreThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #requests = 0;
  #ended: FileLogError | undefined;

  constructor(directory: string, worker = programBeside(import.meta.url, 'store-worker')) {
    this.#worker = new Worker(worker, { workerData: directory, execArgv: NODE_FLAGS });
    this.#worker.on('message', (reply: Reply) => this.#answer(reply));
    this.#worker.on('error', (error) => this.#end(error));
    this.#worker.on('exit', () => this.#end(new Error('it has ended')));
  }

  call<Name extends keyof Requests>(
    name: Name,
    ...args: Parameters<Requests[Name]>
  ): Promise<ReturnType<Requests[Name]>> {
    if (this.#ended) return Promise.reject(this.#ended);
    const id = this.#requests++;
    const request: Request = { id, name, args };
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
      this.#worker.postMessage(request);
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #answer(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('error' in reply) waiting?.reject(received(reply.error));
    else waiting?.resolve(reply.result);
  }

  /** What it was doing may be done or not. */
  #end(cause: Error): void {
    this.#ended ??= new FileLogError('uncertain', `the thread that writes is gone: ${cause.message}`, { cause });
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
  }
}
