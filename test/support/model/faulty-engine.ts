import { EngineUnavailableError } from '../../../src/core/model/errors.ts';
import type {
  LogEntry,
  LogListener,
  LogHealth,
  LogSnapshot,
  OrderedLog,
} from '../../../src/core/replication/ordered-log.ts';
import { type Epoch, newEpoch, type Sequence } from '../../../src/core/model/position.ts';

/** A remote engine that many nodes share, each with its own connection: it may lose its newest entries, be replaced, or be unavailable. */
export class FaultyEngine {
  epoch: Epoch = newEpoch();
  entries: LogEntry[] = [];
  /** Entries before it have been trimmed. */
  first = 1;
  snapshots: readonly LogSnapshot[] = [];
  /** Wall-clock time in ms. */
  now = 1_700_000_000_000;
  /** Opening, reading and appending fail. */
  isAway = false;
  readonly connections = new Set<FaultyLog>();

  /** The connection of one node. */
  connect(): FaultyLog {
    return new FaultyLog(this);
  }

  get last(): Sequence {
    return (this.first + this.entries.length - 1) as Sequence;
  }

  append(data: Uint8Array): Sequence {
    const entry = { sequence: (this.last + 1) as Sequence, time: this.now, data };
    this.entries.push(entry);
    for (const connection of this.connections) connection.hear([entry]);
    return entry.sequence;
  }

  /** Loses so many of the newest entries, and tells the nodes. */
  lose(count: number): void {
    this.entries = this.entries.slice(0, Math.max(0, this.entries.length - count));
    // Later entries are another history, even when they are equal.
    this.now++;
    this.break(`it has lost ${count} entries`);
  }

  /** Deletes the log and creates another one. */
  recreate(): void {
    this.epoch = newEpoch();
    this.entries = [];
    this.first = 1;
    this.snapshots = [];
    this.break('it is another one');
  }

  /** Tells the nodes that the log is broken. */
  break(reason: string): void {
    for (const connection of this.connections) connection.break(reason);
  }
}

export class FaultyLog implements OrderedLog {
  readonly engine = 'faulty';
  answerWithinMs: number | undefined;
  readonly #engine: FaultyEngine;
  /** The listeners that have not unsubscribed. */
  readonly following = new Set<LogListener>();
  /** The listeners that get the held entries on release, also when they have unsubscribed meanwhile, as on a network. */
  readonly #held = new Map<LogListener, LogEntry[]>();
  isClosed = false;
  /** How often the log was opened. */
  opened = 0;
  /** Called with the name of each call, which waits for it. */
  onCall: (name: 'open' | 'append' | 'follow' | 'last' | 'load') => Promise<void> | void = () => {};

  constructor(engine: FaultyEngine) {
    this.#engine = engine;
    engine.connections.add(this);
  }

  /** Holds all entries until `release`. */
  hold(): void {
    for (const listener of this.following) this.#held.set(listener, []);
  }

  release(): void {
    const held = [...this.#held];
    this.#held.clear();
    for (const [listener, entries] of held) if (entries.length > 0) listener.entries(entries);
  }

  hear(batch: readonly LogEntry[]): void {
    for (const listener of this.following) {
      const held = this.#held.get(listener);
      if (held) held.push(...batch);
      else listener.entries(batch);
    }
  }

  break(reason: string): void {
    for (const listener of this.following) listener.broken(reason);
  }

  async open(): Promise<Epoch> {
    await this.#call('open');
    this.opened++;
    return this.#engine.epoch;
  }

  async append(data: Uint8Array): Promise<Sequence> {
    await this.#call('append');
    return this.#engine.append(data);
  }

  async follow(from: Sequence, listener: LogListener): Promise<() => void> {
    await this.#call('follow');
    const { first, last, entries } = this.#engine;
    if (from < first || from > last + 1) throw new RangeError(`sequence ${from} is not in the log`);
    this.following.add(listener);
    if (from <= last) listener.entries(entries.slice(from - first));
    return () => this.following.delete(listener);
  }

  async last(): Promise<Sequence> {
    await this.#call('last');
    return this.#engine.last;
  }

  async entryAt(sequence: Sequence): Promise<LogEntry | undefined> {
    return this.#engine.entries[sequence - this.#engine.first];
  }

  async saveSnapshot({ sequence, commandId, chunks }: LogSnapshot): Promise<void> {
    const kept: Uint8Array[] = [];
    for await (const chunk of chunks) kept.push(chunk);
    this.#engine.snapshots = [{ sequence, commandId, chunks: kept }, ...this.#engine.snapshots]
      .sort((a, b) => b.sequence - a.sequence)
      .slice(0, 2);
  }

  async loadSnapshots(): Promise<readonly LogSnapshot[]> {
    await this.#call('load');
    return this.#engine.snapshots;
  }

  async trim(sequence: Sequence): Promise<void> {
    const engine = this.#engine;
    engine.entries = engine.entries.slice(sequence - engine.first);
    engine.first = sequence;
  }

  health(): LogHealth {
    return this.#engine.isAway ? { ok: false, reason: 'away' } : { ok: true };
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.#engine.connections.delete(this);
  }

  async #call(name: Parameters<FaultyLog['onCall']>[0]): Promise<void> {
    await this.onCall(name);
    if (this.#engine.isAway) throw new EngineUnavailableError('the engine is away');
  }
}
