import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyFilter } from '../../../../src/core/input/key-filter.ts';
import { CursorExpiredError } from '../../../../src/core/model/errors.ts';
import { PageScan, readPage } from '../../../../src/core/replica/read-page.ts';
import { Feed } from '../../../support/model/feed.ts';

const KEYS = ['a1', 'b1', 'a2', 'b2', 'a3', 'b3'];

/** Completes the scan; `between` runs after each slice. */
function complete<Value>(scan: PageScan<Value>, max: number, between: () => void = () => {}): number {
  let slices = 0;
  for (;;) {
    const looks = scan.advance(max);
    expect(looks).toBeLessThanOrEqual(max);
    slices++;
    if (scan.isComplete) return slices;
    between();
  }
}

describe('a scan in slices', () => {
  it('a scan looks at each item once, and at no more than it is allowed at once', () => {
    const feed = new Feed();
    for (let n = 0; n < 100; n++) feed.insert({ key: `b${n}` });
    const scan = new PageScan(feed, { from: null, first: 1, filter: keyFilter({ keyPrefix: 'a' }) });
    expect(complete(scan, 30)).toBe(4);
    expect(scan.advance(30)).toBe(0);
    expect(scan.page()).toMatchObject({ items: [], hasNextPage: false });
  });

  it('a scan stops at the item that shows that another page follows', () => {
    const feed = new Feed();
    for (const key of KEYS) feed.insert({ key });
    const scan = new PageScan(feed, { from: null, first: 1, filter: keyFilter({ keyPrefix: 'a' }) });
    expect(scan.advance(Infinity)).toBe(3);
    expect(scan.page()).toMatchObject({ items: [{ key: 'a1' }], hasNextPage: true });
  });

  it('an item that is superseded between two slices is shown once, as it is at the end', () => {
    const feed = new Feed();
    for (const key of KEYS) feed.insert({ key });
    const scan = new PageScan(feed, { from: null, first: 10, filter: keyFilter({ keyPrefix: 'a' }) });
    scan.advance(2);
    feed.insert({ key: 'a1' });
    feed.remove('a2');
    expect(complete(scan, 2)).toBe(2);
    expect(scan.page()).toEqual(
      readPage(feed.replica, { from: null, first: 10, filter: keyFilter({ keyPrefix: 'a' }) }),
    );
    expect(scan.page().items.map(({ key }) => key)).toEqual(['a3', 'a1']);
  });

  it('a complete scan that goes on at a later head has the page of that head', () => {
    const feed = new Feed();
    for (const key of KEYS) feed.insert({ key });
    const request = { from: null, first: 2, filter: keyFilter({ keyPrefix: 'a' }) };
    const scan = new PageScan(feed, request);
    complete(scan, 2);
    expect(scan.page()).toMatchObject({ items: [{ key: 'a1' }, { key: 'a2' }], hasNextPage: true });
    feed.remove('a1');
    feed.insert({ key: 'a2' });
    complete(scan, 2);
    expect(scan.page()).toEqual(readPage(feed.replica, request));
    expect(scan.page()).toMatchObject({ items: [{ key: 'a3' }, { key: 'a2' }], hasNextPage: false });
  });

  it('a scan begins again when another replica is shown, and its cursor must be one of that replica', () => {
    const [feed, other] = [new Feed(), new Feed()];
    for (const key of KEYS) feed.insert({ key });
    const from = feed.current('a1').cursor;
    other.insert({ key: 'b9' });
    const shown = { replica: feed.replica };
    const [scan, after] = [null, from].map(
      (each) => new PageScan(shown, { from: each, first: 3, filter: keyFilter() }),
    );
    scan?.advance(2);
    after?.advance(2);
    shown.replica = other.replica;
    scan?.advance(2);
    expect(scan?.page().items.map(({ key }) => key)).toEqual(['b9']);
    expect(() => after?.advance(2)).toThrow(CursorExpiredError);
  });

  it('a complete scan equals a read at once, for any changes between its slices', () => {
    const step = fc.tuple(fc.constantFrom(...KEYS), fc.boolean());
    const steps = fc.array(step, { maxLength: 6 });
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 30 }),
        fc.array(steps, { maxLength: 8 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom('', 'a', 'b', 'c'),
        (before, between, max, first, keyPrefix) => {
          const feed = new Feed();
          const run = (given: readonly (readonly [string, boolean])[]): void => {
            for (const [key, isRemoval] of given)
              if (!isRemoval) feed.insert({ key });
              else if (feed.replica.items.get(key)) feed.remove(key);
          };
          run(before);
          const request = { from: null, first, filter: keyFilter({ keyPrefix }) };
          const scan = new PageScan(feed, request);
          complete(scan, max, () => run(between.pop() ?? []));
          expect(scan.page()).toEqual(readPage(feed.replica, request));
          run(between.flat());
          complete(scan, max);
          expect(scan.page()).toEqual(readPage(feed.replica, request));
        },
      ),
    );
  });
});
