/**
 * A log on a server that any number of nodes share, by a driver for its engine. An append that is answered is as durable as the
 * engine keeps it.
 *
 * The connection comes back by itself. Each second the log is looked at: whether it is there, is still the same one, takes
 * appends, and delivers its entries to all listeners. As long as it doesn't, `health` says why.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { idOf } from '../../core/model/command.ts';
import { EngineUnavailableError } from '../../core/model/errors.ts';
import { errorFields, type Logger, messageOf, SILENT } from '../../core/model/logger.ts';
import type { LogEntry, LogHealth, LogListener, LogSnapshot, OrderedLog } from '../../core/replication/ordered-log.ts';
import { MissingEntriesError } from '../../core/replication/ordered-log.ts';
import type { Epoch, Sequence } from '../../core/model/position.ts';
import { answerUnlessSilent, answerWithin } from './deadline.ts';
import type { LogState, RemoteLogDriver, RemoteLogSession, StoredSnapshot } from './driver.ts';
import { EngineRefusalError, LogGoneError, UnfitLogError } from './driver.ts';
import { LogKeeper } from './log-keeper.ts';
import { REMOTE_DEFAULTS, type RemoteLogOptions } from './options.ts';
import { type LogModule, SnapshotScheduler } from './snapshot-scheduler.ts';
import { SnapshotStore } from './snapshot-store.ts';
import { ANOTHER_LOG, RemoteSubscription } from './subscription.ts';

const RETRY_MS = 100;
const CHECK_MS = 1000;
const CHECK_TIMEOUT_MS = 2000;
/** The connection is replaced after so many looks without an answer. */
const MAX_UNANSWERED = 2;
const CLOSED = 'the log is closed';

interface Parts {
  readonly session: RemoteLogSession;
  readonly store: SnapshotStore;
  readonly scheduler: SnapshotScheduler;
  readonly keeper: LogKeeper;
}

export class RemoteLog implements OrderedLog {
  readonly engine: string;
  readonly answerWithinMs: number;
  readonly showsEarly: boolean;
  readonly #driver: RemoteLogDriver;
  readonly #options: RemoteLogOptions;
  readonly #module: LogModule;
  readonly #logger: Logger;
  readonly #subscriptions = new Set<RemoteSubscription>();
  #opening: Promise<Parts> | undefined;
  #parts: Parts | undefined;
  #epoch: Epoch | undefined;
  #checking: NodeJS.Timeout | undefined;
  #isChecking = false;
  /** Looks in a row without an answer. */
  #unanswered = 0;
  /** What the last look has found. */
  #trouble: string | undefined;
  /** Why the log takes no appends, though the engine does. */
  #refusal: string | undefined;
  #isClosed = false;

  /** `module`: how the process that builds snapshots opens this log. */
  constructor(driver: RemoteLogDriver, options: RemoteLogOptions, module: LogModule) {
    this.engine = driver.engine;
    this.showsEarly = driver.showsEarly ?? false;
    this.answerWithinMs = options.engineTimeoutMs ?? REMOTE_DEFAULTS.engineTimeoutMs;
    this.#driver = driver;
    this.#options = options;
    this.#module = module;
    this.#logger = options.logger ?? SILENT;
  }

