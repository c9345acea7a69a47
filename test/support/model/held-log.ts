import type {
  LogEntry,
  LogListener,
  LogHealth,
  LogSnapshot,
  OrderedLog,
} from '../../../src/core/replication/ordered-log.ts';
import type { Epoch, Sequence } from '../../../src/core/model/position.ts';

/** One node's connection to a shared log: entries of others reach its listener late, as over a slow network. */
export class HeldLog implements OrderedLog {
  readonly engine = 'held';
  readonly #log: OrderedLog;
  readonly #waiting: LogEntry[] = [];
  #listener: LogListener | undefined;
  #isHeld = false;
  /** The next appends reject with it, and append nothing. */
  failure: Error | undefined;

  constructor(log: OrderedLog) {
    this.#log = log;
  }

  /** Holds all entries until `release`. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Delivers the held entries in one batch. */
  release(): void {
    this.#isHeld = false;
    this.#listener?.entries(this.#waiting.splice(0));
  }

  /** Tells the node that the log is broken. */
  break(reason: string): void {
    this.#listener?.broken(reason);
  }

  append(data: Uint8Array, id: string): Promise<Sequence> {
    return this.failure ? Promise.reject(this.failure) : this.#log.append(data, id);
  }

  follow(from: Sequence, listener: LogListener): Promise<() => void> {
    this.#listener = listener;
    return this.#log.follow(from, {
      entries: (batch) => (this.#isHeld ? void this.#waiting.push(...batch) : listener.entries(batch)),
      broken: (reason) => listener.broken(reason),
    });
  }

  open = (): Promise<Epoch> => this.#log.open();
  last = (): Promise<Sequence> => this.#log.last();
  entryAt = (sequence: Sequence): Promise<LogEntry | undefined> => this.#log.entryAt(sequence);
  saveSnapshot = (snapshot: LogSnapshot): Promise<void> => this.#log.saveSnapshot(snapshot);
  loadSnapshots = (): Promise<readonly LogSnapshot[]> => this.#log.loadSnapshots();
  trim = (sequence: Sequence): Promise<void> => this.#log.trim(sequence);
  health = (): LogHealth => this.#log.health();
  close = (): Promise<void> => this.#log.close();
}
