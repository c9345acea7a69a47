/**
 * The only read: from where a subscriber stands, the next changes that it needs. A subscriber is a position, never a queue,
 * so snapshot, live, resume and lag are one and the same:
 *
 *            at          cutoff            floor              head
 *     ───────┼─────────────┼─────────────────┼─────────────────┼
 *            └─ snapshot ──┘└───── lag ──────┘└──── window ────┘
 *             current items   current items     one by one
 *
 * (Mostly the floor is below the cutoff, and there is no lag.) A page stays within one of the three.
 */
import { type Change, isRemoval, type Item } from '../model/change.ts';
import { type ParsedCursor, parseCursor } from '../model/cursor.ts';
import { CursorExpiredError } from '../model/errors.ts';
import { type KeyFilter, passes } from '../input/key-filter.ts';
import { after, type Cursor, ORIGIN, type Place } from '../model/position.ts';
import type { Replica } from './replica.ts';

/** Where a subscriber stands. */
export interface ReadPosition {
  /** What it has, up to here. */
  readonly at: Place;
  /** The seam: up to here it gets current items only, and no removals. */
  readonly cutoff: Place;
  /**
   * The newest head that shaped what it has: of current items only, those are missing that had been superseded by then.
   * Matters until it stands there itself; absent: the cutoff.
   */
  readonly seen?: Place | undefined;
}

export interface Page<Value> {
  /** In position order, removals too. A batch in the window is never divided, unless it alone exceeds the page. */
  readonly changes: readonly Change<Value>[];
  /** Where the subscriber stands once it has the page. */
  readonly next: ReadPosition;
}

/** How many changes are looked at in one go for a filter that lets few pass. */
const MAX_LOOKED_AT = 4096;
/** Positions: a few batches. */
const NEAR = 4096;
/**
 * A page is full with one of these: what a slow subscriber holds back, in bytes of keys and values, and what is rendered at a
 * stretch, some 2 ms, while everything else waits.
 */
const FULL_PAGE_BYTES = 48 * 1024;
const FULL_PAGE_ENTRIES = 128;

function isFullPage(entries: number, bytes: number, max: number): boolean {
  return entries >= Math.min(max, FULL_PAGE_ENTRIES) || bytes >= FULL_PAGE_BYTES;
}

/**
 * Why a cursor can't be continued, as in "the cursor is …". Undefined when it can, or when what it stands on has left the window,
 * so that nobody can tell.
 */
export function contradiction<Value>(
  replica: Replica<Value>,
  { epoch, place, cutoff = place, seen = cutoff }: ParsedCursor,
): 'of another epoch' | 'ahead of the log' | 'of another history' | undefined {
  if (epoch !== replica.epoch) return 'of another epoch';
  if (seen.position > replica.head.position) return 'ahead of the log';
  const isKnown = [place, cutoff, seen].every(
    ({ position, digest }) => (replica.digestAt(position) ?? digest) === digest,
  );
  return isKnown ? undefined : 'of another history';
}

/** Joins now: the cutoff is the head. */
export function startAtHead<Value>(replica: Replica<Value>): ReadPosition {
  return { at: ORIGIN, cutoff: replica.head };
}

export function isInSnapshot({ at, cutoff }: ReadPosition): boolean {
  return at.position < cutoff.position;
}

export function isCaughtUp<Value>(replica: Replica<Value>, { at }: ReadPosition): boolean {
  return at.position >= replica.head.position;
}

/** Neither in a snapshot nor far behind: a subscriber that waits for what is new, rather than one that replays. */
export function isNearHead<Value>(replica: Replica<Value>, readPosition: ReadPosition): boolean {
  const behind = replica.head.position - readPosition.at.position;
  return behind <= NEAR && !isInSnapshot(readPosition) && missed(replica, readPosition) === 0;
}

/** How many live positions that the subscriber still needs have left the window: above 0, it lags. */
export function missed<Value>(replica: Replica<Value>, { at, cutoff }: ReadPosition): number {
  return Math.max(0, replica.window.floor.position - Math.max(at.position, cutoff.position));
}

/** Whether a removal that the subscriber still needs has left the window: a mirror must start over. */
export function hasLostRemoval<Value>(replica: Replica<Value>, { at, cutoff }: ReadPosition): boolean {
  return replica.lostRemoval > Math.max(at.position, cutoff.position);
}

