import { LRUCache } from 'lru-cache';
import { refused } from '../../schema/request/errors.ts';

/** Who hasn't inserted for so long that it was forgotten has its whole burst again anyway. */
const MAX_CLIENTS = 100_000;

const TOLERANCE = 1e-6;

/** So many insertions a second and client, with a burst of one second's worth: a token bucket for each. */
export class InsertRate {
  readonly #perSecond: number;
  readonly #now: () => number;
  /** `left` at the time `at`, in ms; more by now. */
  readonly #clients = new LRUCache<string, { left: number; at: number }>({ max: MAX_CLIENTS });

  constructor(perSecond: number, now: () => number = () => performance.now()) {
    this.#perSecond = perSecond;
    this.#now = now;
  }

  /** Throws `RATE_LIMITED`, and takes nothing then. */
  take(client: string, count: number): void {
    const now = this.#now();
    const { left, at } = this.#clients.get(client) ?? { left: this.#perSecond, at: now };
    const current = Math.min(this.#perSecond, left + ((now - at) / 1000) * this.#perSecond);
    // Fractions are rounded: who waited as long as it was told has enough.
    if (count <= current + TOLERANCE) {
      this.#clients.set(client, { left: current - count, at: now });
      return;
    }
    const missing = Math.min(count, this.#perSecond) - current;
    const retryAfterMs = Math.max(1, Math.ceil((missing / this.#perSecond) * 1000));
    const most = count > this.#perSecond ? `, and never more than ${this.#perSecond} at once` : '';
    throw refused('RATE_LIMITED', `${this.#perSecond} items a second may be inserted${most}`, { retryAfterMs });
  }
}
