import { describe, expect, it } from 'vitest';
import { type Change, isRemoval } from '../../../src/core/model/change.ts';
import { keyFilter, passes } from '../../../src/core/input/key-filter.ts';
import { ORIGIN, type Place, type Position, START } from '../../../src/core/model/position.ts';
import {
  hasLostRemoval,
  isCaughtUp,
  isInSnapshot,
  startAtHead,
  missed,
  type Page,
  read,
  type ReadPosition,
} from '../../../src/core/replica/read.ts';
import { Dice } from '../../support/random/dice.ts';
import { Feed, grow } from '../../support/model/feed.ts';

const EVERY = keyFilter();

/** The read position of a live subscription that has everything up to a position. */
function readerAfter(feed: Feed, position: number): ReadPosition {
  const at: Place = { position: position as Position, digest: feed.replica.digestAt(position as Position) ?? 0 };
  return { at, cutoff: at };
}

const positionsOf = ({ changes }: Page<unknown>): number[] => changes.map(({ position }) => position);

function fed(bounds: ConstructorParameters<typeof Feed>[0], ...keys: readonly string[]): Feed {
  const feed = new Feed(bounds);
  for (const key of keys) feed.insert({ key });
  return feed;
}

describe('a snapshot', () => {
  it('a snapshot is the current items up to the cutoff, oldest first, without removals (G1)', () => {
    const feed = fed({}, 'a', 'b', 'c', 'a');
    feed.remove('b');
    const readPosition = startAtHead(feed.replica);
    feed.insert({ key: 'd' });
    const page = read(feed.replica, readPosition, 10, EVERY);
    expect(positionsOf(page)).toEqual([3, 4]);
    expect(page.next).toEqual({ at: readPosition.cutoff, cutoff: readPosition.cutoff, seen: feed.replica.head });
  });

  it('a snapshot of exactly one full page ends with that page', () => {
    const feed = fed({}, 'a', 'b', 'c');
    feed.remove('x');
    const { changes, next } = read(feed.replica, startAtHead(feed.replica), 3, EVERY);
    expect(changes).toHaveLength(3);
    expect(isInSnapshot(next)).toBe(false);
    expect(isCaughtUp(feed.replica, next)).toBe(true);
  });

  it('a snapshot of one item more than a page does not end with that page', () => {
    const feed = fed({}, 'a', 'b', 'c', 'd');
    const { changes, next } = read(feed.replica, startAtHead(feed.replica), 3, EVERY);
    expect(changes.map(({ key }) => key)).toEqual(['a', 'b', 'c']);
    expect(next.at).toEqual({ position: 3, digest: feed.current('c').digest });
    expect(isInSnapshot(next)).toBe(true);
    expect(read(feed.replica, next, 3, EVERY).changes).toEqual([feed.current('d')]);
  });

  it('a snapshot ends with its last match, even when rejected items follow before the cutoff', () => {
    const feed = fed({}, 'a1', 'a2', 'b1', 'b2');
    const { changes, next } = read(feed.replica, startAtHead(feed.replica), 2, keyFilter({ keyPrefix: 'a' }));
    expect(changes).toHaveLength(2);
    expect(isCaughtUp(feed.replica, next)).toBe(true);
  });

  it('the snapshot of an empty map ends at once', () => {
    const feed = new Feed();
    expect(startAtHead(feed.replica)).toEqual({ at: ORIGIN, cutoff: ORIGIN });
    expect(read(feed.replica, startAtHead(feed.replica), 1, EVERY)).toEqual({
      changes: [],
      next: { at: ORIGIN, cutoff: ORIGIN },
    });
    expect(isCaughtUp(feed.replica, startAtHead(feed.replica))).toBe(true);
  });

  it('a snapshot skips items that are superseded or removed before they are sent (G1)', () => {
    const feed = fed({}, 'a', 'b', 'c', 'd');
    const first = read(feed.replica, startAtHead(feed.replica), 1, EVERY);
    feed.insert({ key: 'b' });
    feed.remove('c');
    const rest = read(feed.replica, first.next, 10, EVERY);
    expect(rest.changes.map(({ key }) => key)).toEqual(['d']);
    const live = read(feed.replica, rest.next, 10, EVERY);
    expect(positionsOf(live)).toEqual([5, 6]);
    expect(isRemoval(live.changes[1]!)).toBe(true);
  });
});

