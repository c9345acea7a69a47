/** The wait before the next attempt in ms: 100 to 5,000, doubled by each failure in a row, and random so that clients don't retry in step. */
export const backoffMs = (failures: number): number => Math.min(2500, 100 * 2 ** failures) * (1 + Math.random());

/** The pauses between the attempts at one task: none before the first attempt. */
export class RetryPauses {
  #attempts = 0;
  #isEnded = false;
  #end: () => void = () => {};

  /** Resolves when the next attempt may start, at once after `end`. */
  async next(): Promise<void> {
    const failures = this.#attempts++ - 1;
    if (failures < 0 || this.#isEnded) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, backoffMs(failures));
      this.#end = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Makes the next attempt a first one. */
  reset(): void {
    this.#attempts = 0;
  }

  end(): void {
    this.#isEnded = true;
    this.#end();
  }
}
