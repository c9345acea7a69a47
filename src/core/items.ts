import { isRemoval, type Item } from './change.ts';
import { LaggedError } from './errors.ts';
import type { KeyFilter } from './filter.ts';
import { isCaughtUp, isNearHead, missed, read, type Standing } from './read.ts';
import type { Replica } from './replica.ts';
import { Wakeup } from './subscriber.ts';
import type { HeadTarget } from './pub-sub.ts';
import { Turn, type Turns } from './turns.ts';

/** What a subscriber needs of its map. */
export interface Source<Value> {
  readonly replica: Replica<Value>;
  readonly heads: HeadTarget;
  readonly turns: Turns;
  readonly counters: Counters;
}

export interface Counters {
  inserts: number;
  deliveries: number;
  lagged: number;
  resets: number;
}

export interface ItemsRequest {
  readonly limit: number;
  readonly filter: KeyFilter;
  readonly onLag: 'CONFLATE' | 'FAIL';
  /** Where to start: behind a cursor, or joining now. Read once the subscriber listens. */
  readonly start: () => Promise<Standing>;
}

/** Delivers what is there now and then everything that changes, until `limit` (G1 to G5, G8). Ends when `left` aborts. */
export async function* items<Value>(
  { replica, heads, turns, counters }: Source<Value>,
  { limit, filter, onLag, start }: ItemsRequest,
  left: AbortSignal,
): AsyncGenerator<Item<Value>, void, void> {
  if (limit === 0) return;
  // 1. Subscribe to the pub-sub.
  const wakeup = new Wakeup(heads, left);
  const turn = new Turn(turns, left);
  try {
    // 2. Capture the cutoff: the seam between what is cached and what is published from now on.
    let standing = await start();
    let delivered = 0;
    let lastCursor = replica.cursor(standing.at);
    let isLagging = false;
    // 3. Yield the cached items in timestamp order, then 4. what is published after the cutoff: `read` knows which. One at
    // a time, so that an item that is superseded before it could be sent is skipped.
    for (;;) {
      await turn.take(isNearHead(replica, standing), 1);
      if (left.aborted) return;
      const lag = missed(replica, standing);
      if (lag > 0 && !isLagging) counters.lagged++;
      isLagging = lag > 0;
      if (isLagging && onLag === 'FAIL') throw new LaggedError(lag, lastCursor);

      const { changes, next } = read(replica, standing, 1, filter);
      standing = next;
      const change = changes[0];
      if (change && !isRemoval(change)) {
        counters.deliveries++;
        lastCursor = change.cursor;
        yield change;
        if (++delivered === limit) return;
      } else if (!change && isCaughtUp(replica, standing)) await wakeup.wait();
    }
  } finally {
    turn.release();
    wakeup.release();
  }
}
