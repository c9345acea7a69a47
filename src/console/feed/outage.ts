/** What the page tells about an outage, and about a map that was loaded again. It claims only what the page has checked. */

/** The subscription continued exactly after the last change that the page had. */
export interface Resumed {
  readonly kind: 'resumed';
  readonly changes: number;
}

/** The server's log is still the same, but it no longer had what the page missed, so the whole map was loaded again. */
export interface Reloaded {
  readonly kind: 'reloaded';
  /** The items that the page showed before, and whose keys the map no longer has. */
  readonly gone: number;
}

/** The server has another log than before, so it lost the one that the page was following. */
export interface LostLog {
  readonly kind: 'lost';
  /** The items that the page showed before, and whose keys the new log doesn't have. */
  readonly gone: number;
  /** The number of items that the page showed before. */
  readonly before: number;
}

export type Outage = (Resumed | Reloaded | LostLog) & {
  /** The number of items after the outage. */
  readonly size: number;
  /** The server's checksum, equal to the page's; undefined until the page has caught up. */
  readonly checksum: string | undefined;
};

interface Loaded {
  readonly cursor: string;
  readonly items: ReadonlyMap<string, unknown>;
}

/** A cursor starts with the epoch of its log. */
const epochOf = (cursor: string): string => cursor.split('-', 1)[0] ?? '';

export const isSameLog = (before: string, now: string): boolean => epochOf(before) === epochOf(now);

/** Compares the map before it was loaded again with the map after. */
export function reloaded(before: Loaded, now: Loaded): Reloaded | LostLog {
  let gone = 0;
  for (const key of before.items.keys()) if (!now.items.has(key)) gone++;
  if (isSameLog(before.cursor, now.cursor)) return { kind: 'reloaded', gone };
  return { kind: 'lost', gone, before: before.items.size };
}
