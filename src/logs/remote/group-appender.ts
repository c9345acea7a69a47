/**
 * Appends for engines that take a group of entries whole or not at all, in one request at a time. How an attempt failed says
 * what may have been written: nothing after a refusal (`EngineUnavailableError`), something without an answer
 * (`IndeterminateError`). A group is sent again until its time is over; replicas skip what is there twice.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineUnavailableError, IndeterminateError } from '../../core/model/errors.ts';
import type { Sequence } from '../../core/model/position.ts';
import { GroupCommit, type GroupedEntry } from '../group-commit.ts';
import { answerWithin } from './deadline.ts';
import { LogGoneError, type RemoteAppender } from './driver.ts';

export interface GroupAppenderOptions {
  /** How messages name the engine. */
  readonly title: string;
  readonly timeoutMs: number;
  readonly connection: { readonly isUp: boolean; readonly downMs: number; restart(): void };
  /** Resolves with the sequence of the last one. Throws `LogGoneError` when there is no such log any more. */
  readonly send: (group: readonly Buffer[], deadline: number) => Promise<Sequence>;
  /** Whether the engine has refused, and so has written nothing. */
  readonly isRefusal: (error: unknown) => error is Error;
}

const RETRY_MS = 100;

export class GroupAppender implements RemoteAppender {
  readonly #options: GroupAppenderOptions;
  readonly #group: GroupCommit;
  #isStopped = false;

  constructor(options: GroupAppenderOptions) {
    this.#options = options;
    this.#group = new GroupCommit({ clock: () => performance.now(), commit: (group) => this.#commit(group) });
  }

  append(data: Uint8Array): Promise<Sequence> {
    const { title, timeoutMs, connection } = this.#options;
    if (connection.downMs > timeoutMs)
      return Promise.reject(new EngineUnavailableError(`the connection to ${title} is lost`));
    return this.#group.append(data);
  }

  /** Resolves once nothing is under way. */
  async stop(reason: string): Promise<void> {
    this.#isStopped = true;
    await this.#group.stop(new EngineUnavailableError(reason));
  }

  async #commit(group: readonly GroupedEntry[]): Promise<Sequence> {
    const { title, timeoutMs, connection, send, isRefusal } = this.#options;
    const deadline = (group[0]?.time ?? 0) + timeoutMs;
    const data = group.map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    let reason = connection.isUp
      ? `${title} has not taken earlier appends within ${timeoutMs} ms`
      : `the connection to ${title} is lost`;
    let mayBeWritten = false;
    while (performance.now() < deadline && !this.#isStopped) {
      if (connection.isUp)
        try {
          const last = await answerWithin(send(data, deadline), deadline - performance.now());
          return (last - data.length + 1) as Sequence;
        } catch (error) {
          if (error instanceof IndeterminateError) throw error;
          if (error instanceof LogGoneError) {
            reason = error.message;
            break;
          }
          if (isRefusal(error)) reason = `${title} refuses the append: ${error.message}`;
          else {
            mayBeWritten = true;
            // The connection may be dead while the server is not.
            connection.restart();
          }
        }
      await sleep(RETRY_MS);
    }
    if (mayBeWritten)
      throw new IndeterminateError(`${title} has not answered within ${timeoutMs} ms: it may have been written`);
    throw new EngineUnavailableError(reason);
  }
}
