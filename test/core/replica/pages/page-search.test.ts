/** Pages of filters on values: whose values they look at, and where they end. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { itemFilter, matches } from '../../../../src/core/input/item-filter.ts';
import type { ItemFilter } from '../../../../src/core/input/item-filter.ts';
import { type ItemPage, LOOKS_OF_A_KEY, PageScan, readPage } from '../../../../src/core/replica/read-page.ts';
import { MAX_SEARCHED_BYTES, MAX_SEARCHED_ITEMS } from '../../../../src/core/replica/search-bound.ts';
import { Feed } from '../../../support/model/feed.ts';

const ROOM = { maxItems: 1_000_000, maxBytes: 1_000_000_000 };
const HIT = { path: '/hit', eq: true };
const KEYS = ['a1', 'b1', 'a2', 'b2', 'a3', 'b3'];
const keysOf = ({ items }: ItemPage<unknown>): string[] => items.map(({ key }) => key);

/** In batches, which take less time. */
function insertAll(feed: Feed, prefix: string, count: number, valueOf: (n: number) => unknown): void {
  for (let from = 0; from < count; from += 1000)
    feed.insert(
      ...Array.from({ length: Math.min(1000, count - from) }, (_, n) => ({
        key: `${prefix}${from + n}`,
        value: valueOf(from + n),
      })),
    );
}

/** Advances slice by slice; `between` runs after each. Returns the looks of each slice. */
function complete(scan: PageScan<unknown>, max: number, between: () => void = () => {}): number[] {
  const slices: number[] = [];
  for (;;) {
    slices.push(scan.advance(max));
    if (scan.isComplete) return slices;
    between();
  }
}

/** The keys of all pages, and how many pages there are. */
function allPages(feed: Feed, filter: ItemFilter, first: number): { keys: string[]; pages: number } {
  const keys: string[] = [];
  let from: string | undefined;
  for (let pages = 1; ; pages++) {
    const page = readPage(feed.replica, { from, first, filter });
    keys.push(...keysOf(page));
    if (!page.hasNextPage) return { keys, pages };
    expect((page.endCursor ?? '') > (from ?? '')).toBe(true);
    from = page.endCursor;
  }
}

describe('a page of a filter that few items match', () => {
  it(`a page ends after ${MAX_SEARCHED_ITEMS} values, and the pages after it have every match once`, () => {
    const feed = new Feed(ROOM);
    insertAll(feed, 'k', 60_000, (n) => ({ hit: n === 39_999 || n === 55_000 }));
    const filter = itemFilter({ where: HIT });
    const page = readPage(feed.replica, { from: null, first: 10, filter });
    expect(page).toMatchObject({ hasNextPage: true, endCursor: feed.current(`k${MAX_SEARCHED_ITEMS - 1}`).cursor });
    expect(keysOf(page)).toEqual(['k39999']);
    expect(allPages(feed, filter, 10)).toEqual({ keys: ['k39999', 'k55000'], pages: 2 });
    expect(allPages(feed, filter, 1)).toEqual({ keys: ['k39999', 'k55000'], pages: 2 });
    // A page that looks at all items has none after it.
    const newest = readPage(feed.replica, { from: feed.current('k50999').cursor, first: 10, filter });
    expect(newest).toMatchObject({ hasNextPage: false, endCursor: feed.current('k55000').cursor });
    // Nor has one whose bound is reached by the last item whose key passes.
    const prefix = itemFilter({ keyPrefix: 'k1', where: { path: '/hit', eq: 'none' } });
    expect(allPages(feed, prefix, 1)).toEqual({ keys: [], pages: 1 });
    expect(readPage(feed.replica, { from: null, first: 1, filter: prefix }).endCursor).toBeUndefined();
  });

  it('a page ends after so many bytes of values; each operator of the filter counts an eighth of them', () => {
    const feed = new Feed(ROOM);
    const value = { text: 'x'.repeat(65_000), hit: false };
    for (let n = 0; n < 200; n++) feed.insert({ key: `k${n}`, value });
    const bytes = JSON.stringify(value).length;
    for (const operators of [1, 8, 63]) {
      const filter = itemFilter({ where: { and: Array.from({ length: operators }, (_, n) => ({ ...HIT, eq: n })) } });
      const searched = Math.ceil(MAX_SEARCHED_BYTES / (bytes * (1 + operators / 8)));
      const page = readPage(feed.replica, { from: null, first: 10, filter });
      expect(page).toMatchObject({ items: [], hasNextPage: true, endCursor: feed.current(`k${searched - 1}`).cursor });
    }
  });

  it('a page looks at one value at least, however large it is', () => {
    const feed = new Feed(ROOM);
    for (const key of KEYS) feed.insert({ key, value: 'x'.repeat(MAX_SEARCHED_BYTES) });
    expect(allPages(feed, itemFilter({ where: { eq: 'y' } }), 1)).toEqual({ keys: [], pages: KEYS.length });
  });

  it('keys outside the prefix count for no bound, so a page reveals nothing of them', () => {
    const feed = new Feed(ROOM);
    insertAll(feed, 'a', 10, () => ({ hit: false }));
    insertAll(feed, 'b', MAX_SEARCHED_ITEMS, () => ({ hit: false }));
    const page = readPage(feed.replica, { from: null, first: 1, filter: itemFilter({ where: HIT }, 'a') });
    expect(page).toMatchObject({ items: [], hasNextPage: false, hasPreviousPage: false });
    expect(page.endCursor).toBeUndefined();
  });

  it('an item precedes the page only if it matches, and its value is looked at once', () => {
    const feed = new Feed(ROOM);
    for (const [n, key] of KEYS.entries()) feed.insert({ key, value: { hit: n % 2 === 0 } });
    const filter = itemFilter({ where: HIT });
    const previous = KEYS.map(
      (key) => readPage(feed.replica, { from: feed.current(key).cursor, first: 1, filter }).hasPreviousPage,
    );
    expect(previous).toEqual([true, false, true, false, true, false]);
    const scan = new PageScan(feed, { from: feed.current('a1').cursor, first: 1, filter });
    scan.advance(Infinity);
    feed.insert({ key: 'a1', value: { hit: true } });
    expect(scan.advance(Infinity)).toBeLessThan(50);
    expect(scan.page().hasPreviousPage).toBe(false);
  });
});

