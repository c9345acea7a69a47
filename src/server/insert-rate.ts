import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { refused } from '../../schema/request/errors.ts';

/** A client that was evicted from the cache has been idle long enough to have its whole burst again. */
const MAX_CLIENTS = 100_000;

/** Characters of a client's name; a longer one, from a token's long `sub`, is hashed. */
const MAX_NAME_LENGTH = 128;

const TOLERANCE = 1e-6;

/** Limits the insertions per second of each client by a token bucket, with a burst of one second's worth. */
export class InsertRate {
  readonly #perSecond: number;
  readonly #now: () => number;
  /** `tokens` at the time `at`, in ms. */
  readonly #clients = new LRUCache<string, { tokens: number; at: number }>({ max: MAX_CLIENTS });

  constructor(perSecond: number, now: () => number = () => performance.now()) {
    this.#perSecond = perSecond;
    this.#now = now;
  }

  /** Takes `count` insertions. When that exceeds the limit, it takes none and throws `RATE_LIMITED`. */
  take(name: string, count: number): void {
    const client = name.length > MAX_NAME_LENGTH ? createHash('sha256').update(name).digest('base64') : name;
    const now = this.#now();
    const { tokens, at } = this.#clients.get(client) ?? { tokens: this.#perSecond, at: now };
    const current = Math.min(this.#perSecond, tokens + ((now - at) / 1000) * this.#perSecond);
    // The tolerance covers rounding: a client that waited as long as it was told has enough.
    if (count <= current + TOLERANCE) {
      this.#clients.set(client, { tokens: current - count, at: now });
      return;
    }
    const missing = Math.min(count, this.#perSecond) - current;
    const retryAfterMs = Math.max(1, Math.ceil((missing / this.#perSecond) * 1000));
    const limit = `at most ${this.#perSecond} items per second may be inserted`;
    const remedy =
      count > this.#perSecond ? `send batches of at most ${this.#perSecond}` : `retry after ${retryAfterMs} ms`;
    throw refused('RATE_LIMITED', `${limit}: ${remedy}`, { retryAfterMs });
  }
}
