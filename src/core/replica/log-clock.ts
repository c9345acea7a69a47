/**
 * The clock by which items are stamped and expire. It is a function of the log's entries alone, so it is the same on every node.
 *
 * It follows the log's raw time, and never falls. When the raw time falls, this clock goes on from where it is, by what passes in raw time
 * from then on. A part of that is withheld, so that the two clocks meet again: half of it, or a hundredth while an item has an expiry. So a
 * ttl takes at most a hundredth more than its time, and `expiresAt` is always the timestamp and the ttl.
 */

/** A smaller fall is none, in ms: several clocks that differ by less may stamp the entries in turn, and would move the clock with each turn. */
export const LEAST_FALL_MS = 1000;

const LEAST_CORRECTION_MS = 500;

/** Parts of a ms, so that `ahead` is a whole number and nothing is rounded. */
const PARTS = 100;
/** What is withheld of each ms, in parts. */
const [WITHHELD, WITHHELD_WITHOUT_EXPIRY] = [1, 50];

export class LogClock {
  /** The log's raw time of the newest entry, in ms. Falls of less than a second are left out. */
  raw = 0;
  /** How far this clock is ahead of the raw time, in hundredths of a ms. */
  ahead = 0;

  /** In ms. */
  get now(): number {
    return this.#sum(this.raw, this.ahead);
  }

  /** What `now` would be after an entry of the raw time, while an item has an expiry. */
  at(raw: number): number {
    return this.#isNoise(raw) ? this.now : this.#sum(raw, this.#aheadAt(raw, WITHHELD));
  }

  advance(raw: number, hasExpiry: boolean): void {
    if (this.#isNoise(raw)) return;
    this.ahead = this.#aheadAt(raw, hasExpiry ? WITHHELD : WITHHELD_WITHOUT_EXPIRY);
    this.raw = raw;
  }

  /** Moves the clock forward to the time that a node has measured. A small difference is none: nodes and the log have different clocks. */
  correct(time: number): void {
    if (time > this.now + LEAST_CORRECTION_MS) this.reach(time);
  }

  /** Moves the clock forward to a time. */
  reach(time: number): void {
    this.ahead = Math.max(this.ahead, PARTS * (time - this.raw));
  }

  #sum(raw: number, ahead: number): number {
    return ahead === 0 ? raw : Math.floor(raw + ahead / PARTS);
  }

  #isNoise(raw: number): boolean {
    return raw < this.raw && raw >= this.raw - LEAST_FALL_MS;
  }

  #aheadAt(raw: number, withheld: number): number {
    const passed = raw - this.raw;
    return passed < 0 ? this.ahead - PARTS * passed : Math.max(0, this.ahead - withheld * passed);
  }
}
