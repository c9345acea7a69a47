import { Worker } from 'node:worker_threads';
import { FileLogError, received } from './disk/errors.ts';
import type { Reply, Request, Requests } from './serve.ts';
import { NODE_FLAGS, programBeside } from '../process/programs.ts';

interface PendingRequest {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** The thread that owns the store, as the event loop sees it. Requests are answered in order. */
export class StoreThread {
  readonly #worker: Worker;
  /** Oldest first. */
  readonly #pending: PendingRequest[] = [];
  #ended: FileLogError | undefined;

  constructor(directory: string, worker = programBeside(import.meta.url, 'store-worker')) {
    this.#worker = new Worker(worker, { workerData: directory, execArgv: NODE_FLAGS });
    this.#worker.on('message', (reply: Reply) => this.#answer(reply));
    this.#worker.on('error', (error) => this.#end(error));
    this.#worker.on('exit', () => this.#end(new Error('the thread has ended')));
  }

  call<Name extends keyof Requests>(
    name: Name,
    ...args: Parameters<Requests[Name]>
  ): Promise<ReturnType<Requests[Name]>> {
    if (this.#ended) return Promise.reject(this.#ended);
    const request: Request = { name, args };
    return new Promise((resolve, reject) => {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is not a window
      this.#worker.postMessage(request);
      this.#pending.push({ resolve, reject });
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #answer(reply: Reply): void {
    const pending = this.#pending.shift();
    if ('error' in reply) pending?.reject(received(reply.error));
    else pending?.resolve(reply.result);
  }

  /** Its last request may have been executed or not. */
  #end(cause: Error): void {
    this.#ended ??= new FileLogError('uncertain', `the thread that writes the log has ended: ${cause.message}`, {
      cause,
    });
    for (const { reject } of this.#pending.splice(0)) reject(this.#ended);
  }
}
