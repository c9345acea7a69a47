/**
 * A log on NATS JetStream, for any number of nodes: a stream of commands, ordered and kept by the servers (by Raft, with replicas),
 * and snapshots in an object store beside it. What is answered is as durable as the stream.
 *
 * The connection comes back by itself, and each second the stream is looked at: whether it is there, still the same one, and
 * whether its followers get on. Meanwhile `health` says what is wrong.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type JetStreamManager, jetstreamManager, type StreamInfo } from '@nats-io/jetstream';
import type { ConnectionOptions } from '@nats-io/transport-node';
import { idOf } from '../../core/model/command.ts';
import { EngineUnavailableError } from '../../core/model/errors.ts';
import { errorFields, type Logger, messageOf, SILENT } from '../../core/model/logger.ts';
import type { LogEntry, LogListener, LogHealth, LogSnapshot, OrderedLog } from '../../core/replication/ordered-log.ts';
import type { Epoch, Sequence } from '../../core/model/position.ts';
import { inTime } from '../remote/in-time.ts';
import { Appender } from './append.ts';
import { Connection } from './connection.ts';
import { Follow } from './follow.ts';
import { connectionOptions, NATS_DEFAULTS, type NatsLogOptions } from './options.ts';
import { SnapshotStore, type StoredSnapshot } from './snapshots.ts';
import { epochOf, isMissing, NatsLogError, openStream, troubleOf } from './stream.ts';
import { Turns } from './turns.ts';
import { SnapshotMaker } from '../remote/snapshot-maker.ts';

export type { NatsLogOptions } from './options.ts';

/** Connected by whoever follows it. Throws a `RangeError` for options that make no sense. */
export function natsLog(options: NatsLogOptions): OrderedLog {
  return new NatsLog(options);
}

const CHECK_MS = 1000;
const CHECK_TIMEOUT_MS = 2000;
const CLOSED = 'the log is closed';

/** What an open log has. */
interface Parts {
  readonly connection: Connection;
  /** `jsm` for what the log is asked, `checks` for what it asks by itself. */
  readonly jsm: JetStreamManager;
  readonly checks: JetStreamManager;
  readonly appender: Appender;
  readonly turns: Turns;
  readonly snapshots: SnapshotMaker;
}

class NatsLog implements OrderedLog {
  readonly engine = 'nats';
  readonly answerWithinMs: number;
  readonly #options: NatsLogOptions;
  readonly #connecting: ConnectionOptions;
  readonly #stream: string;
  readonly #logger: Logger;
  readonly #follows = new Set<Follow>();
  #parts: Promise<Parts> | undefined;
  #appender: Appender | undefined;
  #connection: Connection | undefined;
  #epoch: Epoch | undefined;
  #checking: NodeJS.Timeout | undefined;
  #isChecking = false;
  /** What the last look at the stream has found. */
  #trouble: string | undefined;
  #isClosed = false;

  constructor(options: NatsLogOptions) {
    this.#connecting = connectionOptions(options);
    this.#options = options;
    this.#stream = options.stream ?? NATS_DEFAULTS.stream;
    this.answerWithinMs = options.engineTimeoutMs ?? NATS_DEFAULTS.engineTimeoutMs;
    this.#logger = options.logger ?? SILENT;
  }

  /** Again after `broken`: the stream that is there now. One that is gone while there are nodes is made by nobody but its operator. */
  async open(): Promise<Epoch> {
    if (this.#isClosed) throw new EngineUnavailableError(CLOSED);
    this.#parts ??= this.#connect().catch((error: unknown) => {
      this.#parts = undefined;
      throw error;
    });
    const { connection, jsm } = await this.#parts;
    const { create = true, replicas, maxCommandBytes = NATS_DEFAULTS.maxCommandBytes } = this.#options;
    const wanted = { replicas, maxCommandBytes, mayMake: create && this.#epoch === undefined };
    const info = await this.#inTime('the stream', () => openStream(jsm, this.#stream, wanted));
    const most = connection.client.info?.max_payload ?? Infinity;
    if (most < maxCommandBytes)
      throw new NatsLogError(
        `NATS takes ${most} bytes (max_payload), less than the ${maxCommandBytes} that a command may have`,
      );
    this.#epoch = epochOf(info);
    this.#trouble = undefined;
    this.#checking ??= setInterval(() => void this.#check(), CHECK_MS);
    return this.#epoch;
  }

  append(data: Uint8Array, id: string): Promise<Sequence> {
    return this.#appender?.append(data, id) ?? Promise.reject(new EngineUnavailableError(CLOSED));
  }

