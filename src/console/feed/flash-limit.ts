/** Changes per second above which no row flashes: at a higher rate every visible row would be of the flash's colour. */
const PER_SECOND = 10;

/** Decides which changes are few enough to be noticed. The rate is an average that fades within about a second. */
export class FlashLimit {
  #rate = 0;
  #at = 0;

  /** `now`: in ms, by `performance.now()`. */
  admits(changes: number, now: number): boolean {
    this.#rate = this.#rate * Math.exp((this.#at - now) / 1000) + changes;
    this.#at = now;
    return this.#rate <= PER_SECOND;
  }
}
