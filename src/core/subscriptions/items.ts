/** `items`: the current items, and then every insertion. The reader holds the state of one subscription, the generator delivers. */
import { isRemoval, type Item } from '../model/change.ts';
import { CursorExpiredError, EngineUnavailableError, LaggedError } from '../model/errors.ts';
import type { ItemFilter } from '../input/item-filter.ts';
import type { Interest } from '../interest/interest.ts';
import type { History } from '../replica/history.ts';
import { type Cursor, ORIGIN } from '../model/position.ts';
import { isCaughtUp, isNearHead, startAtHead, missed, type Page, read, type ReadPosition } from '../replica/read.ts';
import type { Replica } from '../replica/replica.ts';
import { Wakeup } from './cancellation.ts';
import { Standing } from './standing.ts';
import { AwaitedSlot, type DeliveryScheduler } from './scheduler.ts';

/** Running totals of one map; `subscriptions` counts those that are open now. */
export interface Counters {
  subscriptions: number;
  inserts: number;
  deliveries: number;
  lagged: number;
  resets: number;
}

/** The parts of a map that its subscriptions use. */
export interface Source<Value> {
  /** The replica that is shown. Callers must not keep it, because a rebuild replaces it. */
  readonly replica: Replica<Value>;
  /** The meaning of positions. Replaced together with the replica. */
  readonly history: History;
  readonly interest: Interest;
  readonly scheduler: DeliveryScheduler;
  readonly counters: Counters;
  /** Whether the map is closed: then the head does not move any more. */
  readonly isClosed: boolean;
}

/** At the head of a closed map a subscription ends, or fails with `EngineUnavailableError`. */
export type OnClose = 'END' | 'FAIL';

/** The error of `FAIL`. */
export const closedError = (): EngineUnavailableError => new EngineUnavailableError('this node has stopped');

/**
 * Finds where a subscription starts, and resolves with the result of `begin`: `resumed` is undefined for a new subscription. To be called
 * after the subscription listens for heads. `begin` is called in the synchronous block that has read the replica.
 */
export type Start = <R>(signal: AbortSignal, begin: (resumed: ReadPosition | undefined) => R) => Promise<R>;

export interface ItemsRequest {
  /** Undefined: no end. */
  readonly limit: number | undefined;
  readonly filter: ItemFilter;
  readonly onLag: 'CONFLATE' | 'FAIL';
  readonly onClose: OnClose;
  readonly start: Start;
}

/** Reads the next page from a position, of at most `max` changes. */
export interface ItemPages<P> {
  items(readPosition: ReadPosition, max: number): P;
}

/** The state of one `items` subscription. */
export class ItemsReader<Value> extends Standing {
  /** How many items it may still deliver; undefined: no limit. */
  remaining: number | undefined;
  readonly #source: Source<Value>;
  readonly #onLag: ItemsRequest['onLag'];
  #history: History;
  /** Whether an item was delivered, or it has resumed. */
  #hasBegun: boolean;
  /** With `onLag: FAIL`, of the last delivered item, or the one resumed from; undefined before. Others would keep a text that they never need. */
  #lastCursor: Cursor | undefined;
  #isLagging = false;

  /** `resumed`: undefined to start at the head. */
  constructor(
    source: Source<Value>,
    { limit, onLag }: Pick<ItemsRequest, 'limit' | 'onLag'>,
    resumed: ReadPosition | undefined,
  ) {
    super(resumed ?? startAtHead(source.replica));
    this.#source = source;
    this.#onLag = onLag;
    this.#history = source.history;
    this.remaining = limit;
    this.#hasBegun = resumed !== undefined;
    if (resumed && onLag === 'FAIL') this.#lastCursor = source.replica.cursor(resumed.at);
  }

  /**
   * Reads the next page. The caller delivers its insertions. A page without changes, with the reader at the head, means that nothing more
   * is there yet.
   * @throws {LaggedError} with `onLag: FAIL`.
   * @throws {CursorExpiredError} when the log has lost changes that were delivered.
   */
  next<P extends Page<Value>>(pages: ItemPages<P>): P {
    const { replica, history, counters } = this.#source;
    if (this.#history !== history) this.#continueIn(history);
    const lag = missed(replica, this.readPosition);
    if (lag > 0 && !this.#isLagging) counters.lagged++;
    this.#isLagging = lag > 0;
    if (this.#isLagging && this.#onLag === 'FAIL')
      throw new LaggedError(lag, this.#lastCursor ?? replica.cursor(ORIGIN));
    const page = pages.items(this.readPosition, this.remaining ?? Infinity);
    this.readPosition = page.next;
    return page;
  }

  /** To be called after a delivery. `last`: the last item. */
  delivered(count: number, last: { readonly cursor: Cursor }): void {
    this.#source.counters.deliveries += count;
    if (this.remaining !== undefined) this.remaining -= count;
    this.#hasBegun = true;
    if (this.#onLag === 'FAIL') this.#lastCursor = last.cursor;
  }

  /** A subscription that has received nothing starts again at the new head. */
  #continueIn(history: History): void {
    if (!this.#history.keeps(this.readPosition)) {
      if (this.#hasBegun) throw new CursorExpiredError('the log has lost changes that were delivered: subscribe again');
      this.readPosition = startAtHead(this.#source.replica);
    }
    this.#history = history;
  }
}

/** Delivers the current items and then every insertion, until `limit` (G1 to G5, G8). Ends when `signal` aborts, and when the map is closed. */
export async function* items<Value>(
  source: Source<Value>,
  request: ItemsRequest,
  signal: AbortSignal,
): AsyncGenerator<Item<Value>, void, void> {
  if (request.limit === 0) return;
  const { interest, scheduler, counters } = source;
  // 1. Listen for changes.
  const wakeup = new Wakeup(interest, request.filter, signal);
  const slot = new AwaitedSlot(scheduler, signal);
  counters.subscriptions++;
  try {
    // 2. Capture the cutoff: the seam between cached items and those published from now on. Or continue after a cursor (`resumed`).
    const reader = await request.start(signal, (resumed) => new ItemsReader(source, request, resumed));
    // 3. Yield the cached items in timestamp order, then 4. the items published after the cutoff: `read` handles both. It reads one item at
    // a time, so that an item that was superseded before it could be sent is skipped.
    const pages = { items: (readPosition: ReadPosition) => read(source.replica, readPosition, 1, request.filter) };
    for (;;) {
      await slot.take(isNearHead(source.replica, reader.readPosition), 1);
      if (signal.aborted) return;
      const [change] = reader.next(pages).changes;
      if (change && !isRemoval(change)) {
        reader.delivered(1, change);
        yield change;
        if (reader.remaining === 0) return;
      } else if (!change && isCaughtUp(source.replica, reader.readPosition)) {
        if (!source.isClosed) reader.standAt(await wakeup.wait());
        else if (request.onClose === 'FAIL') throw closedError();
        else return;
      }
    }
  } finally {
    counters.subscriptions--;
    slot.release();
    wakeup.release();
  }
}
