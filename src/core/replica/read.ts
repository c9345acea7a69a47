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
import { type Change, isRemoval, type Item, type RemovedItem } from '../model/change.ts';
import type { ParsedCursor } from '../model/cursor.ts';
import { type ItemFilter, matches } from '../input/item-filter.ts';
import { type KeyFilter, passes } from '../input/key-filter.ts';
import { after, ORIGIN, type Place, type Position, START } from '../model/position.ts';
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

/** What one read examines for a filter that few changes pass: so many keys, or values that cost as much. */
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

/** What a subscription sees of the changes. */
export interface View extends ItemFilter {
  /** A mirror is told which items no longer match. @default false */
  readonly isMirror?: boolean | undefined;
}

/** Reads at most `max` changes that the view shows. The page may be empty although more follow after `next`. */
export function read<Value>(replica: Replica<Value>, readPosition: ReadPosition, max: number, view: View): Page<Value> {
  const { floor } = replica.window;
  if (isInSnapshot(readPosition)) return readCurrent(replica, readPosition, readPosition.cutoff, max, view);
  if (missed(replica, readPosition) > 0) return readCurrent(replica, readPosition, floor, max, view);
  return readWindow(replica, readPosition, max, view);
}

/**
 * The page of the changes at these positions: all that concern a filter from some position up to the head. Undefined when one page can't
 * hold them, or the window has lost one.
 */
export function readAt<Value>(
  replica: Replica<Value>,
  positions: readonly Position[],
  view: View,
): Page<Value> | undefined {
  const changes: Change<Value>[] = [];
  let bytes = 0;
  for (const position of positions) {
    const change = replica.window.get(position);
    if (!change || isFullPage(changes.length, bytes, FULL_PAGE_ENTRIES)) return undefined;
    const isShown = isRemoval(change) || matches(view, change);
    if (!isShown && !view.isMirror) continue;
    changes.push(isShown ? change : unmatched(change));
    bytes += bytesOf(change);
  }
  return { changes, next: { at: replica.head, cutoff: replica.head } };
}

/** How a mirror is told of an item that does not match, and may have matched before. */
function unmatched({ key, position, digest, timestamp, cursor, following }: Item<unknown>): RemovedItem {
  return { key, reason: 'UNMATCHED', position, digest, timestamp, cursor, following };
}

/** What a change in the window is to the view; undefined when it doesn't show. `seen`: see `ReadPosition`. */
function shown<Value>(
  { window }: Replica<Value>,
  change: Change<Value>,
  view: View,
  seen: Place | undefined,
): Change<Value> | undefined {
  const { where } = view;
  if (!passes(view, change.key)) return undefined;
  if (where === undefined) return change;
  if (!isRemoval(change) && where.matches(change.value)) return change;
  if (!view.isMirror) return undefined;
  // The reader has seen everything up to the floor or further, so what is superseded here is what the mirror may have.
  const superseded = window.supersededBy(change.position);
  // Where there was none, a reader that comes out of a lag may have missed the removal of one that matched.
  const mayHaveMatched = superseded
    ? where.matches(superseded.value)
    : superseded === undefined || change.position <= (seen?.position ?? START);
  if (!mayHaveMatched) return undefined;
  return isRemoval(change) ? change : unmatched(change);
}

/**
 * The changes of a message for a mirror with `where`, with the last change of each key that it is told of as gone. An item that ceased to
 * match and is then removed is no longer in the map: the removal itself concerns no mirror, but the message must say so. `upTo`: where the
 * message ends.
 */
export function withLastReasons<Value>(
  { window }: Replica<Value>,
  changes: readonly Change<Value>[],
  upTo: Position,
): readonly Change<Value>[] {
  const gone = new Map<string, Change<Value>>();
  for (const change of changes) {
    // Deleting first keeps the map in position order.
    gone.delete(change.key);
    if (isRemoval(change)) gone.set(change.key, change);
  }
  const [first] = gone.values();
  if (!first) return changes;
  const later = new Map<string, Change<Value>>();
  for (let at = after(Math.max(first.position, window.floor.position) as Position); at <= upTo; at = after(at)) {
    const change = window.get(at);
    const told = change && gone.get(change.key);
    if (told && at > told.position) later.set(change.key, isRemoval(change) ? change : unmatched(change));
  }
  return later.size === 0 ? changes : [...changes, ...later.values()].sort((a, b) => a.position - b.position);
}

/** What examining a change costs: its value is parsed, and tested with the filter. */
function examined({ where, isMirror }: View, change: Change<unknown>): number {
  if (!where || isRemoval(change)) return 1;
  // A mirror may need to know whether what is superseded has matched.
  return 1 + (3 + change.bytes / 32) * where.weight * (isMirror === true ? 2 : 1);
}

function bytesOf(change: Change<unknown>): number {
  return isRemoval(change) ? 0 : change.bytes;
}

function readCurrent<Value>(
  replica: Replica<Value>,
  { at, cutoff }: ReadPosition,
  upTo: Place,
  max: number,
  view: View,
): Page<Value> {
  const { where } = view;
  // A snapshot is of what matches.
  const tellsUnmatched = view.isMirror === true && at.position >= cutoff.position;
  const changes: Change<Value>[] = [];
  const seen = replica.head;
  let last = at;
  let cost = 0;
  let bytes = 0;
  for (const item of currentItems(replica, at, view)) {
    if (item.position > upTo.position) break;
    if (cost >= MAX_EXAMINED) return { changes, next: { at: last, cutoff, seen } };
    const isPassed = passes(view, item.key);
    cost += isPassed ? examined(view, item) : 1;
    const isMatch = isPassed && (where === undefined || where.matches(item.value));
    const isShown = isMatch || (tellsUnmatched && isPassed);
    // A full page ends at the next match, not at once: so the last page of a snapshot reaches its end.
    if (isShown && isFullPage(changes.length, bytes, max)) return { changes, next: { at: last, cutoff, seen } };
    last = { position: item.position, digest: item.digest };
    if (!isShown) continue;
    changes.push(isMatch ? item : unmatched(item));
    bytes += isMatch ? item.bytes : 0;
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
  view: View,
): Page<Value> {
  const changes: Change<Value>[] = [];
  let last = at;
  let bytes = 0;
  let wholeBatches = { length: 0, at };
  for (let cost = 0; cost < MAX_EXAMINED || last !== wholeBatches.at;) {
    // Strictly after: this is why nothing is delivered twice (G2, G4).
    const change = replica.window.get(after(last.position));
    if (!change) break;
    cost += examined(view, change);
    const match = shown(replica, change, view, seen);
    const isFull = isFullPage(changes.length, bytes, max);
    if (match && isFull && wholeBatches.length > 0)
      return { changes: changes.slice(0, wholeBatches.length), next: { at: wholeBatches.at, cutoff, seen } };
    if (match && changes.length === max) break;
    last = { position: change.position, digest: change.digest };
    if (match) {
      changes.push(match);
      bytes += bytesOf(match);
    }
    if (change.following === 0) wholeBatches = { length: changes.length, at: last };
  }
  return { changes, next: { at: last, cutoff, seen } };
}
