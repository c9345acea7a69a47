/**
 * The only read of a subscription: from its position, the next changes that it needs. A subscription is a position, never a queue, so
 * snapshot, live delivery, resume and lag are the same read:
 *
 *            at          cutoff            floor              head
 *     ───────┼─────────────┼─────────────────┼─────────────────┼
 *            └─ snapshot ──┘└───── lag ──────┘└──── window ────┘
 *             current items   current items     one by one
 *
 * (Usually the floor is below the cutoff, and there is no lag.) A page stays within one of the three parts.
 */
import { type Change, isRemoval, type Item } from '../model/change.ts';
import type { ParsedCursor } from '../model/cursor.ts';
import { type KeyFilter, passes } from '../input/key-filter.ts';
import { after, ORIGIN, type Place, type Position } from '../model/position.ts';
import type { Replica } from './replica.ts';

/** The state of a subscription. */
export interface ReadPosition {
  /** It has everything up to here. */
  readonly at: Place;
  /** The seam: up to here it gets current items, and no removals. */
  readonly cutoff: Place;
  /**
   * The newest head that shaped its state: items that were superseded by then are missing. It matters until `at` gets there.
   * @default the cutoff
   */
  readonly seen?: Place | undefined;
}

export interface Page<Value> {
  /** Insertions and removals in position order. A batch in the window is never divided, unless it alone exceeds the page. */
  readonly changes: readonly Change<Value>[];
  /** The subscription's position after the page. */
  readonly next: ReadPosition;
}

/** How many changes one read examines for a filter that few of them pass. */
const MAX_EXAMINED = 4096;
/** In positions: a few batches. */
const NEAR = 4096;
/**
 * A page is full at either limit: the bytes of keys and values bound the memory of a slow subscriber, and the entries bound the time of one
 * rendering, about 2 ms.
 */
const FULL_PAGE_BYTES = 48 * 1024;
const FULL_PAGE_ENTRIES = 128;

function isFullPage(entries: number, bytes: number, max: number): boolean {
  return entries >= Math.min(max, FULL_PAGE_ENTRIES) || bytes >= FULL_PAGE_BYTES;
}

/**
 * Why a cursor can't be continued, as in "the cursor is …". Undefined when it can be, and when its position has left the window, where
 * the digest is no longer known.
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

/** The position of a new subscription: the cutoff is the head. */
export function startAtHead<Value>(replica: Replica<Value>): ReadPosition {
  return { at: ORIGIN, cutoff: replica.head };
}

export function isInSnapshot({ at, cutoff }: ReadPosition): boolean {
  return at.position < cutoff.position;
}

export function isCaughtUp<Value>(replica: Replica<Value>, { at }: ReadPosition): boolean {
  return at.position >= replica.head.position;
}

/** Whether the subscription gets new changes, rather than a snapshot or a long replay. */
export function isNearHead<Value>(replica: Replica<Value>, readPosition: ReadPosition): boolean {
  const distance = replica.head.position - readPosition.at.position;
  return distance <= NEAR && !isInSnapshot(readPosition) && missed(replica, readPosition) === 0;
}

/** How many live positions that the subscription still needs have left the window. Above 0, it lags. */
export function missed<Value>(replica: Replica<Value>, { at, cutoff }: ReadPosition): number {
  return Math.max(0, replica.window.floor.position - Math.max(at.position, cutoff.position));
}

/** Whether a removal that the subscription still needs has left the window. Then a mirror must start over. */
export function hasLostRemoval<Value>(replica: Replica<Value>, { at, cutoff }: ReadPosition): boolean {
  return replica.lostRemoval > Math.max(at.position, cutoff.position);
}

/** Reads at most `max` changes that pass the filter. The page may be empty although more follow after `next`. */
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

/**
 * The page of the changes at these positions: all that pass a filter from some position up to the head. Undefined when one page can't hold
 * them, or the window has lost one.
 */
export function readAt<Value>(replica: Replica<Value>, positions: readonly Position[]): Page<Value> | undefined {
  const changes: Change<Value>[] = [];
  let bytes = 0;
  for (const position of positions) {
    const change = replica.window.get(position);
    if (!change || isFullPage(changes.length, bytes, FULL_PAGE_ENTRIES)) return undefined;
    changes.push(change);
    bytes += bytesOf(change);
  }
  return { changes, next: { at: replica.head, cutoff: replica.head } };
}

function bytesOf(change: Change<unknown>): number {
  return isRemoval(change) ? 0 : change.bytes;
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
  let examined = 0;
  let bytes = 0;
  for (const item of currentItems(replica, at, filter)) {
    if (item.position > upTo.position) break;
    const isMatch = passes(filter, item.key);
    const isFull = isFullPage(changes.length, bytes, max);
    // A full page ends at the next match, not at once: so the last page of a snapshot reaches its end.
    if ((isMatch && isFull) || examined++ === MAX_EXAMINED) return { changes, next: { at: last, cutoff, seen } };
    last = { position: item.position, digest: item.digest };
    if (!isMatch) continue;
    changes.push(item);
    bytes += item.bytes;
  }
  return { changes, next: { at: upTo, cutoff, seen } };
}

/** The current items after a place, oldest first. A filter with `keys` looks up only those keys. */
export function currentItems<Value>(
  replica: Replica<Value>,
  from: Pick<Place, 'position'>,
  { keys }: KeyFilter,
): Iterable<Item<Value>> {
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
  for (let examined = 0; examined < MAX_EXAMINED || last !== wholeBatches.at; examined++) {
    // Strictly after: this is why nothing is delivered twice (G2, G4).
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
      bytes += bytesOf(change);
    }
    if (change.following === 0) wholeBatches = { length: changes.length, at: last };
  }
  return { changes, next: { at: last, cutoff, seen } };
}
