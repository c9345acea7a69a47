import type { Input } from './input.ts';

/** Of one batch. The bytes leave room below the 512 KiB of keys and values, and the 1 MiB of a body, that servers take. */
export interface BatchLimits {
  readonly maxItems: number;
  readonly maxBytes: number;
}

export const BATCH_LIMITS: BatchLimits = { maxItems: 1000, maxBytes: 400_000 };

/**
 * Between who reads and who sends: one batch is read while another is sent, so memory stays flat, and who sends takes
 * what there is, so that a slow source isn't held back.
 */
export class InputQueue {
  #waiting: Input[] = [];
  #bytes = 0;
  #hasEnded = false;
  #taken = Promise.withResolvers<void>();
  #added = Promise.withResolvers<void>();

  get isFull(): boolean {
    return this.#waiting.length >= BATCH_LIMITS.maxItems || this.#bytes >= BATCH_LIMITS.maxBytes;
  }

  add(input: Input): void {
    if (this.#hasEnded) return;
    this.#waiting.push(input);
    this.#bytes += input.bytes;
    this.#added.resolve();
  }

  end(): void {
    this.#hasEnded = true;
    this.#added.resolve();
  }

  /** Ends without what is waiting, and lets go who waits. */
  close(): void {
    this.end();
    this.#waiting = [];
    this.#bytes = 0;
    this.#taken.resolve();
  }

  /** Resolves once some have been taken. */
  taken(): Promise<void> {
    return this.#taken.promise;
  }

  /** The next batch: waits until there is one; undefined after the last. */
  async take({ maxItems, maxBytes }: BatchLimits): Promise<Input[] | undefined> {
    while (this.#waiting.length === 0) {
      if (this.#hasEnded) return undefined;
      this.#added = Promise.withResolvers();
      await this.#added.promise;
    }
    let [count, bytes] = [0, 0];
    for (const input of this.#waiting) {
      if (count === maxItems || (count > 0 && bytes + input.bytes > maxBytes)) break;
      count++;
      bytes += input.bytes;
    }
    this.#bytes -= bytes;
    this.#taken.resolve();
    this.#taken = Promise.withResolvers();
    return this.#waiting.splice(0, count);
  }
}
