/** What is wrapped: a generator, or an object that passes on to one. */
export type GeneratorSource<T> = Pick<AsyncGenerator<T, void, void>, 'next' | 'return' | 'throw'>;

export interface GeneratorHooks<T, R> {
  /** Called before the source is asked for the first time. */
  readonly onStart?: (() => void) | undefined;
  /** The value to deliver in place of the source's; undefined leaves it out. When it throws, the source is left. */
  readonly onNext?: ((value: T) => R | undefined) | undefined;
  /** The error to throw in place of the source's. */
  readonly onError?: ((error: unknown) => unknown) | undefined;
  /** Called once: after the source has ended or failed, and before it is left. */
  readonly onEnd?: (() => void) | undefined;
}

/**
 * The source with hooks, as an object and not as an async generator: `return()` of an async generator waits until its pending `next()`
 * has settled, whereas `return()` here reaches the source at once. Its methods need no `this`: callers may take them out of the iterator.
 */
export class WrappedGenerator<T, R = T> implements AsyncGenerator<R, void, void> {
  readonly #source: GeneratorSource<T>;
  readonly #hooks: GeneratorHooks<T, R>;
  #isStarted = false;
  #isOver = false;

  constructor(source: GeneratorSource<T>, hooks: GeneratorHooks<T, R>) {
    this.#source = source;
    this.#hooks = hooks;
  }

  readonly next = async (): Promise<IteratorResult<R, void>> => {
    const { onStart, onNext, onError } = this.#hooks;
    if (!this.#isStarted && !this.#isOver) onStart?.();
    this.#isStarted = true;
    for (;;) {
      let next: IteratorResult<T, void>;
      try {
        next = await this.#source.next();
      } catch (error) {
        const shown = onError ? onError(error) : error;
        this.#end();
        throw shown;
      }
      if (next.done === true) {
        this.#end();
        return next;
      }
      let value: R | undefined;
      try {
        value = onNext ? onNext(next.value) : (next.value as unknown as R);
      } catch (error) {
        await this.return();
        throw error;
      }
      if (value !== undefined) return { done: false, value };
    }
  };

  readonly return = (): Promise<IteratorReturnResult<void>> => {
    this.#end();
    return this.#source.return() as Promise<IteratorReturnResult<void>>;
  };

  readonly throw = (error: unknown): Promise<IteratorReturnResult<void>> => {
    this.#end();
    return this.#source.throw(error) as Promise<IteratorReturnResult<void>>;
  };

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #end(): void {
    if (!this.#isOver) this.#hooks.onEnd?.();
    this.#isOver = true;
  }
}