describe('the slices of a page with a filter on values', () => {
  it('a slice ends with the value that exceeds it', () => {
    const feed = new Feed(ROOM);
    for (let n = 0; n < 20; n++) feed.insert({ key: `k${n}`, value: 'x'.repeat(n % 2 === 0 ? 10_000 : 10) });
    const slices = complete(new PageScan(feed, { from: null, first: 5, filter: itemFilter({ where: HIT }) }), 4096);
    // 10,000 bytes take more than 4,096 looks, 10 bytes take 26.
    expect(slices).toHaveLength(11);
    for (const looks of slices.slice(0, 10)) expect(looks).toBeGreaterThan(4096);
    expect(slices.at(-1)).toBeLessThan(50);
  });

  it('a filter with `keys` finds its keys once, and looks at their values in slices while they change', () => {
    const feed = new Feed(ROOM);
    for (const key of KEYS) feed.insert({ key, value: { hit: true, text: 'x'.repeat(20_000) } });
    const filter = itemFilter({ keys: [...KEYS, 'c1', 'none'], where: HIT });
    const scan = new PageScan(feed, { from: null, first: 10, filter });
    expect(scan.advance(1)).toBe(8 * LOOKS_OF_A_KEY);
    expect(scan.advance(1)).toBeGreaterThan(8000);
    feed.insert({ key: 'b1', value: { hit: false } });
    feed.insert({ key: 'a1', value: { hit: true } });
    feed.insert({ key: 'c1', value: { hit: true } });
    feed.insert({ key: 'other', value: { hit: true } });
    feed.remove('b3');
    const slices = complete(scan, 1);
    // a2, b2 and a3; then the four that have come since.
    expect(slices.filter((looks) => looks > 8000)).toHaveLength(3);
    expect(keysOf(scan.page())).toEqual(['a2', 'b2', 'a3', 'a1', 'c1']);
    expect(scan.page()).toEqual(readPage(feed.replica, { from: null, first: 10, filter }));
  });

  it('a page that has ended at its bound is complete at every later head, without what has changed', () => {
    const feed = new Feed(ROOM);
    for (let n = 0; n < 300; n++) feed.insert({ key: `k${n}`, value: { hit: n < 3, text: 'x'.repeat(65_000) } });
    const filter = itemFilter({ where: HIT });
    const scan = new PageScan(feed, { from: null, first: 10, filter });
    complete(scan, 4096);
    const { endCursor } = scan.page();
    expect(keysOf(scan.page())).toEqual(['k0', 'k1', 'k2']);
    feed.remove('k0');
    feed.insert({ key: 'k1', value: { hit: true } });
    expect(scan.advance(1000)).toBe(0);
    expect(scan.isComplete).toBe(true);
    expect(scan.page()).toMatchObject({ hasNextPage: true, endCursor, cursor: feed.replica.cursor(feed.replica.head) });
    expect(keysOf(scan.page())).toEqual(['k2']);
    // What has moved is on a later page.
    const { keys } = allPages(feed, filter, 10);
    expect(keys).toEqual(['k2', 'k1']);
  });

  it('a complete scan equals a read at once, for any changes between its slices and any filter', () => {
    const step = fc.tuple(fc.constantFrom(...KEYS), fc.constantFrom(true, false, undefined));
    const steps = fc.array(step, { maxLength: 6 });
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 30 }),
        fc.array(steps, { maxLength: 8 }),
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 4 }),
        fc.record({
          keyPrefix: fc.constantFrom('', 'a'),
          keys: fc.option(fc.subarray(KEYS)),
          where: fc.option(fc.constantFrom(HIT, { not: HIT }, {})),
        }),
        (before, between, max, first, given) => {
          const feed = new Feed(ROOM);
          const run = (changes: readonly (readonly [string, boolean | undefined])[]): void => {
            for (const [key, hit] of changes)
              if (hit !== undefined) feed.insert({ key, value: { hit } });
              else if (feed.replica.items.get(key)) feed.remove(key);
          };
          run(before);
          const filter = itemFilter(given);
          const request = { from: null, first, filter };
          const scan = new PageScan(feed, request);
          const isEqual = (): void => {
            const expected = [...feed.replica.items.index.from(0 as never)].filter((item) => matches(filter, item));
            expect(scan.page().items).toEqual(expected.slice(0, first));
            expect(scan.page().hasNextPage).toBe(expected.length > first);
            expect(scan.page()).toEqual(readPage(feed.replica, request));
          };
          complete(scan, max, () => run(between.pop() ?? []));
          isEqual();
          run(between.flat());
          complete(scan, max);
          isEqual();
        },
      ),
    );
  });
});