/** At most `max` changes that pass the filter, which may be none although there are more: go on from `next`. */
export function read<Value>(
  replica: Replica<Value>,
  readPosition: ReadPosition,
  max: number,
  filter: KeyFilter,
): Page<Value> {
  if (isInSnapshot(readPosition)) return readCurrent(replica, readPosition, readPosition.cutoff, max, filter);
  if (missed(replica, readPosition) > 0) return readCurrent(replica, readPosition, replica.window.floor, max, filter);
  return readWindow(replica, readPosition, max, filter);
}

function readCurrent<Value>(
  replica: Replica<Value>,
  { at, cutoff }: ReadPosition,
  upTo: Place,
  max: number,
  filter: KeyFilter,
): Page<Value> {
  const changes: Item<Value>[] = [];
  const seen = replica.head;
  let last = at;
  let lookedAt = 0;
  let bytes = 0;
  for (const item of currentItems(replica, at, filter)) {
    if (item.position > upTo.position) break;
    const isMatch = passes(filter, item.key);
    const isFull = isFullPage(changes.length, bytes, max);
    // Look one match further before turning the page, so that a full page at the end of the snapshot says that it is the end.
    if ((isMatch && isFull) || lookedAt++ === MAX_LOOKED_AT) return { changes, next: { at: last, cutoff, seen } };
    last = { position: item.position, digest: item.digest };
    if (!isMatch) continue;
    changes.push(item);
    bytes += item.bytes;
  }
  return { changes, next: { at: upTo, cutoff, seen } };
}

/** Current items behind a place, oldest first; with a list of keys only those that it names are looked up. */
export function currentItems<Value>(replica: Replica<Value>, from: Place, { keys }: KeyFilter): Iterable<Item<Value>> {
  if (!keys) return replica.items.index.from(from.position);
  return [...keys]
    .map((key) => replica.items.get(key))
    .filter((item) => item !== undefined && item.position > from.position)
    .sort((a, b) => (a?.position ?? 0) - (b?.position ?? 0)) as Item<Value>[];
}

function readWindow<Value>(
  replica: Replica<Value>,
  { at, cutoff, seen }: ReadPosition,
  max: number,
  filter: KeyFilter,
): Page<Value> {
  const changes: Change<Value>[] = [];
  let last = at;
  let bytes = 0;
  let wholeBatches = { length: 0, at };
  for (let lookedAt = 0; lookedAt < MAX_LOOKED_AT || last !== wholeBatches.at; lookedAt++) {
    const change = replica.window.get(after(last.position));
    if (!change) break;
    const isMatch = passes(filter, change.key);
    const isFull = isFullPage(changes.length, bytes, max);
    if (isMatch && isFull && wholeBatches.length > 0)
      return { changes: changes.slice(0, wholeBatches.length), next: { at: wholeBatches.at, cutoff, seen } };
    if (isMatch && changes.length === max) break;
    last = { position: change.position, digest: change.digest };
    if (isMatch) {
      changes.push(change);
      bytes += isRemoval(change) ? 0 : change.bytes;
    }
    if (change.following === 0) wholeBatches = { length: changes.length, at: last };
  }
  return { changes, next: { at: last, cutoff, seen } };
}

export interface ItemPage<Value> {
  /** Oldest first. */
  readonly items: readonly Item<Value>[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  /** The position that the page was read at. */
  readonly cursor: Cursor;
}

export interface PageRequest {
  /** A cursor that the replica has reached. */
  readonly from: string | null | undefined;
  readonly first: number;
  readonly filter: KeyFilter;
}

/** Whether an item that passes the filter stands at or before a place. */
function hasUpTo<Value>(replica: Replica<Value>, { position }: Place, filter: KeyFilter): boolean {
  for (const item of currentItems(replica, ORIGIN, filter)) {
    if (item.position > position) return false;
    if (passes(filter, item.key)) return true;
  }
  return false;
}

/** Current items only, at the replica's head: what a query reads. Throws `CursorExpiredError`. */
export function readPage<Value>(replica: Replica<Value>, { from, first, filter }: PageRequest): ItemPage<Value> {
  const cursor = from == null ? undefined : parseCursor(from);
  // While others were waited for, another replica may have come.
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
  const hasPreviousPage = hasUpTo(replica, place, filter);
  return { items, hasNextPage, hasPreviousPage, cursor: replica.cursor(replica.head) };
}
