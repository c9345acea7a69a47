/** Cursors are opaque but for this: those of one epoch compare as strings. */
export function isOlder(a: unknown, b: unknown): boolean {
  return typeof a === 'string' && typeof b === 'string' && epochOf(a) === epochOf(b) && a < b;
}

export const epochOf = (cursor: string): string => cursor.slice(0, cursor.indexOf('-'));
