/**
 * Appends, a group at a time: one run of a script, which Redis does whole or not at all. What may have been done is known by how it
 * failed: a refusal has done nothing (`EngineUnavailableError`), no answer may have done it (`IndeterminateError`). A group is tried
 * again until its time is over; the replicas skip what is there twice.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineUnavailableError, IndeterminateError } from '../../core/model/errors.ts';
import type { Sequence } from '../../core/model/position.ts';
import { GroupCommit, type Grouped } from '../group-commit.ts';
import { answered } from '../remote/in-time.ts';
import { type Connection, isRefusal } from './connection.ts';
import type { Scripts } from './scripts.ts';

export interface AppenderOptions {
  readonly connection: Connection;
  readonly scripts: Scripts;
  /** Of the log as it was opened last. */
  readonly epochNumber: () => string;
  /** How many replicas must have it before it is answered. */
  readonly wait: number;
  readonly timeoutMs: number;
}

const RETRY_MS = 100;
/** So that Redis says itself that it is too late. */
const WAIT_MARGIN_MS = 100;
const AWAY = 'Redis is away';

export class Appender {
  readonly #options: AppenderOptions;
  readonly #group: GroupCommit;
  #stopped: EngineUnavailableError | undefined;

  constructor(options: AppenderOptions) {
    this.#options = options;
    this.#group = new GroupCommit({
      clock: () => performance.now(),
      commit: (group) => this.#commit(group),
    });
  }

  append(data: Uint8Array): Promise<Sequence> {
    if (this.#stopped) return Promise.reject(this.#stopped);
    const { connection, timeoutMs } = this.#options;
    if (connection.downMs > timeoutMs) return Promise.reject(new EngineUnavailableError(AWAY));
    return this.#group.append(data);
  }

  async stop(reason: string): Promise<void> {
    this.#stopped = new EngineUnavailableError(reason);
    await this.#group.stop(this.#stopped);
    this.#options.connection.close();
  }

  async #commit(group: readonly Grouped[]): Promise<Sequence> {
    const { connection, timeoutMs } = this.#options;
    const deadline = (group[0]?.time ?? 0) + timeoutMs;
    const data = group.map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    let reason = AWAY;
    let mayBeThere = false;
    while (performance.now() < deadline && !this.#stopped) {
      if (connection.isUp)
        try {
          const last = await answered(this.#attempt(data, deadline), deadline - performance.now());
          return (last - data.length + 1) as Sequence;
        } catch (error) {
          if (error instanceof GoneError) {
            reason = error.message;
            break;
          }
          if (error instanceof IndeterminateError) throw error;
          if (isRefusal(error)) reason = `Redis refuses: ${error.message}`;
          else {
            mayBeThere = true;
            // It may be the connection that is dead, and not Redis.
            connection.restart();
          }
        }
      await sleep(RETRY_MS);
    }
    if (mayBeThere) throw new IndeterminateError('Redis has not answered in time: it may have been written');
    throw new EngineUnavailableError(reason);
  }

  async #attempt(data: readonly Buffer[], deadline: number): Promise<Sequence> {
    const { connection, scripts, epochNumber, wait } = this.#options;
    const last = await scripts.append(epochNumber(), data);
    if (last === undefined) throw new GoneError('the log in Redis is gone, or another one');
    if (wait === 0) return last;
    const leftMs = Math.max(1, Math.floor(deadline - performance.now() - WAIT_MARGIN_MS));
    const replicas = await connection.client.wait(wait, leftMs).catch((cause: unknown) => {
      // Not the refusal itself: that would say that nothing was written.
      throw new Error('Redis does not say which replicas have it', { cause });
    });
    if (replicas >= wait) return last;
    throw new IndeterminateError(`${replicas} replicas of Redis have it, and not ${wait}: it may be lost`);
  }
}

class GoneError extends Error {}
