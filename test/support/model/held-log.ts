import type {
  LogEntry,
  LogListener,
  LogHealth,
  LogSnapshot,
  OrderedLog,
} from '../../../src/core/replication/ordered-log.ts';
import type { Epoch, Sequence } from '../../../src/core/model/position.ts';

/** One node's connection to a shared log: what others append reaches its follower late, as over a slow network. */
export class HeldLog implements OrderedLog {
  readonly engine = 'held';
  readonly #log: OrderedLog;
  readonly #waiting: LogEntry[] = [];
  #follower: LogListener | undefined;
  #isHeld = false;
  /** Rejects the next appends instead of making them. */
  failure: Error | undefined;

  constructor(log: OrderedLog) {
    this.#log = log;
  }

  /** From now on the follower hears nothing. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Hands on in one batch what has come meanwhile. */
  release(): void {
    this.#isHeld = false;
    this.#follower?.entries(this.#waiting.splice(0));
  }

  /** What was followed is no more. */
  break(reason: string): void {
    this.#follower?.broken(reason);
  }

  append(data: Uint8Array, id: string): Promise<Sequence> {
    return this.failure ? Promise.reject(this.failure) : this.#log.append(data, id);
  }

  follow(from: Sequence, follower: LogListener): Promise<() => void> {
    this.#follower = follower;
    return this.#log.follow(from, {
      entries: (batch) => (this.#isHeld ? void this.#waiting.push(...batch) : follower.entries(batch)),
      broken: (reason) => follower.broken(reason),
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
