/**
 * Knows whether PostgreSQL takes appends. After one has failed the log counts as unwell until a write has succeeded: another append, or an
 * attempt that is rolled back. As long as all is well, nothing is attempted.
 */
import { IndeterminateError } from '../../core/model/errors.ts';
import { messageOf } from '../../core/model/logger.ts';
import type { Sequence } from '../../core/model/position.ts';
import { isDoneWithin } from '../remote/deadline.ts';
import { LogGoneError } from '../remote/driver.ts';
import { type Connection, isRefusal, LOCK_TIMEOUT, type Query, refusalOf } from './connection.ts';
import type { Stream } from './stream.ts';

/** A request that waits for longer may wait for somebody; for half the time that PostgreSQL allows, if that is less. */
const WAITS_MS = 500;

export interface AppendWatchOptions {
  /** That of the appends, once it is there. */
  readonly connection: () => Connection;
  readonly stream: () => Stream;
  /** The time for the answer to an append. */
  readonly timeoutMs: number;
  /** How long PostgreSQL lets a request wait for a lock before it refuses. */
  readonly lockTimeoutMs: number;
}

export class AppendWatch {
  readonly #options: AppendWatchOptions;
  /** Requests without an answer, the oldest first. */
  readonly #waiting = new Set<{ readonly since: number }>();
  #backend: number | undefined;
  /** How often PostgreSQL has committed without waiting for its standby. */
  #unreplicated = 0;
  /** Why the last append failed, or the last attempt. */
  #failure: string | undefined;
  #lockTimeout: Error | undefined;
  /** The holder of the lock that the last of them waited for. */
  #holder: string | undefined;
  #attempt: Promise<void> | undefined;

  constructor(options: AppendWatchOptions) {
    this.#options = options;
  }

  /** On the connection of the appends. */
  readonly query: Query = async (text, values, name) => {
    const request = { since: performance.now() };
    this.#waiting.add(request);
    try {
      return await this.#options.connection().query(text, values, name);
    } catch (error) {
      this.#failed(error);
      throw error;
    } finally {
      this.#waiting.delete(request);
    }
  };

  get isUp(): boolean {
    return this.#options.connection().isUp;
  }

  restart(): void {
    this.#options.connection().restart();
  }

  /** For each new connection of the appends. */
  async prepare(query: Query): Promise<void> {
    const [[backend] = []] = await query('select pg_backend_pid()');
    this.#backend = Number(backend);
  }

  /** A commit that was to wait for a standby was ended: it is there, and may be lost with this server. */
  noticed(routine: string | undefined): void {
    if (routine === 'SyncRepWaitForLSN') this.#unreplicated++;
  }

  /** `append` fails as soon as PostgreSQL refuses it, which it does before the deadline when a lock is held for long. */
  async append(append: () => Promise<Sequence>, deadline: number): Promise<Sequence> {
    const { lockTimeoutMs } = this.#options;
    // Another attempt would still wait for the lock at the deadline, and nobody would know whether it has written.
    if (this.#lockTimeout && deadline - performance.now() < 2 * lockTimeoutMs) throw this.#lockTimeout;
    const before = this.#unreplicated;
    try {
      const last = await append();
      if (this.#unreplicated !== before)
        throw new IndeterminateError('PostgreSQL has stopped waiting for its standby: the append may be lost');
      this.#succeeded();
      return last;
    } catch (error) {
      if (error instanceof LogGoneError || error instanceof IndeterminateError) throw error;
      if (!isRefusal(error)) this.#failure = `PostgreSQL has not answered an append: ${messageOf(error)}`;
      throw error;
    }
  }

  /** Why PostgreSQL takes no appends now. `query`: on another connection. */
  async trouble(query: Query): Promise<string | undefined> {
    const connection = this.#options.connection();
    if (!connection.isUp)
      return `the connection to PostgreSQL for appends is lost${connection.reason && `: ${connection.reason}`}`;
    if (this.#failure !== undefined)
      this.#attempt ??= this.#attemptToWrite().finally(() => (this.#attempt = undefined));
    const waitsMs = Math.min(WAITS_MS, this.#options.lockTimeoutMs / 2);
    if (this.#attempt) await isDoneWithin(this.#attempt, waitsMs - this.#waitedMs + 5);
    if (this.#waitedMs >= waitsMs) {
      this.#holder = await this.#holdup(query);
      if (this.#holder !== undefined) return this.#holder;
    }
    return (this.#lockTimeout && this.#holder) ?? this.#failure;
  }

  /** How long the oldest request has been waiting. */
  get #waitedMs(): number {
    const [oldest] = this.#waiting;
    return oldest ? performance.now() - oldest.since : 0;
  }

  #succeeded(): void {
    this.#failure = undefined;
    this.#lockTimeout = undefined;
    this.#holder = undefined;
  }

  #failed(error: unknown): void {
    if (!isRefusal(error)) return;
    this.#failure = refusalOf(error);
    this.#lockTimeout = error.code === LOCK_TIMEOUT ? error : undefined;
  }

  /** Does all that an append does, which moves what is pending as well, with enough data to need room on the disk, and takes it back. */
  async #attemptToWrite(): Promise<void> {
    const { stream, lockTimeoutMs } = this.#options;
    const { id, epoch } = stream();
    try {
      await this.query(`do $attempt$ begin
        perform seamline.append(${id}, '${epoch}', decode(repeat('00', 16384), 'hex'), array[16384], ${lockTimeoutMs}, null);
        raise exception using errcode = 'SL000';
      exception when sqlstate 'SL000' then null;
      end $attempt$`);
      this.#succeeded();
    } catch {
      // `query` has noted what PostgreSQL says.
    }
  }

  /** What the oldest request waits for. */
  async #holdup(query: Query): Promise<string | undefined> {
    const own = this.#backend ?? 0;
    const [[holder], [[state, event] = []]] = await Promise.all([
      query(
        `select pid::text, usename::text, application_name, state, extract(epoch from clock_timestamp() - xact_start)::integer::text
         from pg_stat_activity where pid = any(pg_blocking_pids($1))`,
        [own],
      ),
      query('select state, wait_event from pg_stat_activity where pid = $1', [own]),
    ]);
    if (event === 'SyncRep') return 'PostgreSQL waits for a synchronous standby before it answers appends';
    // PostgreSQL has not got the request, or its answer was lost.
    if (!holder && state !== 'active' && this.#waitedMs > this.#options.timeoutMs) this.#options.connection().restart();
    if (!holder) return undefined;
    const [pid, user, application, activity, seconds] = holder as readonly (string | null)[];
    if (application === 'seamline' && activity === 'active')
      return `another node has been appending to the log in PostgreSQL for ${seconds} s (process ${pid})`;
    const details = [`user ${user}`, application, activity, seconds && `for ${seconds} s`].filter(Boolean).join(', ');
    return `the log in PostgreSQL is locked by process ${pid} (${details}): end its transaction, or run select pg_terminate_backend(${pid})`;
  }
}
