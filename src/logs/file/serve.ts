/** The requests of the log to the thread with its store. */
import type { MessagePort } from 'node:worker_threads';
import { type SentError, toSend } from './disk/errors.ts';
import type { Store } from './store.ts';

/** Those that a log makes. They are answered in order. */
export type Requests = Pick<
  Store,
  'open' | 'append' | 'read' | 'entryAt' | 'rotate' | 'trim' | 'probe' | 'look' | 'settle' | 'restart' | 'close'
>;

export interface Request {
  readonly name: keyof Requests;
  readonly args: readonly unknown[];
}

export type Reply = { readonly result: unknown } | { readonly error: SentError };

export function serve(port: MessagePort, store: Store): void {
  port.on('message', (request: Request) => {
    port.postMessage(replyTo(store, request));
    if (request.name === 'append') store.tidy();
  });
}

function replyTo(store: Store, { name, args }: Request): Reply {
  try {
    // `StoreThread.call` has checked their types.
    const ask = store[name].bind(store) as (...given: readonly unknown[]) => unknown;
    return { result: ask(...args) };
  } catch (error) {
    return { error: toSend(error) };
  }
}
