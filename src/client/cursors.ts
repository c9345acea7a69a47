/** Whether cursor `a` is older than `b`. Cursors of one epoch compare as strings; those of different epochs don't compare. */
export function isOlder(a: unknown, b: unknown): boolean {
  return typeof a === 'string' && typeof b === 'string' && epochOf(a) === epochOf(b) && a < b;
}

export const epochOf = (cursor: string): string => cursor.slice(0, cursor.indexOf('-'));