describe('the window', () => {
  // Positions 5, 6, 7 are in the window; 1 is superseded by 3.
  const feed = fed({ window: 3 }, 'a', 'b', 'a', 'c', 'd', 'd', 'd');

  it.each<[string, number, number, number[]]>([
    ['right before its first position', 4, 0, [5, 6, 7]],
    ['at its first position', 5, 0, [6, 7]],
    ['one before the head', 6, 0, [7]],
    ['at the head', 7, 0, []],
    // Position 4 has left the window, but its item is current.
    ['two before its first position', 3, 1, [4]],
    ['three before its first position', 2, 2, [3, 4]],
    ['at the start', 0, 4, [2, 3, 4]],
  ])('the window continues after a reader %s', (_, position, lag, expected) => {
    const readPosition = readerAfter(feed, position);
    expect(missed(feed.replica, readPosition)).toBe(lag);
    const page = read(feed.replica, readPosition, 10, EVERY);
    expect(positionsOf(page)).toEqual(expected);
    expect(page.next.at.position).toBe(lag > 0 ? 4 : 7);
    // Current items up to the floor, and then changes one by one.
    expect(positionsOf(read(feed.replica, page.next, 10, EVERY))).toEqual(lag > 0 ? [5, 6, 7] : []);
  });

  it('a reader that is still in its snapshot does not lag', () => {
    const other = fed({ window: 3 }, 'a', 'b', 'c');
    const readPosition = startAtHead(other.replica);
    for (const key of ['d', 'e', 'f']) other.insert({ key });
    expect(other.replica.window.floor.position).toBe(3);
    expect(missed(other.replica, readPosition)).toBe(0);
    other.insert({ key: 'g' });
    expect(missed(other.replica, readPosition)).toBe(1);
  });

  it('a page ends at a place with the digest of its position', () => {
    const { next } = read(feed.replica, readerAfter(feed, 4), 2, EVERY);
    expect(next.at).toEqual({ position: 6, digest: feed.replica.digestAt(6 as Position) });
  });
});

describe('a lost removal', () => {
  const feed = fed({ window: 2 }, 'a', 'b');
  feed.remove('a');
  for (const key of ['c', 'd']) feed.insert({ key });

  it.each([
    ['matters to a reader right before it', 2, true],
    ['does not matter to a reader at it', 3, false],
    ['does not matter to a reader after it', 4, false],
    ['matters to a reader far before it', 0, true],
  ])('a lost removal %s', (_, position, expected) =>
    expect(hasLostRemoval(feed.replica, readerAfter(feed, position))).toBe(expected),
  );

  it('a lost removal does not matter to a snapshot whose cutoff is after it', () => {
    expect(hasLostRemoval(feed.replica, { at: ORIGIN, cutoff: readerAfter(feed, 3).at })).toBe(false);
    expect(hasLostRemoval(feed.replica, { at: ORIGIN, cutoff: readerAfter(feed, 2).at })).toBe(true);
  });
});

describe('a filter', () => {
  const feed = fed({}, 'user:1', 'user:2', 'item:1', 'user:3', 'item:2');
  feed.remove('user:2');

  it.each<[string, Parameters<typeof keyFilter>[0], number[], number[]]>([
    ['nothing', null, [1, 3, 4, 5], [1, 2, 3, 4, 5, 6]],
    ['a prefix', { keyPrefix: 'user:' }, [1, 4], [1, 2, 4, 6]],
    ['keys, in position order', { keys: ['item:2', 'user:2', 'user:1', 'none'] }, [1, 5], [1, 2, 5, 6]],
    ['keys and a prefix: both must hold', { keys: ['item:2', 'user:1'], keyPrefix: 'user' }, [1], [1]],
    ['no keys: nothing', { keys: [] }, [], []],
  ])('snapshot and window deliver the matching items for a filter of %s', (_, input, snapshot, live) => {
    const filter = keyFilter(input);
    const joined = read(feed.replica, startAtHead(feed.replica), 10, filter);
    expect(positionsOf(joined)).toEqual(snapshot);
    expect(isCaughtUp(feed.replica, joined.next)).toBe(true);
    const page = read(feed.replica, readerAfter(feed, 0), 10, filter);
    expect(positionsOf(page)).toEqual(live);
    expect(isCaughtUp(feed.replica, page.next)).toBe(true);
  });

  it('a filter of keys continues after the key of its position', () => {
    const filter = keyFilter({ keys: ['item:2', 'user:1', 'user:3'] });
    const first = read(feed.replica, startAtHead(feed.replica), 1, filter);
    expect(positionsOf(first)).toEqual([1]);
    expect(positionsOf(read(feed.replica, first.next, 10, filter))).toEqual([4, 5]);
  });
});

