/**
 * A log on Redis or Valkey, for any number of nodes: a stream of commands, and snapshots beside it. What is answered is as durable as that
 * Redis is: it may keep an append-only file or not, and one that gives way to a replica may lose what it has answered. The log
 * says so to whoever follows it; it can't undo it.
 *
 * The connections come back by themselves, and each second the log is looked at: whether it is there, still the same one, takes
 * writes, and whether its followers get on. Meanwhile `health` says what is wrong.
 */
import { idOf } from '../../core/model/command.ts';
import { EngineUnavailableError } from '../../core/model/errors.ts';
import { errorFields, type Logger, messageOf, SILENT } from '../../core/model/logger.ts';
import type { LogEntry, LogListener, LogHealth, LogSnapshot, OrderedLog } from '../../core/replication/ordered-log.ts';
import type { Epoch, Sequence } from '../../core/model/position.ts';
import { answered, inTime } from '../remote/in-time.ts';
import { Appender } from './append.ts';
import { Connection } from './connection.ts';
import { entryIn } from './entries.ts';
import { Follow } from './follow.ts';
import { addressOf, type ClientOptions, connectionOptions, REDIS_DEFAULTS, type RedisLogOptions } from './options.ts';
import { type Keys, keysOf, type Look, numberOf, RedisLogError, Scripts } from './scripts.ts';
import { assertFit } from './server.ts';
import { SnapshotStore, type StoredSnapshot } from './snapshots.ts';
import { SnapshotMaker } from '../remote/snapshot-maker.ts';

export type { RedisLogOptions } from './options.ts';

/** Connected by whoever follows it. Throws a `RangeError` for options that make no sense. */
export function redisLog(options: RedisLogOptions): OrderedLog {
  return new RedisLog(options);
}

const CHECK_MS = 1000;
const CHECK_TIMEOUT_MS = 2000;
/** Looks that nobody has answered before the connection is given up. */
const PATIENCE = 2;
const CLOSED = 'the log is closed';

/** What an open log has. */
interface Parts {
  readonly connection: Connection;
  readonly scripts: Scripts;
  readonly appender: Appender;
  readonly store: SnapshotStore;
  readonly snapshots: SnapshotMaker;
}

class RedisLog implements OrderedLog {
  readonly engine = 'redis';
  readonly answerWithinMs: number;
  readonly showsEarly: boolean;
  readonly #options: RedisLogOptions;
  readonly #connecting: ClientOptions;
  readonly #keys: Keys;
  readonly #logger: Logger;
  readonly #follows = new Set<Follow>();
  #parts: Promise<Parts> | undefined;
  #appender: Appender | undefined;
  #connection: Connection | undefined;
  #epoch: Epoch | undefined;
  #checking: NodeJS.Timeout | undefined;
  #isChecking = false;
  /** Looks in a row that nobody has answered. */
  #unanswered = 0;
  /** What the last look has found. */
  #trouble: string | undefined;
  #isClosed = false;

  constructor(options: RedisLogOptions) {
    this.#connecting = connectionOptions(options);
    this.#options = options;
    this.#keys = keysOf(options.stream ?? REDIS_DEFAULTS.stream);
    this.answerWithinMs = options.engineTimeoutMs ?? REDIS_DEFAULTS.engineTimeoutMs;
    this.showsEarly = (options.wait ?? REDIS_DEFAULTS.wait) > 0;
    this.#logger = options.logger ?? SILENT;
  }

  /** Again after `broken`: the log that is there now, or another one where nothing is. */
  async open(): Promise<Epoch> {
    if (this.#isClosed) throw new EngineUnavailableError(CLOSED);
    this.#parts ??= this.#connect().catch((error: unknown) => {
      this.#parts = undefined;
      throw error;
    });
    const { scripts } = await this.#parts;
    const epoch = await this.#inTime('the log', () => scripts.found());
    if (this.#epoch !== undefined && epoch !== this.#epoch)
      this.#logger.warn({ before: this.#epoch, epoch }, 'Redis has lost the log: this is another one');
    this.#epoch = epoch;
    this.#trouble = undefined;
    this.#checking ??= setInterval(() => void this.#check(), CHECK_MS);
    return epoch;
  }

  append(data: Uint8Array): Promise<Sequence> {
    return this.#appender?.append(data) ?? Promise.reject(new EngineUnavailableError(CLOSED));
  }

