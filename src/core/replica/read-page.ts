/** A page of current items at the replica's head: what a query reads. */
import type { Item } from '../model/change.ts';
import { type ParsedCursor, parseCursor } from '../model/cursor.ts';
import { CursorExpiredError } from '../model/errors.ts';
import { type ItemFilter, matches } from '../input/item-filter.ts';
import { passes } from '../input/key-filter.ts';
import { type Cursor, ORIGIN, type Place, type Position } from '../model/position.ts';
import { contradiction, currentItems } from './read.ts';
import type { Replica } from './replica.ts';
import { SearchBound } from './search-bound.ts';

export interface ItemPage<Value> {
  /** Oldest first. */
  readonly items: readonly Item<Value>[];
  readonly hasNextPage: boolean;
  /** Whether the item at `from` is current and passes the filter. Older items are not searched for. */
  readonly hasPreviousPage: boolean;
  /** The next page starts after it: the last item, or the last one whose value was looked at. */
  readonly endCursor: Cursor | undefined;
  /** The position at which the page was read. */
  readonly cursor: Cursor;
}

export interface PageRequest {
  /** A cursor that the replica has reached: the page starts after it. */
  readonly from: string | null | undefined;
  readonly first: number;
  readonly filter: ItemFilter;
}

/** What shows the replica. A rebuild replaces it. */
interface Shown<Value> {
  readonly replica: Replica<Value>;
}

/** The time of finding a key, in looks. */
export const LOOKS_OF_A_KEY = 20;

/**
 * Reads a page in slices, between which the head may move. It continues after the last item that it has looked at: an item that is
 * superseded meanwhile has a later position, so it is dropped from what was found and met again. With `where` the page ends, shorter
 * than `first`, when it has looked at as many values as a page may.
 */
export class PageScan<Value> {
  readonly #shown: Shown<Value>;
  readonly #cursor: ParsedCursor | undefined;
  readonly #first: number;
  readonly #filter: ItemFilter;
  #replica: Replica<Value> | undefined;
  #head: Place | undefined;
  /** Of the last item that was looked at. */
  #last: Position;
  /** The items of `keys` as the scan began, oldest first. Later ones are found by their positions, as without `keys`. */
  #listed: readonly Item<Value>[] = [];
  #listedNext = 0;
  #listedTo: Position;
  /** Passes the filter and is current: the page, and one more item if another page follows. */
  #found: Item<Value>[] = [];
  #bound: SearchBound;
  /** The last item whose value was looked at. */
  #searched: Item<Value> | undefined;
  /** Whether an item follows whose value may not be looked at any more. */
  #isCut = false;
  #isFromMatch = false;
  #isComplete = false;

  /** @throws {BadInputError} when `from` is no cursor */
  constructor(shown: Shown<Value>, { from, first, filter }: PageRequest) {
    this.#shown = shown;
    this.#cursor = from == null ? undefined : parseCursor(from);
    this.#first = first;
    this.#filter = filter;
    this.#bound = new SearchBound(filter.where);
    this.#last = this.#listedTo = this.#from.position;
  }

  get #from(): Place {
    return this.#cursor?.place ?? ORIGIN;
  }

  /** Whether the page was read whole at the head of the last `advance`. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /**
   * Looks at items, at the current head, until it has spent `max` looks. One look is the time for an item without its value. The last item may
   * exceed `max`, because a value can take longer than a slice. Returns how many looks it has spent.
   * @throws {CursorExpiredError} also when another replica is shown since the last slice
   */
  advance(max: number): number {
    const { replica } = this.#shown;
    let looks = 0;
    if (replica !== this.#replica) looks += this.#begin(replica);
    else if (replica.head !== this.#head)
      this.#found = this.#found.filter(({ key, position }) => replica.items.get(key)?.position === position);
    this.#head = replica.head;
    this.#isComplete = this.#isCut || this.#found.length > this.#first;
    if (this.#isComplete) return looks;
    for (const item of this.#rest(replica)) {
      if (looks >= max) return looks;
      const isCandidate = passes(this.#filter, item.key);
      if (isCandidate && this.#bound.isReached) {
        this.#isCut = true;
        break;
      }
      this.#last = item.position;
      looks += isCandidate ? this.#bound.spend(item) : 1;
      if (!isCandidate) continue;
      this.#searched = item;
      if (!(this.#filter.where?.matches(item.value) ?? true)) continue;
      this.#found.push(item);
      if (this.#found.length > this.#first) break;
    }
    this.#isComplete = true;
    return looks;
  }

  /** The page of a complete scan, in the synchronous block of its last `advance`. */
  page(): ItemPage<Value> {
    const { replica } = this.#shown;
    const { position } = this.#from;
    const isFull = this.#found.length > this.#first;
    const items = this.#found.slice(0, this.#first);
    const previous = replica.items.index.next((position - 1) as Position);
    return {
      items,
      hasNextPage: isFull || this.#isCut,
      hasPreviousPage: this.#isFromMatch && previous?.position === position,
      endCursor: (this.#isCut && !isFull ? this.#searched : items.at(-1))?.cursor,
      cursor: replica.cursor(replica.head),
    };
  }

  /** Returns how many looks it takes. */
  #begin(replica: Replica<Value>): number {
    const reason = this.#cursor && contradiction(replica, this.#cursor);
    if (reason) throw new CursorExpiredError(`the cursor is ${reason}`);
    const { position } = this.#from;
    const { keys, where } = this.#filter;
    this.#replica = replica;
    this.#last = this.#listedTo = position;
    this.#found = [];
    this.#bound = new SearchBound(where);
    this.#searched = undefined;
    this.#isCut = false;
    const previous = replica.items.index.next((position - 1) as Position);
    this.#isFromMatch = previous?.position === position && matches(this.#filter, previous);
    this.#listedNext = 0;
    if (keys) {
      this.#listed = [...currentItems(replica, this.#from, this.#filter)];
      this.#listedTo = replica.head.position;
    }
    return (keys?.size ?? 0) * LOOKS_OF_A_KEY + (this.#isFromMatch && previous ? this.#bound.looksOf(previous) : 0);
  }

  /** The current items that it has not looked at, oldest first. Valid until the next change. */
  *#rest(replica: Replica<Value>): Generator<Item<Value>> {
    for (; this.#listedNext < this.#listed.length; this.#listedNext++) {
      const item = this.#listed[this.#listedNext];
      if (item && item.position > this.#last && replica.items.get(item.key) === item) yield item;
    }
    yield* replica.items.index.from(Math.max(this.#last, this.#listedTo) as Position);
  }
}

/** A page that is read at once. @throws {CursorExpiredError} */
export function readPage<Value>(replica: Replica<Value>, request: PageRequest): ItemPage<Value> {
  const scan = new PageScan({ replica }, request);
  scan.advance(Infinity);
  return scan.page();
}