describe('a filter that nothing passes', () => {
  const feed = new Feed({ maxItems: 10_000, window: 10_000 });
  const insertMany = (from: number, to: number): void => {
    for (let i = from; i < to; i++) feed.insert({ key: `k${i}` });
  };
  insertMany(0, 4090);
  feed.insert(...Array.from({ length: 20 }, (_, i) => ({ key: `batch${i}` })));
  insertMany(4090, 5000);
  const filter = keyFilter({ keyPrefix: 'none' });

  it('a snapshot with a filter that nothing passes advances in bounded reads', () => {
    const first = read(feed.replica, startAtHead(feed.replica), 1, filter);
    expect(first).toMatchObject({ changes: [], next: { at: { position: 4096 } } });
    const second = read(feed.replica, first.next, 1, filter);
    expect(second.changes).toEqual([]);
    expect(isCaughtUp(feed.replica, second.next)).toBe(true);
  });

  it('a window with a filter that nothing passes advances in bounded reads that end with a batch', () => {
    const first = read(feed.replica, readerAfter(feed, 0), 1, filter);
    expect(first).toMatchObject({ changes: [], next: { at: { position: 4110 } } });
    expect(isCaughtUp(feed.replica, read(feed.replica, first.next, 1, filter).next)).toBe(true);
  });

  it('a snapshot of named keys takes one read', () => {
    const page = read(feed.replica, startAtHead(feed.replica), 2, keyFilter({ keys: ['k4999', 'none', 'k3'] }));
    expect(page.changes.map(({ key }) => key)).toEqual(['k3', 'k4999']);
    expect(isCaughtUp(feed.replica, page.next)).toBe(true);
  });
});

describe.each([11, 12, 13, 14])('random mirrors of a random history, seed %i', (seed) => {
  it('random mirrors equal the map whenever they are caught up (G6), with positions that rise between resets (G3)', () => {
    const feed = new Feed({ window: 20 });
    const { replica } = feed;
    const dice = new Dice(seed);
    let caughtUp = 0;
    let lagged = 0;
    let resets = 0;
    const mirrors = [EVERY, EVERY, keyFilter({ keyPrefix: 'key-1' }), keyFilter({ keys: ['key-3', 'other-25'] })].map(
      (filter) => ({ filter, items: new Map<string, Change<unknown>>(), readPosition: startAtHead(replica) }),
    );
    for (let step = 0; step < 4000; step++) {
      grow(feed, dice, dice.below(dice.once(20) ? 60 : 4));
      const mirror = dice.pick(mirrors);
      const { filter, items } = mirror;
      if (missed(replica, mirror.readPosition) > 0) lagged++;
      if (hasLostRemoval(replica, mirror.readPosition)) {
        resets++;
        items.clear();
        mirror.readPosition = startAtHead(replica);
      }
      const before = mirror.readPosition.at.position;
      const { changes, next } = read(replica, mirror.readPosition, 1 + dice.below(12), filter);
      let last: number = before;
      for (const change of changes) {
        expect(change.position).toBeGreaterThan(last);
        expect(passes(filter, change.key)).toBe(true);
        last = change.position;
        if (isRemoval(change)) items.delete(change.key);
        else items.set(change.key, change);
      }
      expect(next.at.position).toBeGreaterThanOrEqual(last);
      expect(replica.digestAt(next.at.position) ?? next.at.digest).toBe(next.at.digest);
      mirror.readPosition = next;
      if (!isCaughtUp(replica, next)) continue;
      caughtUp++;
      const expected = [...replica.items.index.from(START)].filter(({ key }) => passes(filter, key));
      expect([...items.values()].toSorted((a, b) => a.position - b.position)).toEqual(expected);
    }
    expect(Math.min(caughtUp, lagged, resets)).toBeGreaterThan(100);
  });
});
