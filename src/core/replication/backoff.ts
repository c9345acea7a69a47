/** How long to wait before trying again, in ms: 100 to 5,000, longer with each failure in a row, and never in step. */
export const backoffMs = (failures: number): number => Math.min(2500, 100 * 2 ** failures) * (1 + Math.random());

/** The pauses between attempts at one thing: none before the first. */
export class Pauses {
  #attempts = 0;
  #isEnded = false;
  #end: () => void = () => {};

  /** Before each attempt. Resolves at once when there shall be no more of them. */
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

  /** The next attempt is the first one again. */
  reset(): void {
    this.#attempts = 0;
  }

  end(): void {
    this.#isEnded = true;
    this.#end();
  }
}
