/** Time in which operations begin before the event loop goes on, in ms. */
const SLICE_MS = 5;
/** Operations that begin together: their answers go out in fewer writes. */
const GROUP = 8;

/**
 * Spreads operations that come together over several turns of the event loop: a socket may bring a hundred documents at once, each of
 * which takes milliseconds to parse, to validate and to execute. Insertions of the fast path don't ask.
 */
export class OperationTurns {
  readonly #now: () => number;
  readonly #group: number;
  /** By connection, in the order of their turns. */
  readonly #waiting = new Map<object, (() => void)[]>();
  /** Operations of the group that begins now. */
  #begun = 0;
  /** When the slice of the current turn ends; undefined before it has begun. */
  #until: number | undefined;

  constructor(now: () => number = () => performance.now(), group: number = GROUP) {
    this.#now = now;
    this.#group = group;
  }

  /** Undefined: the operation begins at once. Connections with waiting operations take turns. */
  next(connection: object): Promise<void> | undefined {
    if (this.#waiting.size === 0 && this.#mayBegin()) {
      this.#count();
      return undefined;
    }
    return new Promise((resolve) => {
      const own = this.#waiting.get(connection);
      if (own) own.push(resolve);
      else this.#waiting.set(connection, [resolve]);
    });
  }

  #mayBegin(): boolean {
    if (this.#until === undefined) {
      this.#until = this.#now() + SLICE_MS;
      setImmediate(() => {
        this.#until = undefined;
        if (this.#begun === 0) this.#beginNext();
      });
    }
    return this.#begun < this.#group && this.#now() < this.#until;
  }

  #beginNext(): void {
    for (const [connection, [begin, ...others]] of this.#waiting) {
      if (!this.#mayBegin()) return;
      this.#waiting.delete(connection);
      if (others.length > 0) this.#waiting.set(connection, others);
      this.#count();
      begin?.();
    }
  }

  /** The next group begins after all that this one has set off, so that its time counts. */
  #count(): void {
    if (this.#begun++ > 0) return;
    queueMicrotask(() =>
      process.nextTick(() => {
        this.#begun = 0;
        this.#beginNext();
      }),
    );
  }
}
