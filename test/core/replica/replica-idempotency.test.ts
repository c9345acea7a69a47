import { describe, expect, it } from 'vitest';
import { IdempotencyTable } from '../../../src/core/replica/idempotency.ts';
import { Feed, inserted, removed } from '../../support/model/feed.ts';

const once = { key: 'once', payload: 'p' };

describe('a retry of an insertion', () => {
  it.each<[string, (feed: Feed) => unknown]>([
    ['at once', () => {}],
    ['after the item was superseded', (feed) => feed.insert({ key: 'a', value: 'newer' })],
    ['after the item was removed', (feed) => feed.remove('a')],
    ['after the item was evicted', (feed) => feed.rebound({ maxItems: 1 })],
    ['after the item has expired', (feed) => ((feed.now += 60_000), feed.tick())],
    ['after its change has left the window', (feed) => feed.rebound({ window: 1 })],
  ])('a retry of an insertion %s returns the first result and changes nothing', (_, act) => {
    const feed = new Feed();
    const [first] = inserted(feed.insert({ key: 'a', value: 'v', ttl: 60, idempotency: once }));
    feed.insert({ key: 'b' });
    act(feed);
    const { head } = feed.replica;
    const there = feed.keys();
    feed.now += 1000;
    const [again] = inserted(feed.insert({ key: 'a', value: 'v', ttl: 60, idempotency: once }));
    expect(again).toEqual(first);
    expect(feed.replica.head).toEqual(head);
    expect(feed.keys()).toEqual(there);
  });

  it('a retry of an insertion returns the first result although its conditions no longer hold', () => {
    const feed = new Feed();
    const [first] = inserted(feed.insert({ key: 'a', ifAbsent: true, idempotency: once }));
    expect(inserted(feed.insert({ key: 'a', ifAbsent: true, idempotency: once }))).toEqual([first]);
  });

  it('a retry of an insertion with another payload conflicts', () => {
    const feed = new Feed();
    feed.insert({ key: 'a', idempotency: once });
    const { head } = feed.replica;
    const cursor = feed.current('a').cursor;
    const outcome = feed.insert({ key: 'b' }, { key: 'a', idempotency: { ...once, payload: 'other' } });
    expect(outcome).toMatchObject({ kind: 'conflict', index: 1, cursor });
    expect(feed.remove('a', { idempotency: { ...once, payload: 'removal' } })).toMatchObject({ kind: 'conflict' });
    expect(feed.replica.head).toEqual(head);
  });

  it('the same idempotency key under another key is another insertion', () => {
    const feed = new Feed();
    feed.insert({ key: 'a', idempotency: once });
    feed.insert({ key: 'b', idempotency: { ...once, payload: 'other' } });
    expect(feed.keys()).toEqual(['a', 'b']);
  });

  it('an insertion may be retried after a conflict, which is not remembered', () => {
    const feed = new Feed();
    feed.insert({ key: 'a' });
    expect(feed.insert({ key: 'a', ifAbsent: true, idempotency: once }).kind).toBe('conflict');
    feed.remove('a');
    expect(inserted(feed.insert({ key: 'a', ifAbsent: true, idempotency: once }))[0]).toMatchObject({ position: 3 });
  });
});

