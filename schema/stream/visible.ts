/** Streams for callers that may not see every item. Hidden items leave no trace. Each caller has its own stream. */
import { isRemoval, type Item, type ItemChanges, type RemovedItem } from '../../src/core/model/change.ts';
import type { Cursor } from '../../src/core/model/position.ts';
import { WrappedGenerator } from '../../src/core/subscriptions/wrapped-generator.ts';

type MayRead<Value> = (value: Value) => boolean;

/** The first `limit` items that may be read. */
export function visibleItems<Value>(
  items: AsyncGenerator<Item<Value>, void, void>,
  mayRead: MayRead<Value>,
  limit = Infinity,
): AsyncGenerator<Item<Value>, void, void> {
  let remaining = limit;
  const endAtLimit = (): void => void (remaining <= 0 && items.return());
  endAtLimit();
  return new WrappedGenerator(items, {
    onNext(item) {
      if (!mayRead(item.value)) return undefined;
      remaining--;
      endAtLimit();
      return item;
    },
  });
}

/**
 * The messages of a mirror of the items that may be read. It remembers the keys that it has shown: an item that becomes hidden is
 * removed from the mirror, and the keys of other hidden items are never mentioned. The memory ends with the subscription, so `changes`
 * must start with the whole map.
 */
export function visibleChanges<Value>(
  changes: AsyncGenerator<ItemChanges<Value>, void, void>,
  mayRead: MayRead<Value>,
): AsyncGenerator<ItemChanges<Value>, void, void> {
  const shown = new Set<string>();
  let wasCaughtUp: boolean | undefined;
  /** Of the last message that the caller got: those in between were for items that it may not see. */
  let last: Cursor | undefined;
  const onNext = (message: ItemChanges<Value>): ItemChanges<Value> | undefined => {
    if (message.reset) shown.clear();
    const upserted: Item<Value>[] = [];
    const removed: RemovedItem[] = [];
    for (const change of [...message.upserted, ...message.removed]) {
      if (!isRemoval(change) && mayRead(change.value)) {
        shown.add(change.key);
        upserted.push(change);
      } else if (shown.delete(change.key)) removed.push(isRemoval(change) ? change : hidden(change));
    }
    const isNews = message.reset || upserted.length + removed.length > 0 || (message.caughtUp && !wasCaughtUp);
    if (!isNews && wasCaughtUp !== undefined) return undefined;
    wasCaughtUp = message.caughtUp;
    removed.sort((a, b) => a.position - b.position);
    const follows = message.reset ? null : (last ?? message.follows);
    last = message.cursor;
    return { ...message, upserted, removed, follows, size: null, checksum: null };
  };
  return new WrappedGenerator(changes, { onNext });
}

function hidden({ key, position, digest, timestamp, cursor, following }: Item<unknown>): RemovedItem {
  return { key, position, digest, timestamp, cursor, following, reason: 'REMOVED' };
}
