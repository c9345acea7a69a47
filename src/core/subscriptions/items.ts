import { isRemoval, type Item } from '../model/change.ts';
import type { Counters } from '../model/counters.ts';
import { CursorExpiredError, EngineUnavailableError, LaggedError } from '../model/errors.ts';
import type { KeyFilter } from '../input/key-filter.ts';
import type { History } from '../replica/history.ts';
import { type Cursor, ORIGIN } from '../model/position.ts';
import type { HeadTarget } from './head-pub-sub.ts';
import { isCaughtUp, isNearHead, startAtHead, missed, type Page, read, type ReadPosition } from '../replica/read.ts';
import type { Replica } from '../replica/replica.ts';
import { Wakeup } from './cancellation.ts';
import { AwaitedSlot, type DeliveryScheduler } from './scheduler.ts';

/** What a subscriber needs of its map. */
export interface Source<Value> {
  /** The one that is shown now: nobody may keep it, for another one may be shown at any time. */
  readonly replica: Replica<Value>;
  /** What positions mean: another one when another replica is shown. */
  readonly history: History;
  readonly heads: HeadTarget;
  readonly scheduler: DeliveryScheduler;
  readonly counters: Counters;
  /** The head moves no more. */
  readonly isClosed: boolean;
}

/** What a reader does at the head of a closed map: it ends, or fails with `EngineUnavailableError`. */
export type OnClose = 'END' | 'FAIL';

/** What a reader fails with there. */
export const closedError = (): EngineUnavailableError => new EngineUnavailableError('this node has stopped');

/**
 * Resolves with what `begin` makes of where to go on, undefined to join now. To be called once the subscriber listens; `begin` is
 * called in the same synchronous block as the replica is looked at.
 */
export type Start = <R>(left: AbortSignal, begin: (resumed: ReadPosition | undefined) => R) => Promise<R>;

export interface ItemsRequest {
  /** Undefined: no end. */
  readonly limit: number | undefined;
  readonly filter: KeyFilter;
  readonly onLag: 'CONFLATE' | 'FAIL';
  readonly onClose: OnClose;
  readonly start: Start;
}

/** What follows from a standing, at most `max` changes. */
export interface ItemPages<P> {
  items(readPosition: ReadPosition, max: number): P;
}

/** Where one subscriber of `items` stands, and what it is given next. */
export class ItemsReader<Value> {
  readPosition: ReadPosition;
  /** How many it may still have; undefined: no end. */
  remaining: number | undefined;
  readonly #source: Source<Value>;
  readonly #onLag: ItemsRequest['onLag'];
  #history: History;
  /** Undefined until something is delivered. */
  #lastCursor: Cursor | undefined;
  #isLagging = false;

  /** `resumed`: undefined to join now. */
  constructor(
    source: Source<Value>,
    { limit, onLag }: Pick<ItemsRequest, 'limit' | 'onLag'>,
    resumed: ReadPosition | undefined,
  ) {
    this.#source = source;
    this.#onLag = onLag;
    this.#history = source.history;
    this.readPosition = resumed ?? startAtHead(source.replica);
    this.remaining = limit;
    this.#lastCursor = resumed && source.replica.cursor(resumed.at);
  }

  /**
   * Reads on from where it stands. The insertions of the page are delivered; a page without any is the end for now when the
   * reader stands at the head. Throws `LaggedError`, and `CursorExpiredError` when the log has lost what it stands on.
   */
  next<P extends Page<Value>>(pages: ItemPages<P>): P {
    const { replica, history, counters } = this.#source;
    if (this.#history !== history) this.#goOnIn(history);
    const lag = missed(replica, this.readPosition);
    if (lag > 0 && !this.#isLagging) counters.lagged++;
    this.#isLagging = lag > 0;
    if (this.#isLagging && this.#onLag === 'FAIL')
      throw new LaggedError(lag, this.#lastCursor ?? replica.cursor(ORIGIN));
    const page = pages.items(this.readPosition, this.remaining ?? Infinity);
    this.readPosition = page.next;
    return page;
  }

  /** To be called for what was delivered. */
  delivered(count: number, lastCursor: Cursor): void {
    this.#source.counters.deliveries += count;
    if (this.remaining !== undefined) this.remaining -= count;
    this.#lastCursor = lastCursor;
  }

  /** Who has nothing yet joins again. */
  #goOnIn(history: History): void {
    if (!this.#history.keeps(this.readPosition)) {
      if (this.#lastCursor) throw new CursorExpiredError('the log has lost what came before');
      this.readPosition = startAtHead(this.#source.replica);
    }
    this.#history = history;
  }
}

/** Delivers what is there now and then everything that changes, until `limit` (G1 to G5, G8). Ends when `left` aborts, and at the head of a closed map. */
export async function* items<Value>(
  source: Source<Value>,
  request: ItemsRequest,
  left: AbortSignal,
): AsyncGenerator<Item<Value>, void, void> {
  if (request.limit === 0) return;
  const { heads, scheduler, counters } = source;
  // 1. Subscribe to the pub-sub.
  const wakeup = new Wakeup(heads, left);
  const turn = new AwaitedSlot(scheduler, left);
  counters.subscriptions++;
  try {
    // 2. Capture the cutoff: the seam between what is cached and what is published from now on.
    const reader = await request.start(left, (resumed) => new ItemsReader(source, request, resumed));
    // 3. Yield the cached items in timestamp order, then 4. what is published after the cutoff: `read` knows which. One at
    // a time, so that an item that is superseded before it could be sent is skipped.
    const pages = { items: (readPosition: ReadPosition) => read(source.replica, readPosition, 1, request.filter) };
    for (;;) {
      await turn.take(isNearHead(source.replica, reader.readPosition), 1);
      if (left.aborted) return;
      const [change] = reader.next(pages).changes;
      if (change && !isRemoval(change)) {
        reader.delivered(1, change.cursor);
        yield change;
        if (reader.remaining === 0) return;
      } else if (!change && isCaughtUp(source.replica, reader.readPosition)) {
        if (!source.isClosed) await wakeup.wait();
        else if (request.onClose === 'FAIL') throw closedError();
        else return;
      }
    }
  } finally {
    counters.subscriptions--;
    turn.release();
    wakeup.release();
  }
}
