import type { Input } from './input.ts';

/** Limits of one batch. By default they stay below the 512 KiB of a batch and the 1 MiB of a body that servers accept. */
export interface BatchLimits {
  readonly maxItems: number;
  readonly maxBytes: number;
}

export const BATCH_LIMITS: BatchLimits = { maxItems: 1000, maxBytes: 400_000 };

/**
 * Passes inputs from the reader to the sender. It holds one batch while another is sent, so memory stays flat. The sender takes whatever is
 * there, so that items of a slow source are not delayed.
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

  /** Ends at once: drops the inputs that wait and releases the reader. */
  close(): void {
    this.end();
    this.#waiting = [];
    this.#bytes = 0;
    this.#taken.resolve();
  }

  /** Resolves the next time that inputs are taken. */
  taken(): Promise<void> {
    return this.#taken.promise;
  }

  /** Resolves with the next batch, of inputs with the same ttl, once there is one, and with undefined after the last. */
  async take({ maxItems, maxBytes }: BatchLimits): Promise<Input[] | undefined> {
    while (this.#waiting.length === 0) {
      if (this.#hasEnded) return undefined;
      this.#added = Promise.withResolvers();
      await this.#added.promise;
    }
    let [count, bytes] = [0, 0];
    for (const input of this.#waiting) {
      if (count === maxItems || (count > 0 && bytes + input.bytes > maxBytes)) break;
      if (input.ttl !== this.#waiting[0]?.ttl) break;
      count++;
      bytes += input.bytes;
    }
    this.#bytes -= bytes;
    this.#taken.resolve();
    this.#taken = Promise.withResolvers();
    return this.#waiting.splice(0, count);
  }
}
