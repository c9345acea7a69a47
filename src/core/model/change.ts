import type { Cursor, Place } from './position.ts';

interface Placed extends Place {
  readonly key: string;
  /** Wall-clock time of the change in ms. Never decreases along the log. */
  readonly timestamp: number;
  readonly cursor: Cursor;
  /** How many further changes of the same batch follow this one: 0 at the end of a batch, and outside batches. */
  readonly following: number;
}

/**
 * The latest value inserted under a key. All readers share the object: never mutate it. `value`, `timestamp`, `digest` and `cursor` are
 * getters of its class, so a spread (`{ ...item }`) and `structuredClone` leave them out; `JSON.stringify` writes them.
 */
export interface Item<Value> extends Placed {
  /** Parsed from `json` when it is first read, and shared by all readers until the garbage collection takes it. Never mutate it. */
  readonly value: Value;
  /** The value's JSON, as it was inserted: copying it is cheaper than `JSON.stringify(item.value)`. */
  readonly json: string;
  /** Wall-clock time in ms; null for an item without `ttl`. */
  readonly expiresAt: number | null;
  /** UTF-8 bytes of the key and of the value's JSON: they count against `maxBytes`. */
  readonly bytes: number;
}

/** `UNMATCHED`: the item is in the map, and no longer passes the reader's filter. */
export type RemovalReason = 'REMOVED' | 'EXPIRED' | 'EVICTED' | 'UNMATCHED';

export interface RemovedItem extends Placed {
  readonly reason: RemovalReason;
}

/** One change of the map. An insertion is represented by its item. */
export type Change<Value> = Item<Value> | RemovedItem;

export function isRemoval(change: Change<unknown>): change is RemovedItem {
  return 'reason' in change;
}

/** One message of `StreamingMap.changes`. A key occurs at most once, with its latest state, in one of the two lists. */
export interface ItemChanges<Value> {
  /** The mirror drops everything that it has before it applies this message. */
  readonly reset: boolean;
  /** In position order. */
  readonly upserted: readonly Item<Value>[];
  /** In position order. */
  readonly removed: readonly RemovedItem[];
  /** `cursor` was the head when the message was made. */
  readonly caughtUp: boolean;
  /** The mirror's state after this message: resume with it as `after`. */
  readonly cursor: Cursor;
  /**
   * At most the cursor of the message before, or of `after` for the first message. A mirror whose own cursor sorts before it, or after
   * `cursor`, has missed a message: it must resume. Null with `reset`.
   */
  readonly follows: Cursor | null;
  /** Items in the map that pass the filter. Non-null exactly when `caughtUp` is true. */
  readonly size: number | null;
  /** 8 hex digits: the sum modulo 2^32 over the items of FNV-1a-32 of `key + "\n" + cursor`. Non-null exactly when `size` is. */
  readonly checksum: string | null;
}