  async follow(from: Sequence, follower: LogListener): Promise<() => void> {
    const { epoch, first, last } = await this.#look();
    if (epoch === undefined || from < first || from > last + 1)
      throw new RangeError(`sequence ${from} is not in the log`);
    const before = await this.entryAt((from - 1) as Sequence);
    const follow = new Follow({ connection: await this.#open(), keys: this.#keys, epoch, from, before, follower });
    this.#follows.add(follow);
    return () => {
      follow.stop();
      this.#follows.delete(follow);
    };
  }

  async last(): Promise<Sequence> {
    return (await this.#look()).last;
  }

  async entryAt(sequence: Sequence): Promise<LogEntry | undefined> {
    const { connection } = await this.#opened();
    if (sequence < 1 || this.#epoch === undefined) return undefined;
    const id = `${numberOf(this.#epoch)}-${sequence}`;
    const [raw] = await this.#inTime('the entry', () => connection.client.xrangeBuffer(this.#keys.commands, id, id));
    return raw && entryIn(raw, sequence);
  }

  async saveSnapshot(snapshot: LogSnapshot): Promise<void> {
    const [store, epoch] = await this.#snapshots();
    await store.save(epoch, snapshot);
    await store.tidy(epoch, (stored) => this.#agrees(stored));
  }

  async loadSnapshots(): Promise<readonly LogSnapshot[]> {
    const [store, epoch] = await this.#snapshots();
    const stored = await this.#inTime('the snapshots', () => store.list(epoch));
    return stored.map((snapshot) => ({ ...snapshot, chunks: store.read(snapshot) }));
  }

  async trim(sequence: Sequence): Promise<void> {
    const { scripts } = await this.#opened();
    const { epoch, last } = await this.#look();
    if (epoch !== undefined)
      await this.#inTime('the log', () => scripts.trim(epoch, Math.min(sequence, last + 1) as Sequence));
  }

  health(): LogHealth {
    const reason = this.#isClosed ? CLOSED : this.#connection?.isUp === false ? 'Redis is away' : this.#trouble;
    return reason === undefined ? { ok: true } : { ok: false, reason };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#checking);
    const parts = await this.#parts?.catch(() => undefined);
    if (!parts) return;
    for (const follow of this.#follows) follow.stop();
    await parts.appender.stop(CLOSED);
    await parts.snapshots.stop();
    parts.connection.close();
  }

  async #connect(): Promise<Parts> {
    const connection = await this.#open();
    const { client } = connection;
    try {
      await assertFit(client, this.#logger);
      const scripts = new Scripts(client, this.#keys);
      const appending = await this.#open();
      const store = new SnapshotStore(client, this.#keys);
      this.#appender = new Appender({
        connection: appending,
        scripts: new Scripts(appending.client, this.#keys),
        epochNumber: () => (this.#epoch === undefined ? '' : numberOf(this.#epoch)),
        wait: this.#options.wait ?? REDIS_DEFAULTS.wait,
        timeoutMs: this.answerWithinMs,
      });
      this.#connection = connection;
      connection.onUp = () => void this.#check();
      return { connection, scripts, appender: this.#appender, store, snapshots: this.#makerOf(store) };
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  #makerOf(store: SnapshotStore): SnapshotMaker {
    const { logger: _, ...options } = this.#options;
    return new SnapshotMaker({
      bytes: options.snapshotBytes,
      orderOf: (epoch) => ({ engine: 'redis', options, epoch }),
      list: (epoch) => store.list(epoch),
      claim: (forMs) => store.claim(forMs),
      release: () => store.release(),
      logger: this.#logger,
    });
  }

  #open(): Promise<Connection> {
    const [address, timeoutMs, logger] = [addressOf(this.#options), this.answerWithinMs, this.#logger];
    return Connection.open(this.#connecting, { address, timeoutMs, logger });
  }

  /** Looks at the log; at most one look at a time. */
  async #check(): Promise<void> {
    const { connection, scripts, snapshots } = await this.#opened();
    if (this.#isChecking || !connection.isUp) return;
    this.#isChecking = true;
    const asked = [...this.#follows].map((follow) => [follow, follow.next] as const);
    try {
      const look = await answered(scripts.look(), CHECK_TIMEOUT_MS);
      this.#unanswered = 0;
      this.#found(look.refusal && `Redis takes nothing in: ${look.refusal}`);
      for (const [follow, next] of asked) follow.check(look, next);
      const [first] = asked;
      if (first && look.epoch !== undefined && look.epoch === this.#epoch)
        snapshots.look(look.epoch, look.last, first[0].meanBytes);
    } catch (error) {
      this.#found(`Redis can't be asked: ${messageOf(error)}`, error);
      if (++this.#unanswered % PATIENCE === 0) connection.restart();
    } finally {
      this.#isChecking = false;
    }
  }

  #found(trouble: string | undefined, error?: unknown): void {
    if (trouble !== undefined && this.#trouble === undefined)
      this.#logger.warn(error === undefined ? {} : errorFields(error), trouble);
    this.#trouble = trouble;
  }

  async #look(): Promise<Look> {
    const { scripts } = await this.#opened();
    return this.#inTime('the log', () => scripts.look());
  }

  async #snapshots(): Promise<[SnapshotStore, Epoch]> {
    const { store } = await this.#opened();
    return [store, this.#epoch ?? (await this.open())];
  }

  /** Whether the log has what a snapshot is of. What it has let go it had; of what isn't ours nobody knows. */
  async #agrees({ sequence, commandId }: StoredSnapshot): Promise<boolean> {
    const [{ first }, entry] = await Promise.all([this.#look(), this.entryAt(sequence)]);
    return entry ? ['', commandId].includes(idOf(entry.data)) : sequence < first;
  }

  #inTime<T>(what: string, ask: () => Promise<T>): Promise<T> {
    return inTime(() => answered(ask(), this.answerWithinMs), {
      what: `Redis: ${what}`,
      withinMs: this.answerWithinMs,
      isFinal: (error) => error instanceof RedisLogError,
      isOver: () => this.#isClosed,
    });
  }

  async #opened(): Promise<Parts> {
    if (!this.#parts || this.#isClosed) throw new EngineUnavailableError(CLOSED);
    return this.#parts;
  }
}
