/** Maps each result to any number of results. The iterator may be left at any time. */
export function changed<T>(source: AsyncGenerator<T>, each: (value: T) => readonly T[]): AsyncGenerator<T> {
  const waiting: T[] = [];
  return {
    async next() {
      while (waiting.length === 0) {
        const next = await source.next();
        if (next.done === true) return next;
        waiting.push(...each(next.value));
      }
      // Not empty.
      return { value: waiting.shift()!, done: false };
    },
    return: (value) => source.return(value),
    throw: (error) => source.throw(error),
    [Symbol.asyncIterator]() {
      return this;
    },
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}
