/**
 * Group commit: what is appended while a flush is under way goes together with the next one. So the disk's slowness costs one
 * writer its time, and many writers hardly any.
 */
import { EngineUnavailableError } from '../core/errors.ts';
import type { LogEntry } from '../core/ordered-log.ts';
import type { Sequence } from '../core/position.ts';

interface Waiting {
  readonly time: number;
  readonly data: Uint8Array;
  resolve(sequence: Sequence): void;
  reject(error: Error): void;
}

export interface GroupCommitOptions {
  /** The newest sequence that is there. */
  readonly last: Sequence;
  readonly clock: () => number;
  /** All or none of them, flushed when it resolves. */
  readonly commit: (entries: readonly LogEntry[]) => Promise<void>;
  /** In order, before any of them is answered. */
  readonly onCommitted: (entries: readonly LogEntry[]) => void;
  /** What its writers get to know. */
  readonly toRejection: (error: unknown) => Error;
}

const MAX_GROUP_ENTRIES = 1024;
const MAX_GROUP_BYTES = 4 * 1024 * 1024;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

export class GroupCommit {
  readonly #options: GroupCommitOptions;
  #last: Sequence;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #running: Promise<void> | undefined;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
    this.#last = options.last;
  }

  get last(): Sequence {
    return this.#last;
  }

  append(data: Uint8Array): Promise<Sequence> {
    if (this.#waitingBytes + data.length > MAX_WAITING_BYTES)
      return Promise.reject(new EngineUnavailableError('too much waits to be written'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ time: this.#options.clock(), data, resolve, reject });
      this.#waitingBytes += data.length;
      this.#running ??= this.#run();
    });
  }

  /** Rejects what waits; resolves once nothing is under way. */
  async stop(reason: Error): Promise<void> {
    for (const { reject } of this.#waiting.splice(0)) reject(reason);
    this.#waitingBytes = 0;
    await this.#running;
  }

  async #run(): Promise<void> {
    for (;;) {
      // Writers that were answered together append together again: when their microtasks are done, all have.
      await new Promise<void>((resolve) => process.nextTick(resolve));
      if (this.#waiting.length === 0) break;
      await this.#commit(this.#nextGroup());
    }
    this.#running = undefined;
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    const entries = group.map(({ time, data }, at) => ({ sequence: (this.#last + 1 + at) as Sequence, time, data }));
    try {
      await this.#options.commit(entries);
    } catch (error) {
      const rejection = this.#options.toRejection(error);
      for (const { reject } of group) reject(rejection);
      return;
    }
    this.#last = (this.#last + entries.length) as Sequence;
    this.#options.onCommitted(entries);
    // `entries` has one for each of the group.
    for (const [at, { resolve }] of group.entries()) resolve(entries[at]!.sequence);
  }

  #nextGroup(): Waiting[] {
    let bytes = 0;
    const end = this.#waiting.findIndex(({ data }, at) => {
      bytes += data.length;
      return at >= MAX_GROUP_ENTRIES || (bytes > MAX_GROUP_BYTES && at > 0);
    });
    const group = this.#waiting.splice(0, end < 0 ? this.#waiting.length : end);
    this.#waitingBytes -= group.reduce((sum, { data }) => sum + data.length, 0);
    return group;
  }
}