  /** Called again after a listener was told that the log is broken. */
  async open(): Promise<Epoch> {
    if (this.#isClosed) throw new EngineUnavailableError(CLOSED);
    this.#opening ??= this.#connect().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    const { session } = await this.#opening;
    const before = this.#epoch;
    const epoch = await this.#ask('the log', () => session.ensure(before === undefined));
    if (before !== undefined && epoch !== before)
      this.#logger.warn({ before, epoch }, `another log has taken the place of the one on ${this.#driver.title}`);
    this.#epoch = epoch;
    this.#trouble = undefined;
    this.#refusal = undefined;
    this.#checking ??= setInterval(() => void this.#check(), CHECK_MS);
    return epoch;
  }

  append(data: Uint8Array, id: string): Promise<Sequence> {
    if (!this.#parts || this.#isClosed) return Promise.reject(new EngineUnavailableError(CLOSED));
    if (this.#refusal !== undefined) return Promise.reject(new EngineUnavailableError(this.#refusal));
    return this.#parts.session.appender.append(data, id);
  }

  async follow(from: Sequence, listener: LogListener): Promise<() => void> {
    const { session, keeper } = this.#opened();
    const state = await this.#look();
    const { epoch, first, last } = state;
    // The listener's state begins with the log that was opened.
    if (epoch !== undefined && epoch !== this.#epoch) {
      listener.broken(ANOTHER_LOG);
      return () => {};
    }
    if (epoch !== undefined && from >= 1 && from < first) throw new MissingEntriesError(missingFrom(from, first - 1));
    if (epoch === undefined || from < 1 || from > last + 1)
      throw new RangeError(`sequence ${from} is not in the log, which has ${first} to ${last}`);
    if (listener.snapshot) keeper.follows(from, state);
    const previous = await this.entryAt((from - 1) as Sequence);
    const { staleLooks = 0 } = this.#driver;
    const subscription = new RemoteSubscription({ session, epoch, from, previous, listener, staleLooks });
    const unsubscribe = (): void => {
      subscription.stop();
      this.#subscriptions.delete(subscription);
    };
    this.#subscriptions.add(subscription);
    try {
      await subscription.start();
    } catch (error) {
      unsubscribe();
      throw error;
    }
    return unsubscribe;
  }

  async last(): Promise<Sequence> {
    return (await this.#look()).last;
  }

  async entryAt(sequence: Sequence): Promise<LogEntry | undefined> {
    const { session } = this.#opened();
    return sequence < 1 ? undefined : this.#ask(`entry ${sequence}`, () => session.entryAt(sequence));
  }

  async saveSnapshot(snapshot: LogSnapshot): Promise<void> {
    const { store } = this.#opened();
    const epoch = this.#epoch ?? (await this.open());
    await store.save(epoch, snapshot);
    await store.tidy(epoch, (stored) => this.#holds(stored));
  }

  async loadSnapshots(): Promise<readonly LogSnapshot[]> {
    const { store } = this.#opened();
    const epoch = this.#epoch ?? (await this.open());
    const stored = await this.#ask('the list of snapshots', () => store.list(epoch));
    return stored.map((snapshot) => ({ ...snapshot, chunks: store.read(snapshot) }));
  }

  async trim(sequence: Sequence): Promise<void> {
    const { session } = this.#opened();
    const { last } = await this.#look();
    if (sequence > 1) await this.#ask('the log', () => session.trim(Math.min(sequence, last + 1) as Sequence));
  }

  health(): LogHealth {
    const { isUp = true, reason: why = '' } = this.#parts?.session.connection ?? {};
    const lost = `the connection to ${this.#driver.title} is lost${why && `: ${why}`}`;
    const reason = this.#isClosed ? CLOSED : isUp ? this.#trouble : lost;
    return reason === undefined ? { ok: true } : { ok: false, reason };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#checking);
    const parts = await this.#opening?.catch(() => undefined);
    if (!parts) return;
    for (const subscription of this.#subscriptions) subscription.stop();
    await parts.session.appender.stop(CLOSED);
    parts.keeper.stop();
    await parts.scheduler.stop();
    await parts.session.close();
  }

  async #connect(): Promise<Parts> {
    const session = await this.#driver.connect(() => void this.#check());
    const { claims, snapshots } = session;
    const store = new SnapshotStore(snapshots, (request) => this.#ask('a snapshot', request));
    const { snapshotBytes: bytes } = this.#options;
    const scheduler = new SnapshotScheduler({ claims, store, module: this.#module, bytes, logger: this.#logger });
    const keeper = new LogKeeper({
      session,
      store,
      logger: this.#logger,
      hasEntryOf: async (snapshot) => (await this.entryAt(snapshot.sequence)) !== undefined && this.#holds(snapshot),
      save: (snapshot) => this.saveSnapshot(snapshot),
    });
    this.#parts = { session, store, scheduler, keeper };
    return this.#parts;
  }

  /** Whether the log holds the command that a snapshot was made of. What it has trimmed it held. */
  async #holds({ sequence, commandId }: StoredSnapshot): Promise<boolean> {
    const [{ first }, entry] = await Promise.all([this.#look(), this.entryAt(sequence)]);
    // An entry that no seamline node has written has no id.
    return entry ? ['', commandId].includes(idOf(entry.data)) : sequence < first;
  }

  /** At most one at a time. */
  async #check(): Promise<void> {
    if (!this.#parts || this.#isChecking || this.#isClosed || !this.#parts.session.connection.isUp) return;
    const { session, scheduler, keeper } = this.#parts;
    this.#isChecking = true;
    const heard = session.connection.heard;
    const asked = [...this.#subscriptions].map((subscription) => [subscription, subscription.next] as const);
    try {
      const state = await answerWithin(session.look(), CHECK_TIMEOUT_MS);
      this.#unanswered = 0;
      for (const [subscription, next] of asked) subscription.check(state, next);
      const lack = asked.map(([subscription]) => subscription.lack).find((lack) => lack !== undefined);
      this.#refusal = state.unfit ?? lack ?? keeper.trouble;
      const lag = asked.map(([subscription]) => subscription.lag).find((lag) => lag !== undefined);
      this.#noteTrouble(state.trouble ?? this.#refusal ?? lag);
      const [first] = asked;
      if (first && state.epoch !== undefined && state.epoch === this.#epoch)
        scheduler.check(state.epoch, state.last, first[0].meanBytes);
      const own = asked.find(([subscription]) => subscription.hasState && !subscription.isStopped);
      if (own && state.epoch !== undefined && state.epoch === this.#epoch) keeper.check(state.epoch, state, own[0]);
    } catch (error) {
      const isAnswer = error instanceof LogGoneError || error instanceof EngineRefusalError;
      this.#noteTrouble(
        isAnswer ? error.message : `${this.#driver.title} can't be reached: ${messageOf(error)}`,
        error,
      );
      // A connection on which something arrives lives: the answer comes after what is already on its way.
      if (isAnswer || session.connection.heard !== heard) this.#unanswered = 0;
      else if (++this.#unanswered % MAX_UNANSWERED === 0) session.connection.restart?.();
    } finally {
      this.#isChecking = false;
    }
  }

  #noteTrouble(trouble: string | undefined, error?: unknown): void {
    if (trouble !== undefined && this.#trouble === undefined && !this.#isClosed)
      this.#logger.warn(error === undefined ? {} : errorFields(error), trouble);
    this.#trouble = trouble;
  }

  async #look(): Promise<LogState> {
    const { session } = this.#opened();
    return this.#ask('the log', () => session.look());
  }

  /**
   * Repeats a request until it succeeds or the time is over. Rejects with `EngineUnavailableError` then. A request on a connection
   * that is lost is never answered.
   */
  async #ask<T>(what: string, ask: () => Promise<T>): Promise<T> {
    const withinMs = this.answerWithinMs;
    const heard = (): number => this.#parts?.session.connection.heard ?? 0;
    const deadline = performance.now() + withinMs;
    for (;;) {
      try {
        if (this.#parts?.session.connection.isUp === false) throw new Error('the connection is lost');
        return await answerUnlessSilent(ask(), withinMs / 2, heard);
      } catch (cause) {
        if (cause instanceof UnfitLogError) throw cause;
        if (this.#isClosed || performance.now() > deadline) {
          const reason = `${what} on ${this.#driver.title} can't be reached within ${withinMs} ms: ${messageOf(cause)}`;
          throw new EngineUnavailableError(reason, { cause });
        }
      }
      await sleep(RETRY_MS);
    }
  }

  #opened(): Parts {
    if (!this.#parts || this.#isClosed) throw new EngineUnavailableError(CLOSED);
    return this.#parts;
  }
}

/** A node with the missing entries may still save its state, so an attempt that comes later may succeed. */
const missingFrom = (from: number, to: number): string =>
  `the log lacks sequence ${from}${to > from ? ` to ${to}` : ''}, and no readable snapshot holds ${to > from ? 'them' : 'it'}`;
