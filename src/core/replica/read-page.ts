/** A page of current items at the replica's head: what a query reads. */
import type { Item } from '../model/change.ts';
import { type ParsedCursor, parseCursor } from '../model/cursor.ts';
import { CursorExpiredError } from '../model/errors.ts';
import { type KeyFilter, passes } from '../input/key-filter.ts';
import { type Cursor, ORIGIN, type Place, type Position } from '../model/position.ts';
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

/** What shows the replica. A rebuild replaces it. */
interface Shown<Value> {
  readonly replica: Replica<Value>;
}

/**
 * Reads a page in slices, between which the head may move. It continues after the last item that it has looked at: an item that is
 * superseded meanwhile has a later position, so it is dropped from what was found and met again. A filter with `keys` needs no slices.
 */
export class PageScan<Value> {
  readonly #shown: Shown<Value>;
  readonly #cursor: ParsedCursor | undefined;
  readonly #first: number;
  readonly #filter: KeyFilter;
  #replica: Replica<Value> | undefined;
  #head: Place | undefined;
  /** Of the last item that was looked at. */
  #last: Position;
  /** Passes the filter and is current: the page, and one more item if another page follows. */
  #found: Item<Value>[] = [];
  #isComplete = false;

  /** @throws {BadInputError} when `from` is no cursor */
  constructor(shown: Shown<Value>, { from, first, filter }: PageRequest) {
    this.#shown = shown;
    this.#cursor = from == null ? undefined : parseCursor(from);
    this.#first = first;
    this.#filter = filter;
    this.#last = this.#from.position;
  }

  get #from(): Place {
    return this.#cursor?.place ?? ORIGIN;
  }

  /** Whether the page was read whole at the head of the last `advance`. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /**
   * Looks at up to `max` items, at the current head, and returns at how many.
   * @throws {CursorExpiredError} also when another replica is shown since the last slice
   */
  advance(max: number): number {
    const { replica } = this.#shown;
    if (replica !== this.#replica) this.#begin(replica);
    else if (replica.head !== this.#head)
      this.#found = this.#found.filter(({ key, position }) => replica.items.get(key)?.position === position);
    this.#head = replica.head;
    this.#isComplete = this.#found.length > this.#first;
    let looks = 0;
    if (this.#isComplete) return looks;
    const from = { position: this.#last };
    for (const item of currentItems(replica, from, this.#filter)) {
      if (looks === max) return looks;
      looks++;
      this.#last = item.position;
      if (!passes(this.#filter, item.key)) continue;
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
    const previous = replica.items.index.next((position - 1) as Position);
    return {
      items: this.#found.slice(0, this.#first),
      hasNextPage: this.#found.length > this.#first,
      hasPreviousPage: previous?.position === position && passes(this.#filter, previous.key),
      cursor: replica.cursor(replica.head),
    };
  }

  #begin(replica: Replica<Value>): void {
    const reason = this.#cursor && contradiction(replica, this.#cursor);
    if (reason) throw new CursorExpiredError(`the cursor is ${reason}`);
    this.#replica = replica;
    this.#last = this.#from.position;
    this.#found = [];
  }
}

/** A page that is read at once. @throws {CursorExpiredError} */
export function readPage<Value>(replica: Replica<Value>, request: PageRequest): ItemPage<Value> {
  const scan = new PageScan({ replica }, request);
  scan.advance(Infinity);
  return scan.page();
}
