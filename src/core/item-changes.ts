import { type Change, isRemoval, type Item, type RemovedItem } from './change.ts';
import type { Cursor } from './position.ts';
import { isEveryKey, type KeyFilter } from './filter.ts';
import type { Source } from './items.ts';
import { hasLostRemoval, isCaughtUp, isNearHead, joining, missed, type Page, read, type Standing } from './read.ts';
import type { Replica } from './replica.ts';
import { Wakeup } from './subscriber.ts';
import { Turn } from './turns.ts';

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

export interface ChangesRequest {
  readonly filter: KeyFilter;
  /** Where to go on, or undefined to start with the whole map. Read once the subscriber listens. */
  readonly start: () => Promise<Standing | undefined>;
}

const MAX_ENTRIES = 1000;

/** Everything a mirror of the map (or of the filter's part of it) needs, from an empty one or from where it stood (G6). */
export async function* itemChanges<Value>(
  { replica, heads, turns, counters }: Source<Value>,
  { filter, start }: ChangesRequest,
  left: AbortSignal,
): AsyncGenerator<ItemChanges<Value>, void, void> {
  const wakeup = new Wakeup(heads, left);
  const turn = new Turn(turns, left);
  try {
    const resumed = await start();
    let standing = resumed ?? joining(replica);
    let reset = resumed === undefined;
    let sent: { caughtUp: boolean; position: number } | undefined;
    let isLagging = false;
    let spent = 0;
    for (;;) {
      await turn.take(isNearHead(replica, standing), spent);
      if (left.aborted) return;
      const lag = missed(replica, standing) > 0;
      if (lag && !isLagging) counters.lagged++;
      isLagging = lag;
      if (hasLostRemoval(replica, standing)) {
        standing = joining(replica);
        reset = true;
        counters.resets++;
      }
      const page = read(replica, standing, MAX_ENTRIES, filter);
      standing = page.next;
      spent = page.changes.length;
      const caughtUp = isCaughtUp(replica, standing);
      // Who is told nothing for long (its filter lets nothing pass) gets an empty message, so that its cursor stays in the window.
      const isOld = sent !== undefined && standing.at.position - sent.position >= replica.bounds.window / 4;
      if (!sent || reset || page.changes.length > 0 || (caughtUp && !sent.caughtUp) || isOld) {
        sent = { caughtUp, position: standing.at.position };
        counters.deliveries++;
        yield messageOf(replica, page, reset, caughtUp, filter);
        reset = false;
      } else if (caughtUp) await wakeup.wait();
    }
  } finally {
    turn.release();
    wakeup.release();
  }
}

function messageOf<Value>(
  replica: Replica<Value>,
  { changes, next }: Page<Value>,
  reset: boolean,
  caughtUp: boolean,
  filter: KeyFilter,
): ItemChanges<Value> {
  const upserted: Item<Value>[] = [];
  const removed: RemovedItem[] = [];
  for (const change of lastOfEachKey(changes)) {
    if (isRemoval(change)) removed.push(change);
    else upserted.push(change);
  }
  const isWhole = caughtUp && isEveryKey(filter);
  return {
    reset,
    upserted,
    removed,
    caughtUp,
    cursor: replica.cursor(next.at, next.cutoff, next.seen),
    size: isWhole ? replica.items.size : null,
    checksum: isWhole ? replica.items.checksum : null,
  };
}

function lastOfEachKey<Value>(changes: readonly Change<Value>[]): Iterable<Change<Value>> {
  const last = new Map<string, Change<Value>>();
  for (const change of changes) {
    // Deleted first, so that the map's order stays the order of positions.
    last.delete(change.key);
    last.set(change.key, change);
  }
  return last.values();
}
