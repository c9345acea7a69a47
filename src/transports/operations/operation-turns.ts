/** Time in which operations begin before the event loop goes on, in ms. */
const SLICE_MS = 5;

/**
 * Spreads operations that come together over several turns of the event loop: a socket may bring a hundred documents at once, each of
 * which takes milliseconds to parse, to validate and to execute. Insertions of the fast path don't ask.
 */
export class OperationTurns {
  readonly #now: () => number;
  /** By connection, in the order of their turns. */
  readonly #waiting = new Map<object, (() => void)[]>();
  #isBeginning = false;
  /** When the slice of the current turn ends; undefined before it has begun. */
  #until: number | undefined;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Undefined: the operation begins at once. Connections with waiting operations take turns. */
  next(connection: object): Promise<void> | undefined {
    if (this.#waiting.size === 0 && !this.#isBeginning && this.#now() < this.#open()) {
      this.#begun();
      return undefined;
    }
    return new Promise((resolve) => {
      const own = this.#waiting.get(connection);
      if (own) own.push(resolve);
      else this.#waiting.set(connection, [resolve]);
    });
  }

  #open(): number {
    if (this.#until !== undefined) return this.#until;
    setImmediate(() => {
      this.#until = undefined;
      if (!this.#isBeginning) this.#beginNext();
    });
    return (this.#until = this.#now() + SLICE_MS);
  }

  #beginNext(): void {
    const [first] = this.#waiting;
    if (!first || this.#now() >= this.#open()) return;
    const [connection, [begin, ...others]] = first;
    this.#waiting.delete(connection);
    if (others.length > 0) this.#waiting.set(connection, others);
    begin?.();
    this.#begun();
  }

  /** The next one begins after all that this one has set off, so that its time counts. */
  #begun(): void {
    this.#isBeginning = true;
    queueMicrotask(() =>
      process.nextTick(() => {
        this.#isBeginning = false;
        this.#beginNext();
      }),
    );
  }
}
