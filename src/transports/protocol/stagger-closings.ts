/** With few connections; many share the given time. */
const GAP_MS = 5;

/** Ends connections one after the other, all within `withinMs`, so that their clients don't reconnect elsewhere as one herd. */
export function staggerClosings(ends: readonly (() => void)[], withinMs: number): void {
  const gapMs = Math.min(GAP_MS, withinMs / ends.length);
  for (const [index, end] of ends.entries()) {
    if (index === 0) end();
    else setTimeout(end, index * gapMs).unref();
  }
}