  async follow(from: Sequence, follower: LogListener): Promise<() => void> {
    const { connection, checks } = await this.#opened();
    const { created, state } = await this.#info();
    const { first_seq: first, last_seq: last } = state;
    if (from < Math.max(1, first) || from > last + 1) throw new RangeError(`sequence ${from} is not in the log`);
    const before = await this.entryAt((from - 1) as Sequence);
    const follow = new Follow({ connection, jsm: checks, stream: this.#stream, created, from, before, follower });
    this.#follows.add(follow);
    await follow.restart();
    return () => {
      follow.stop();
      this.#follows.delete(follow);
    };
  }

  async last(): Promise<Sequence> {
    return (await this.#info()).state.last_seq as Sequence;
  }

  async entryAt(sequence: Sequence): Promise<LogEntry | undefined> {
    const { jsm } = await this.#opened();
    if (sequence < 1) return undefined;
    const stored = await this.#inTime('the entry', () => jsm.streams.getMessage(this.#stream, { seq: sequence }));
    return stored ? { sequence, time: stored.time.getTime(), data: stored.data } : undefined;
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
    const { jsm } = await this.#opened();
    const { last_seq: last } = (await this.#info()).state;
    if (sequence > 1) await jsm.streams.purge(this.#stream, { seq: Math.min(sequence, last + 1) });
  }

  health(): LogHealth {
    const reason = this.#isClosed ? CLOSED : this.#connection?.isUp === false ? 'NATS is away' : this.#trouble;
    return reason === undefined ? { ok: true } : { ok: false, reason };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#checking);
    const parts = await this.#parts?.catch(() => undefined);
    if (!parts) return;
    for (const follow of this.#follows) follow.stop();
    parts.appender.stop(CLOSED);
    parts.turns.stop();
    await parts.snapshots.stop();
    if (parts.connection.isUp)
      await Promise.race([parts.connection.client.flush(), sleep(CHECK_MS, undefined, { ref: false })]).catch(() => {});
    await parts.connection.close();
  }

  async #connect(): Promise<Parts> {
    const connection = await Connection.open(this.#connecting, this.answerWithinMs, this.#logger);
    const { client } = connection;
    const jsm = await jetstreamManager(client, { timeout: this.answerWithinMs, checkAPI: false });
    const checks = await jetstreamManager(client, { timeout: CHECK_TIMEOUT_MS, checkAPI: false });
    const appender = new Appender({ connection, stream: this.#stream, timeoutMs: this.answerWithinMs });
    const turns = new Turns(client, this.#stream);
    const snapshots = this.#makerOf(connection, turns);
    this.#connection = connection;
    this.#appender = appender;
    connection.onUp = () => {
      appender.resendAll();
      for (const follow of this.#follows) void follow.restart();
      void this.#check();
    };
    return { connection, jsm, checks, appender, turns, snapshots };
  }

  #makerOf(connection: Connection, turns: Turns): SnapshotMaker {
    const { logger: _, ...options } = this.#options;
    return new SnapshotMaker({
      bytes: options.snapshotBytes,
      orderOf: (epoch) => ({ engine: 'nats', options, epoch }),
      list: async (epoch) => (await this.#openStore(connection)).list(epoch),
      claim: async (forMs) => turns.take(forMs),
      release: async () => turns.release(),
      logger: this.#logger,
    });
  }

  /** Whether the log has what a snapshot is of. What it has let go it had; of what isn't ours nobody knows. */
  async #agrees({ sequence, commandId }: StoredSnapshot): Promise<boolean> {
    const [{ state }, entry] = await Promise.all([this.#info(), this.entryAt(sequence)]);
    return entry ? ['', commandId].includes(idOf(entry.data)) : sequence < state.first_seq;
  }

  /** Looks at the stream; at most one look at a time. */
  async #check(): Promise<void> {
    const { connection, checks, appender, snapshots } = await this.#opened();
    if (this.#isChecking || !connection.isUp) return;
    this.#isChecking = true;
    const askedAt = performance.now();
    const asked = [...this.#follows].map((follow) => [follow, follow.next] as const);
    try {
      const info = await checks.streams.info(this.#stream);
      appender.alive(askedAt);
      this.#found(troubleOf(info));
      for (const [follow, next] of asked) follow.check(info, next);
      const { bytes, messages, last_seq: last } = info.state;
      if (asked.length > 0 && epochOf(info) === this.#epoch)
        snapshots.look(this.#epoch, last as Sequence, bytes / Math.max(1, messages));
    } catch (error) {
      const trouble = isMissing(error)
        ? `the stream ${this.#stream} is gone`
        : `the stream can't be reached: ${messageOf(error)}`;
      this.#found(trouble, error);
    } finally {
      this.#isChecking = false;
    }
  }

  #found(trouble: string | undefined, error?: unknown): void {
    if (trouble !== undefined && this.#trouble === undefined)
      this.#logger.warn({ stream: this.#stream, ...(error === undefined ? {} : errorFields(error)) }, trouble);
    this.#trouble = trouble;
  }

  async #info(): Promise<StreamInfo> {
    const { jsm } = await this.#opened();
    return this.#inTime('the stream', () => jsm.streams.info(this.#stream));
  }

  async #snapshots(): Promise<[SnapshotStore, Epoch]> {
    const { connection } = await this.#opened();
    const store = await this.#inTime('the object store', () => this.#openStore(connection));
    return [store, this.#epoch ?? (await this.open())];
  }

  #openStore({ client }: Connection): Promise<SnapshotStore> {
    return SnapshotStore.open(client, this.#stream, this.#options.replicas ?? 1);
  }

  #inTime<T>(what: string, ask: () => Promise<T>): Promise<T> {
    return inTime(ask, {
      what: `NATS: ${what}`,
      withinMs: this.answerWithinMs,
      isFinal: (error) => error instanceof NatsLogError,
      isOver: () => this.#isClosed,
    });
  }

  async #opened(): Promise<Parts> {
    if (!this.#parts || this.#isClosed) throw new EngineUnavailableError(CLOSED);
    return this.#parts;
  }
}
