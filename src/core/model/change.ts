import type { Cursor, Place } from './position.ts';

interface Placed extends Place {
  readonly key: string;
  /** Wall-clock ms of the change; never decreases along the log. */
  readonly timestamp: number;
  readonly cursor: Cursor;
  /** How many further changes of the same batch follow this one: 0 at its end, and outside of batches. */
  readonly following: number;
}

/** The latest value inserted under a key. Shared by all readers: never mutate it. */
export interface Item<Value> extends Placed {
  readonly value: Value;
  /** Wall-clock ms, or null for an item without `ttl`. */
  readonly expiresAt: number | null;
  /** UTF-8 bytes of the key and of the value's JSON: what counts against `max-bytes`. */
  readonly bytes: number;
}

export type RemovalReason = 'REMOVED' | 'EXPIRED' | 'EVICTED';

export interface RemovedItem extends Placed {
  readonly reason: RemovalReason;
}

/** An insertion is its item. */
export type Change<Value> = Item<Value> | RemovedItem;

export function isRemoval(change: Change<unknown>): change is RemovedItem {
  return 'reason' in change;
}

/** One step of a mirror. A key occurs at most once, with its last state, in one of the lists. */
export interface ItemChanges<Value> {
  /** Forget all you have before applying this message. */
  readonly reset: boolean;
  /** In position order. */
  readonly upserted: readonly Item<Value>[];
  /** In position order. */
  readonly removed: readonly RemovedItem[];
  /** `cursor` was the head as the message was made. */
  readonly caughtUp: boolean;
  /** The mirror's state after this message. */
  readonly cursor: Cursor;
  /** Of the map; non-null exactly when caughtUp and there is no filter. */
  readonly size: number | null;
  readonly checksum: string | null;
}
