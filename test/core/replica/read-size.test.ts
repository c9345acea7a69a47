import { describe, expect, it } from 'vitest';
import { keyFilter } from '../../../src/core/input/key-filter.ts';
import type { Position } from '../../../src/core/model/position.ts';
import { isCaughtUp, startAtHead, type Page, read, type ReadPosition } from '../../../src/core/replica/read.ts';
import { Feed } from '../../support/model/feed.ts';

const EVERY = keyFilter();
const positionsOf = ({ changes }: Page<unknown>): number[] => changes.map(({ position }) => position);

/** The read position of a live subscription that has everything up to a position in the window. */
function readerAfter({ replica }: Feed, position: number): ReadPosition {
  const at = { position: position as Position, digest: replica.digestAt(position as Position) ?? NaN };
  return { at, cutoff: at };
}

describe('a batch', () => {
  const feed = new Feed();
  feed.insert({ key: 'a' });
  feed.insert({ key: 'b1' }, { key: 'b2' }, { key: 'b3' });
  feed.insert({ key: 'c1' }, { key: 'c2' });
  feed.insert({ key: 'd' });

  it.each<[string, number, number, number[]]>([
    ['is left for the next page when it does not fit', 0, 3, [1]],
    ['is on the page when it just fits', 0, 4, [1, 2, 3, 4]],
    ['is left, the second one too', 0, 5, [1, 2, 3, 4]],
    ['is on the page after another', 0, 6, [1, 2, 3, 4, 5, 6]],
    ['is divided when it alone exceeds the page', 1, 2, [2, 3]],
    ['goes on where it was divided, with what else fits', 3, 4, [4, 5, 6, 7]],
    ['goes on where it was divided, and the next one is left', 3, 2, [4]],
    ['is divided by a page of one', 4, 1, [5]],
  ])('a batch %s', (_, position, max, expected) => {
    const page = read(feed.replica, readerAfter(feed, position), max, EVERY);
    expect(positionsOf(page)).toEqual(expected);
    expect(page.next.at.position).toBe(expected.at(-1));
  });

  it('a page counts only the changes of a batch that pass the filter', () => {
    const page = read(feed.replica, readerAfter(feed, 0), 1, keyFilter({ keys: ['b2', 'c1'] }));
    expect(positionsOf(page)).toEqual([3]);
    expect(page.next.at.position).toBe(4);
  });
});

describe('a page', () => {
  // Each item has a little more than 20 KB, so the third one fills a page.
  const big = { value: 'x'.repeat(20_000) };

  it('a page ends when it has 48 KiB of keys and values, and not before', () => {
    const feed = new Feed();
    for (const key of ['a', 'b', 'c', 'd', 'e']) feed.insert({ key, ...big });
    expect(positionsOf(read(feed.replica, readerAfter(feed, 0), 100, EVERY))).toEqual([1, 2, 3]);
    const snapshot = read(feed.replica, startAtHead(feed.replica), 100, EVERY);
    expect(positionsOf(snapshot)).toEqual([1, 2, 3]);
    const rest = read(feed.replica, snapshot.next, 100, EVERY);
    expect(positionsOf(rest)).toEqual([4, 5]);
    expect(isCaughtUp(feed.replica, rest.next)).toBe(true);
  });

  it('a page that is full of bytes at the end of the log is caught up', () => {
    const feed = new Feed();
    for (const key of ['a', 'b', 'c']) feed.insert({ key, ...big });
    for (const readPosition of [startAtHead(feed.replica), readerAfter(feed, 0)])
      expect(isCaughtUp(feed.replica, read(feed.replica, readPosition, 100, EVERY).next)).toBe(true);
  });

  it('a page never divides a batch because of its bytes', () => {
    const feed = new Feed();
    feed.insert({ key: 'first' });
    feed.insert(...['a', 'b', 'c', 'd', 'e'].map((key) => ({ key, ...big })));
    feed.insert({ key: 'last' });
    const first = read(feed.replica, readerAfter(feed, 0), 100, EVERY);
    expect(positionsOf(first)).toEqual([1]);
    const second = read(feed.replica, first.next, 100, EVERY);
    expect(positionsOf(second)).toEqual([2, 3, 4, 5, 6]);
    expect(positionsOf(read(feed.replica, second.next, 100, EVERY))).toEqual([7]);
  });

  it('a page counts no bytes of changes that the filter rejects', () => {
    const feed = new Feed();
    for (const key of ['a1', 'b1', 'a2', 'b2', 'a3', 'b3']) feed.insert({ key, ...big });
    const filter = keyFilter({ keyPrefix: 'b' });
    for (const readPosition of [startAtHead(feed.replica), readerAfter(feed, 0)])
      expect(positionsOf(read(feed.replica, readPosition, 100, filter))).toEqual([2, 4, 6]);
  });
});
