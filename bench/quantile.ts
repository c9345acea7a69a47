/** A quantile of a sorted list; NaN when it is empty. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** Undefined when the list is empty. */
export function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [quantile(sorted, 0.5 - 0.5 / sorted.length), quantile(sorted, 0.5)];
  return sorted.length === 0 ? undefined : (low + high) / 2;
}
