/**
 * Group commit: what is appended while a group is on its way goes together with the next one. So a disk's slowness, or a server's
 * distance, costs one writer its time, and many writers hardly any.
 */
import { EngineUnavailableError } from '../core/model/errors.ts';
import type { Sequence } from '../core/model/position.ts';

export interface Grouped {
  /** When it was appended, by the clock. */
  readonly time: number;
  readonly data: Uint8Array;
}

interface Waiting extends Grouped {
  resolve(sequence: Sequence): void;
  reject(error: Error): void;
}

export interface GroupCommitOptions {
  readonly clock: () => number;
  /** All or none of them, one behind the other; resolves with the first one's sequence. Their writers get to know what it throws. */
  readonly commit: (group: readonly Grouped[]) => Promise<Sequence>;
}

const MAX_GROUP_ENTRIES = 1024;
const MAX_GROUP_BYTES = 4 * 1024 * 1024;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

export class GroupCommit {
  readonly #options: GroupCommitOptions;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #running: Promise<void> | undefined;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
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
    try {
      const first = await this.#options.commit(group);
      for (const [at, { resolve }] of group.entries()) resolve((first + at) as Sequence);
    } catch (error) {
      for (const { reject } of group) reject(error as Error);
    }
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
