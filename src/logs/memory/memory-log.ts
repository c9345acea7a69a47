import type { LogEntry, LogListener, LogHealth, LogSnapshot, OrderedLog } from '../../core/replication/ordered-log.ts';
import { type Epoch, newEpoch, type Sequence } from '../../core/model/position.ts';

export interface MemoryLogOptions {
  /** The clock of the entries, in ms. @default Date.now */
  readonly clock?: () => number;
  /**
   * Whether several maps follow it, as in tests: then entries stay until they are trimmed. Otherwise an entry is dropped as soon
   * as the one map has applied it.
   * @default false
   */
  readonly shared?: boolean;
}

/**
 * A log in memory, which ends with its process. `append` assigns the sequence and delivers the entry before it returns.
 *
 * @example
 * ```ts
 * import { memoryLog, StreamingMap } from 'seamline';
 *
 * const map = await StreamingMap.open({ log: memoryLog() });
 * ```
 */
export function memoryLog({ clock, shared = false }: MemoryLogOptions = {}): OrderedLog {
  return new MemoryLog(clock, shared);
}

class MemoryLog implements OrderedLog {
  readonly engine = 'memory';
  readonly now: (() => number) | undefined;
  readonly #clock: () => number;
  readonly #isShared: boolean;
  readonly #epoch = newEpoch();
  /** Those from sequence `#first` on. */
  #entries: LogEntry[] = [];
  #first = 1;
  readonly #listeners = new Set<LogListener>();
  #snapshots: readonly LogSnapshot[] = [];

  constructor(clock: (() => number) | undefined, isShared: boolean) {
    this.now = clock;
    this.#clock = clock ?? Date.now;
    this.#isShared = isShared;
  }

  async open(): Promise<Epoch> {
    return this.#epoch;
  }

  append(data: Uint8Array): Promise<Sequence> {
    const sequence = this.#next();
    const entry = { sequence, time: this.#clock(), data };
    this.#entries.push(entry);
    for (const listener of this.#listeners) listener.entries([entry]);
    if (!this.#isShared && this.#listeners.size > 0) this.#trim(sequence + 1);
    return Promise.resolve(sequence);
  }

  async follow(from: Sequence, listener: LogListener): Promise<() => void> {
    if (from < this.#first || from > this.#next())
      throw new RangeError(`sequence ${from} is not in the log, which has ${this.#first} to ${this.#next() - 1}`);
    if (from < this.#next()) listener.entries(this.#entries.slice(from - this.#first));
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async last(): Promise<Sequence> {
    return (this.#next() - 1) as Sequence;
  }

  async entryAt(sequence: Sequence): Promise<LogEntry | undefined> {
    return this.#entries[sequence - this.#first];
  }

  async saveSnapshot({ sequence, commandId, chunks }: LogSnapshot): Promise<void> {
    const kept: Uint8Array[] = [];
    for await (const chunk of chunks) kept.push(chunk);
    const newest = [{ sequence, commandId, chunks: kept }, ...this.#snapshots].sort((a, b) => b.sequence - a.sequence);
    this.#snapshots = newest.slice(0, 2);
  }

  async loadSnapshots(): Promise<readonly LogSnapshot[]> {
    return this.#snapshots;
  }

  async trim(sequence: Sequence): Promise<void> {
    this.#trim(Math.min(sequence, this.#next()));
  }

  health(): LogHealth {
    return { ok: true };
  }

  async close(): Promise<void> {}

  #next(): Sequence {
    return (this.#first + this.#entries.length) as Sequence;
  }

  #trim(first: number): void {
    if (first <= this.#first) return;
    this.#entries = this.#entries.slice(first - this.#first);
    this.#first = first;
  }
}
