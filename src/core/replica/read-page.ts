/** A page of current items at the replica's head: what a query reads. */
import type { Item } from '../model/change.ts';
import { parseCursor } from '../model/cursor.ts';
import { CursorExpiredError } from '../model/errors.ts';
import { type KeyFilter, passes } from '../input/key-filter.ts';
import { type Cursor, ORIGIN, type Position } from '../model/position.ts';
import { contradiction, currentItems } from './read.ts';
import type { Replica } from './replica.ts';

export interface ItemPage<Value> {
  /** Oldest first. */
  readonly items: readonly Item<Value>[];
  readonly hasNextPage: boolean;
  /** Whether the item at `from` is current and passes the filter. Older items are not searched for. */
  readonly hasPreviousPage: boolean;
  /** The position at which the page was read. */
  readonly cursor: Cursor;
}

export interface PageRequest {
  /** A cursor that the replica has reached: the page starts after it. */
  readonly from: string | null | undefined;
  readonly first: number;
  readonly filter: KeyFilter;
}

/** @throws {CursorExpiredError} */
export function readPage<Value>(replica: Replica<Value>, { from, first, filter }: PageRequest): ItemPage<Value> {
  const cursor = from == null ? undefined : parseCursor(from);
  // Another replica may be shown since the cursor was checked.
  const reason = cursor && contradiction(replica, cursor);
  if (reason) throw new CursorExpiredError(`the cursor is ${reason}`);
  const place = cursor?.place ?? ORIGIN;
  const items: Item<Value>[] = [];
  let hasNextPage = false;
  for (const item of currentItems(replica, place, filter)) {
    if (!passes(filter, item.key)) continue;
    hasNextPage = items.length === first;
    if (hasNextPage) break;
    items.push(item);
  }
  const previous = replica.items.index.next((place.position - 1) as Position);
  const hasPreviousPage = previous?.position === place.position && passes(filter, previous.key);
  return { items, hasNextPage, hasPreviousPage, cursor: replica.cursor(replica.head) };
}