describe('an idempotent repeat in a batch', () => {
  it('an idempotent repeat of an earlier command takes no position in a batch', () => {
    const feed = new Feed();
    const [first] = inserted(feed.insert({ key: 'a', idempotency: once }));
    const items = inserted(feed.insert({ key: 'b' }, { key: 'a', idempotency: once }, { key: 'c' }));
    expect(items[1]).toEqual(first);
    expect(items.map(({ key, position, following }) => [key, position, following])).toEqual([
      ['b', 2, 1],
      ['a', 1, 0],
      ['c', 3, 0],
    ]);
    expect(feed.story()).toEqual(['+a', '+b', '+c']);
  });

  it('an idempotent repeat of an earlier input takes no position, and the batch still counts down', () => {
    const feed = new Feed();
    const items = inserted(
      feed.insert({ key: 'a', idempotency: once }, { key: 'a', idempotency: once }, { key: 'b', idempotency: once }),
    );
    expect(items.map(({ position }) => position)).toEqual([1, 1, 2]);
    expect([...feed.replica.window].map(({ key, following }) => [key, following])).toEqual([
      ['a', 1],
      ['b', 0],
    ]);
  });

  it('an idempotent repeat conflicts when the earlier input had another payload', () => {
    const feed = new Feed();
    const outcome = feed.insert({ key: 'a', idempotency: once }, { key: 'a', idempotency: { ...once, payload: 'q' } });
    expect(outcome).toMatchObject({ kind: 'conflict', index: 1 });
    expect(feed.keys()).toEqual([]);
  });

  it('a batch of idempotent repeats returns the first results', () => {
    const feed = new Feed();
    const batch = ['a', 'b', 'c'].map((key) => ({ key, idempotency: once }));
    const first = inserted(feed.insert(...batch));
    const again = inserted(feed.insert(...batch));
    expect(again.map(({ cursor }) => cursor)).toEqual(first.map(({ cursor }) => cursor));
    expect(feed.replica.head.position).toBe(3);
  });

  it('an idempotent repeat takes no position even when its batch fills the table of first results', () => {
    const feed = new Feed();
    Object.assign(feed.replica, { firstResults: new IdempotencyTable(2) });
    const [first] = inserted(feed.insert({ key: 'a', idempotency: once }));
    feed.insert({ key: 'b', idempotency: once });
    const items = inserted(feed.insert({ key: 'c', idempotency: once }, { key: 'a', idempotency: once }));
    expect(items[1]).toEqual(first);
    expect(feed.story()).toEqual(['+a', '+b', '+c']);
  });
});

describe('a retry of a removal', () => {
  it('a retry of a removal returns the first result although the key exists again', () => {
    const feed = new Feed();
    feed.insert({ key: 'a' });
    const first = removed(feed.remove('a', { idempotency: once }));
    feed.insert({ key: 'a' });
    feed.now += 1000;
    expect(removed(feed.remove('a', { idempotency: once }))).toEqual(first);
    expect(feed.keys()).toEqual(['a']);
  });

  it('a removal that found no item is remembered as null, and its retry removes nothing', () => {
    const feed = new Feed();
    expect(removed(feed.remove('a', { idempotency: once }))).toBeNull();
    feed.insert({ key: 'a' });
    expect(removed(feed.remove('a', { idempotency: once }))).toBeNull();
    expect(feed.keys()).toEqual(['a']);
  });
});

describe('the table of first results', () => {
  const result = { payload: 'p', place: null, timestamp: 0, expiresAt: null };

  it('the table of first results keeps the newest entries, and a read refreshes none', () => {
    const table = new IdempotencyTable(3);
    for (const key of ['a', 'b', 'c']) table.remember(key, 'once', result);
    expect(table.get('a', once)).toEqual(result);
    table.remember('d', 'once', result);
    expect(table.get('a', once)).toBeUndefined();
    expect(table.entries().map(([key]) => key)).toEqual(['b', 'c', 'd']);
  });

  it('the table of first results distinguishes all pairs of keys', () => {
    const table = new IdempotencyTable();
    const pairs = [
      ['a', 'b:c'],
      ['a:b', 'c'],
      ['a', '1:b'],
      ['1:a', 'b'],
      ['', 'ab'],
      ['ab', ''],
    ] as const;
    for (const [key, idempotencyKey] of pairs) table.remember(key, idempotencyKey, { ...result, payload: key });
    expect(table.entries()).toHaveLength(pairs.length);
    for (const [key, idempotencyKey] of pairs)
      expect(table.get(key, { key: idempotencyKey, payload: '' })?.payload).toBe(key);
  });

  it('the table of first results keeps 100,000 entries by default', () => {
    const table = new IdempotencyTable();
    for (let i = 0; i <= 100_000; i++) table.remember('a', `${i}`, result);
    expect(table.get('a', { key: '0', payload: 'p' })).toBeUndefined();
    expect(table.get('a', { key: '1', payload: 'p' })).toEqual(result);
    expect(table.entries()).toHaveLength(100_000);
  });
});
