/** Few come back at once; many take most of the time that there is. */
const GAP_MS = 5;

/**
 * Ends connections one after the other, within `withinMs` together: clients that come back elsewhere must not do so as one
 * herd.
 */
export function staggerClosings(ends: readonly (() => void)[], withinMs: number): void {
  const gapMs = Math.min(GAP_MS, withinMs / ends.length);
  for (const [index, end] of ends.entries()) {
    if (index === 0) end();
    else setTimeout(end, index * gapMs).unref();
  }
}
