/** The requests of the log to the thread with its store. */
import type { MessagePort } from 'node:worker_threads';
import type { LogEntry } from '../../core/replication/ordered-log.ts';
import type { Sequence } from '../../core/model/position.ts';
import { type SentError, toSend } from './disk/errors.ts';
import type { Opened, Store } from './store.ts';

export interface Requests {
  open(isRepair: boolean): Opened;
  append(entries: readonly LogEntry[]): void;
  read(from: Sequence): LogEntry[];
  entryAt(sequence: Sequence): LogEntry | undefined;
  rotate(): Sequence;
  trim(sequence: Sequence): Sequence;
  probe(): void;
  close(): void;
}

export interface Request {
  readonly id: number;
  readonly name: keyof Requests;
  readonly args: readonly unknown[];
}

export type Reply =
  { readonly id: number; readonly result: unknown } | { readonly id: number; readonly error: SentError };

export function serve(port: MessagePort, store: Store): void {
  port.on('message', ({ id, name, args }: Request) => {
    port.postMessage(replyTo(store, id, name, args));
    if (name === 'append') store.tidy();
  });
}

function replyTo(store: Store, id: number, name: keyof Requests, args: readonly unknown[]): Reply {
  try {
    // `StoreThread.call` has checked their types.
    const ask = store[name].bind(store) as (...given: readonly unknown[]) => unknown;
    return { id, result: ask(...args) };
  } catch (error) {
    return { id, error: toSend(error) };
  }
}
