/** Whether cursor `a` is older than `b`. Cursors of one epoch compare as strings; those of different epochs don't compare. */
export function isOlder(a: unknown, b: unknown): boolean {
  return typeof a === 'string' && typeof b === 'string' && epochOf(a) === epochOf(b) && a < b;
}

const CURSOR = /^\w{12}-\w+-/;

export const epochOf = (cursor: string): string => cursor.slice(0, cursor.indexOf('-'));

/**
 * Whether a message of `itemChanges` doesn't continue the state at cursor `own`: a message in between was lost on the way, or an older one
 * came late. Null: no message has arrived. False without `follows`, which a message with `reset` and servers before 0.2 lack, and for a field
 * of that name in an item of a user's type.
 */
export function hasGap(own: string | null, { follows, cursor }: { follows?: unknown; cursor?: unknown }): boolean {
  if (typeof follows !== 'string' || !CURSOR.test(follows)) return false;
  return own === null || epochOf(own) !== epochOf(follows) || own < follows || isOlder(cursor, own);
}
