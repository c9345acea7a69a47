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
 * has settled, whereas `return()` here reaches the source at once. The methods need no `this`.
 */
export function wrapGenerator<T, R = T>(
  source: GeneratorSource<T>,
  { onStart, onNext, onError, onEnd }: GeneratorHooks<T, R>,
): AsyncGenerator<R, void, void> {
  let isStarted = false;
  let isOver = false;
  const end = (): void => {
    if (!isOver) onEnd?.();
    isOver = true;
  };
  const wrapped: AsyncGenerator<R, void, void> = {
    async next() {
      if (!isStarted && !isOver) onStart?.();
      isStarted = true;
      for (;;) {
        let next: IteratorResult<T, void>;
        try {
          next = await source.next();
        } catch (error) {
          const shown = onError ? onError(error) : error;
          end();
          throw shown;
        }
        if (next.done === true) {
          end();
          return next;
        }
        let value: R | undefined;
        try {
          value = onNext ? onNext(next.value) : (next.value as unknown as R);
        } catch (error) {
          await wrapped.return();
          throw error;
        }
        if (value !== undefined) return { done: false, value };
      }
    },
    return() {
      end();
      return source.return() as Promise<IteratorReturnResult<void>>;
    },
    throw(error) {
      end();
      return source.throw(error) as Promise<IteratorReturnResult<void>>;
    },
    [Symbol.asyncIterator]: () => wrapped,
    [Symbol.asyncDispose]: async () => void (await wrapped.return()),
  };
  return wrapped;
}
