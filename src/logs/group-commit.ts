/**
 * Group commit: entries that are appended while a group is being written go together in the next group. So a slow disk or a
 * distant server costs one writer its time, and many writers hardly any.
 */
import { EngineUnavailableError } from '../core/model/errors.ts';
import type { Sequence } from '../core/model/position.ts';

export interface GroupedEntry {
  /** When it was appended, by `clock`. */
  readonly time: number;
  readonly data: Uint8Array;
}

interface WaitingEntry extends GroupedEntry {
  resolve(sequence: Sequence): void;
  reject(error: Error): void;
}

export interface GroupCommitOptions {
  readonly clock: () => number;
  /** Writes all or none, in order. Resolves with the sequence of the first. What it throws is thrown to all their writers. */
  readonly commit: (group: readonly GroupedEntry[]) => Promise<Sequence>;
}

const MAX_GROUP_ENTRIES = 1024;
const MAX_GROUP_BYTES = 4 * 1024 * 1024;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

export class GroupCommit {
  readonly #options: GroupCommitOptions;
  #waiting: WaitingEntry[] = [];
  #waitingBytes = 0;
  #running: Promise<void> | undefined;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  append(data: Uint8Array): Promise<Sequence> {
    if (this.#waitingBytes + data.length > MAX_WAITING_BYTES)
      return Promise.reject(new EngineUnavailableError(`more than ${MAX_WAITING_BYTES} bytes wait to be written`));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ time: this.#options.clock(), data, resolve, reject });
      this.#waitingBytes += data.length;
      this.#running ??= this.#run();
    });
  }

  /** Rejects the entries that wait. Resolves once nothing is being written. */
  async stop(reason: Error): Promise<void> {
    for (const { reject } of this.#waiting.splice(0)) reject(reason);
    this.#waitingBytes = 0;
    await this.#running;
  }

  async #run(): Promise<void> {
    for (;;) {
      // Writers that were answered together append again together: after their microtasks all have.
      await new Promise<void>((resolve) => process.nextTick(resolve));
      if (this.#waiting.length === 0) break;
      await this.#commit(this.#nextGroup());
    }
    this.#running = undefined;
  }

  async #commit(group: readonly WaitingEntry[]): Promise<void> {
    try {
      const first = await this.#options.commit(group);
      for (const [at, { resolve }] of group.entries()) resolve((first + at) as Sequence);
    } catch (error) {
      for (const { reject } of group) reject(error as Error);
    }
  }

  #nextGroup(): WaitingEntry[] {
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
