/**
 * The values at one place of the interest index. Nearly every place has one, so that value stands by itself: a Set for each would take
 * more memory than everything else in the index.
 */
export type Held<T extends object> = T | Several<T>;

/** A class of its own, so that a value may itself be a Set. */
class Several<T extends object> extends Set<T> {}

export function holds<T extends object>(held: Held<T> | undefined, value: T): boolean {
  return held instanceof Several ? held.has(value) : held === value;
}

/** `held` with a value that it doesn't hold yet. Changes `held` if it is more than one value. */
export function withValue<T extends object>(held: Held<T> | undefined, value: T): Held<T> {
  if (held === undefined) return value;
  return held instanceof Several ? held.add(value) : new Several([held, value]);
}

/** `held` without a value that it holds. Changes `held` if it is more than one value. */
export function withoutValue<T extends object>(held: Held<T>, value: T): Held<T> | undefined {
  if (!(held instanceof Several)) return undefined;
  held.delete(value);
  if (held.size > 1) return held;
  const [last] = held;
  return last;
}

/** Values that are added or deleted while they are iterated may be among them. */
export function valuesOf<T extends object>(held: Held<T> | undefined): IterableIterator<T> {
  if (held instanceof Several) return held.values();
  return (held === undefined ? [] : [held]).values();
}

export function visitEach<T extends object>(held: Held<T>, visit: (value: T) => void): void {
  if (held instanceof Several) for (const value of held) visit(value);
  else visit(held);
}
