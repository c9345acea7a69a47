import { EngineUnavailableError } from '../../../src/core/model/errors.ts';
import type {
  LogEntry,
  LogListener,
  LogHealth,
  LogSnapshot,
  OrderedLog,
} from '../../../src/core/replication/ordered-log.ts';
import { type Epoch, newEpoch, type Sequence } from '../../../src/core/model/position.ts';

/** An engine elsewhere that many nodes share, each by a connection of its own: it may lose its newest part, be made anew, or be away. */
export class FaultyEngine {
  epoch: Epoch = newEpoch();
  entries: LogEntry[] = [];
  /** Below it all has been trimmed. */
  first = 1;
  snapshots: readonly LogSnapshot[] = [];
  /** Wall-clock ms. */
  now = 1_700_000_000_000;
  /** Nothing can be opened, read or appended. */
  isAway = false;
  readonly connections = new Set<FaultyLog>();

  /** One node's. */
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

  /** So many of the newest entries are gone; the nodes are told. */
  lose(count: number): void {
    this.entries = this.entries.slice(0, Math.max(0, this.entries.length - count));
    // What follows is another history, also where it happens to be alike.
    this.now++;
    this.break(`it has lost ${count} entries`);
  }

  /** Deleted, and made again. */
  recreate(): void {
    this.epoch = newEpoch();
    this.entries = [];
    this.first = 1;
    this.snapshots = [];
    this.break('it is another one');
  }

  /** Whatever the reason: the nodes can't go on following. */
  break(reason: string): void {
    for (const connection of this.connections) connection.break(reason);
  }
}

export class FaultyLog implements OrderedLog {
  readonly engine = 'faulty';
  answerWithinMs: number | undefined;
  readonly #engine: FaultyEngine;
  /** Who follows it and has not been called off. */
  readonly following = new Set<LogListener>();
  /** Those that hear what comes when it is released, also if they were called off meanwhile: networks are like that. */
  readonly #held = new Map<LogListener, LogEntry[]>();
  isClosed = false;
  /** How often it was opened. */
  opened = 0;
  /** Called with each call by name, which it may let wait. */
  onCall: (name: 'open' | 'append' | 'follow' | 'last' | 'load') => Promise<void> | void = () => {};

  constructor(engine: FaultyEngine) {
    this.#engine = engine;
    engine.connections.add(this);
  }

  /** From now on those that follow hear nothing until `release`. */
  hold(): void {
    for (const follower of this.following) this.#held.set(follower, []);
  }

  release(): void {
    const held = [...this.#held];
    this.#held.clear();
    for (const [follower, entries] of held) if (entries.length > 0) follower.entries(entries);
  }

  hear(batch: readonly LogEntry[]): void {
    for (const follower of this.following) {
      const held = this.#held.get(follower);
      if (held) held.push(...batch);
      else follower.entries(batch);
    }
  }

  break(reason: string): void {
    for (const follower of this.following) follower.broken(reason);
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

  async follow(from: Sequence, follower: LogListener): Promise<() => void> {
    await this.#call('follow');
    const { first, last, entries } = this.#engine;
    if (from < first || from > last + 1) throw new RangeError(`sequence ${from} is not in the log`);
    this.following.add(follower);
    if (from <= last) follower.entries(entries.slice(from - first));
    return () => this.following.delete(follower);
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
