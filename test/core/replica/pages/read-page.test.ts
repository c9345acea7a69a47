import { describe, expect, it } from 'vitest';
import { BadInputError } from '../../../../src/core/model/errors.ts';
import { keyFilter } from '../../../../src/core/input/key-filter.ts';
import { ORIGIN } from '../../../../src/core/model/position.ts';
import { type PageRequest, readPage } from '../../../../src/core/replica/read-page.ts';
import { Feed } from '../../../support/model/feed.ts';

const feed = new Feed();
for (const key of ['a1', 'b1', 'a2', 'b2', 'a3']) feed.insert({ key });
feed.insert({ key: 'a1' });
feed.remove('b2');
// The items are b1 at 2, a2 at 3, a3 at 5 and a1 at 6; the head is 7.
const { replica } = feed;

function page(request: Partial<PageRequest>): { keys: string[]; hasNextPage: boolean; hasPreviousPage: boolean } {
  const { items, hasNextPage, hasPreviousPage } = readPage(replica, {
    from: null,
    first: 10,
    filter: keyFilter(),
    ...request,
  });
  return { keys: items.map(({ key }) => key), hasNextPage, hasPreviousPage };
}

describe('a page', () => {
  it.each<[string, Partial<PageRequest>, string[], boolean, boolean]>([
    ['a page of all items, oldest first', {}, ['b1', 'a2', 'a3', 'a1'], false, false],
    ['a page of exactly as many items as there are', { first: 4 }, ['b1', 'a2', 'a3', 'a1'], false, false],
    ['a page of fewer items than there are', { first: 2 }, ['b1', 'a2'], true, false],
    ['a page after an item', { from: feed.current('a2').cursor, first: 1 }, ['a3'], true, true],
    ['a page after the last item', { from: feed.current('a1').cursor }, [], false, true],
    ['a page after the head', { from: replica.cursor(replica.head) }, [], false, false],
    ['a page after the origin', { from: replica.cursor(ORIGIN), first: 1 }, ['b1'], true, false],
    ['a page with a prefix', { filter: keyFilter({ keyPrefix: 'a' }), first: 2 }, ['a2', 'a3'], true, false],
    [
      'a page with a prefix, of exactly as many items as match',
      { filter: keyFilter({ keyPrefix: 'a' }), first: 3 },
      ['a2', 'a3', 'a1'],
      false,
      false,
    ],
    [
      'a page with keys, in position order',
      { filter: keyFilter({ keys: ['a1', 'b1', 'b2'] }) },
      ['b1', 'a1'],
      false,
      false,
    ],
    [
      'a page with keys, after one of them',
      { filter: keyFilter({ keys: ['a1', 'b1'] }), from: feed.current('b1').cursor },
      ['a1'],
      false,
      true,
    ],
  ])('%s has the expected items and page info', (_, request, keys, hasNextPage, hasPreviousPage) =>
    expect(page(request)).toEqual({ keys, hasNextPage, hasPreviousPage }),
  );

  it('a page continues after an item that was removed meanwhile', () => {
    const other = new Feed();
    for (const key of ['a', 'b', 'c']) other.insert({ key });
    const { cursor } = other.current('b');
    other.remove('b');
    const { items } = readPage(other.replica, { from: cursor, first: 10, filter: keyFilter() });
    expect(items.map(({ key }) => key)).toEqual(['c']);
  });

  it('the cursor of a page is the position at which it was read, regardless of its items', () => {
    for (const from of [null, feed.current('a2').cursor])
      expect(readPage(replica, { from, first: 1, filter: keyFilter() }).cursor).toBe(replica.cursor(replica.head));
  });

  it("a page reveals nothing of items outside the filter, as a token's prefix is a filter", () => {
    expect(page({ filter: keyFilter(null, 'a'), from: feed.current('b1').cursor })).toEqual({
      keys: ['a2', 'a3', 'a1'],
      hasNextPage: false,
      hasPreviousPage: false,
    });
    expect(page({ filter: keyFilter(null, 'none'), from: replica.cursor(replica.head) })).toEqual({
      keys: [],
      hasNextPage: false,
      hasPreviousPage: false,
    });
  });

  it('a page of an empty map is empty', () => {
    const { replica: empty } = new Feed();
    expect(readPage(empty, { from: empty.cursor(ORIGIN), first: 1, filter: keyFilter() })).toEqual({
      items: [],
      hasNextPage: false,
      hasPreviousPage: false,
      cursor: empty.cursor(ORIGIN),
    });
  });

  it('a page refuses a text that is not a cursor', () =>
    expect(() => page({ from: 'nonsense' })).toThrow(BadInputError));
});
