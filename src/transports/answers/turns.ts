/** Time for which work goes on before the event loop does, in ms. */
const SLICE_MS = 5;

/** Divides the time of one thread among the answers that are made: after each slice of work the event loop goes on. */
export class Turns {
  #until = 0;
  #waiting: (() => void)[] = [];

  /** Undefined: at once. */
  next(): Promise<void> | undefined {
    if (performance.now() < this.#until && this.#waiting.length === 0) return undefined;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length === 1) setImmediate(this.#goOn);
    });
  }

  /** One at a time: what it lets go on may take more than its slice. */
  readonly #goOn = (): void => {
    this.#until = performance.now() + SLICE_MS;
    this.#waiting.shift()?.();
    if (this.#waiting.length > 0) setImmediate(this.#goOn);
  };
}
