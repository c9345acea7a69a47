import { describe, expect, it } from 'vitest';
import { isRemoval } from '../../../src/core/model/change.ts';
import { ORIGIN, type Position } from '../../../src/core/model/position.ts';
import { applyEntry, emptyReplica, Feed, inserted, removed } from '../../support/model/feed.ts';

describe('positions', () => {
  it('each change gets the next position, from 1 on', () => {
    const feed = new Feed();
    feed.insert({ key: 'a' });
    feed.insert({ key: 'b' });
    feed.remove('a');
    feed.insert({ key: 'b' });
    expect([...feed.replica.window].map(({ position }) => position)).toEqual([1, 2, 3, 4]);
    expect(feed.story()).toEqual(['+a', '+b', 'REMOVED a', '+b']);
  });

  it.each<[string, (feed: Feed) => unknown]>([
    ['a tick with nothing due', (feed) => feed.tick()],
    ['a bounds command that nothing exceeds', (feed) => feed.rebound({ maxItems: 5 })],
    ['a removal of a key without an item', (feed) => feed.remove('nobody')],
    ['a conflict', (feed) => feed.insert({ key: 'a', ifAbsent: true })],
    ['a foreign entry', (feed) => feed.write(Uint8Array.of(1, 2, 3))],
    ['an empty entry', (feed) => feed.write(new Uint8Array())],
    [
      'a late command that creates the log',
      (feed) => feed.apply({ kind: 'found', bounds: { ...feed.replica.bounds, maxItems: 1 } }),
    ],
  ])('%s gets no position, but advances the sequence', (_, act) => {
    const feed = new Feed();
    feed.insert({ key: 'a' });
    feed.insert({ key: 'b' });
    const { head } = feed.replica;
    act(feed);
    expect(feed.replica.head).toEqual(head);
    expect(feed.replica.sequence).toBe(3);
    expect(feed.keys()).toEqual(['a', 'b']);
  });

  it('an item that is inserted again moves to the newest end, and reads move none', () => {
    const feed = new Feed();
    feed.insert({ key: 'a' }, { key: 'b' }, { key: 'c' });
    feed.insert({ key: 'a' });
    feed.replica.items.get('b');
    expect(feed.keys()).toEqual(['b', 'c', 'a']);
    feed.rebound({ maxItems: 2 });
    expect(feed.keys()).toEqual(['c', 'a']);
  });

  it('the command that creates the log sets the bounds', () => {
    const feed = new Feed();
    const bounds = { maxItems: 1, maxBytes: 1000, window: 2 };
    feed.apply({ kind: 'found', bounds });
    feed.insert({ key: 'a' }, { key: 'b' });
    expect(feed.replica.bounds).toEqual(bounds);
    expect(feed.keys()).toEqual(['b']);
    expect(feed.story()).toEqual(['+b', 'EVICTED a']);
  });

  it('the outcome of an insertion is the item with its place, time and bytes', () => {
    const feed = new Feed();
    const [item] = inserted(feed.insert({ key: 'ключ', value: { text: '€' }, ttl: 3 }));
    expect(item?.json).toBe('{"text":"€"}');
    expect(JSON.parse(JSON.stringify(item))).toEqual({
      key: 'ключ',
      value: { text: '€' },
      ...feed.replica.head,
      timestamp: feed.now,
      expiresAt: feed.now + 3000,
      cursor: feed.replica.cursor(feed.replica.head),
      bytes: 8 + Buffer.byteLength('{"text":"€"}'),
      following: 0,
    });
    expect(feed.current('ключ')).toBe(item);
    expect(feed.replica.window.get(item!.position)).toBe(item);
  });

  it('the outcome of a removal is the removal, or null for a key without an item', () => {
    const feed = new Feed();
    feed.insert({ key: 'a' });
    expect(removed(feed.remove('a'))).toEqual({
      key: 'a',
      reason: 'REMOVED',
      ...feed.replica.head,
      timestamp: feed.now,
      cursor: feed.replica.cursor(feed.replica.head),
      following: 0,
    });
    expect(removed(feed.remove('a'))).toBeNull();
    expect(feed.keys()).toEqual([]);
  });
});

describe('batches', () => {
  it('a batch takes consecutive positions, also for equal keys, and counts down', () => {
    const feed = new Feed();
    feed.insert({ key: 'z' });
    const items = inserted(feed.insert({ key: 'a', value: 1 }, { key: 'b' }, { key: 'a', value: 2 }));
    expect(items.map(({ key, position, following }) => [key, position, following])).toEqual([
      ['a', 2, 2],
      ['b', 3, 1],
      ['a', 4, 0],
    ]);
    expect(feed.current('a').value).toBe(2);
    expect(feed.keys()).toEqual(['z', 'b', 'a']);
  });

  it('a batch is inserted as a whole or not at all', () => {
    const feed = new Feed();
    feed.insert({ key: 'c' });
    const before = feed.replica.head;
    const outcome = feed.insert({ key: 'a' }, { key: 'b' }, { key: 'c', ifAbsent: true }, { key: 'd' });
    expect(outcome).toMatchObject({ kind: 'conflict', index: 2, cursor: feed.current('c').cursor });
    expect(feed.replica.head).toEqual(before);
    expect(feed.keys()).toEqual(['c']);
  });

  it('a batch that conflicts leaves no idempotency key', () => {
    const feed = new Feed();
    const once = { key: 'once', payload: 'p' };
    feed.insert({ key: 'c' });
    feed.insert({ key: 'a', idempotency: once }, { key: 'c', ifAbsent: true });
    expect(inserted(feed.insert({ key: 'a', idempotency: once }))[0]).toMatchObject({ position: 2 });
  });
});

describe('conditions', () => {
  const feed = (): Feed => {
    const made = new Feed();
    made.insert({ key: 'there', value: 'old' });
    return made;
  };

  it.each<[string, (made: Feed) => ReturnType<Feed['insert']>, 'inserted' | 'removed']>([
    ['ifAbsent of a key without an item', (made) => made.insert({ key: 'new', ifAbsent: true }), 'inserted'],
    [
      "ifCursor with the item's own cursor",
      (made) => made.insert({ key: 'there', ifCursor: made.current('there').cursor }),
      'inserted',
    ],
    [
      'ifCursor in a batch that changes other keys before',
      (made) => made.insert({ key: 'new' }, { key: 'there', ifCursor: made.current('there').cursor }),
      'inserted',
    ],
    [
      "a removal with the item's own cursor",
      (made) => made.remove('there', { ifCursor: made.current('there').cursor }),
      'removed',
    ],
    ['ifAbsent: false', (made) => made.insert({ key: 'there', ifAbsent: false }), 'inserted'],
  ])('conditions accept %s', (_, act, kind) => {
    const made = feed();
    expect(act(made).kind).toBe(kind);
    expect(made.replica.head.position).toBeGreaterThan(1);
  });

  it.each<[string, number, (made: Feed) => ReturnType<Feed['insert']>]>([
    ['ifAbsent of an existing key', 0, (made) => made.insert({ key: 'there', ifAbsent: true })],
    [
      'ifAbsent of a key that the same batch inserts before',
      1,
      (made) => made.insert({ key: 'new' }, { key: 'new', ifAbsent: true }),
    ],
    ['ifCursor with another cursor', 0, (made) => made.insert({ key: 'there', ifCursor: made.replica.cursor(ORIGIN) })],
    [
      'ifCursor of a key without an item',
      0,
      (made) => made.insert({ key: 'new', ifCursor: made.current('there').cursor }),
    ],
    [
      'ifCursor of a key that the same batch inserts before',
      1,
      (made) => made.insert({ key: 'there' }, { key: 'there', ifCursor: made.current('there').cursor }),
    ],
    ['a removal with another cursor', 0, (made) => made.remove('there', { ifCursor: made.replica.cursor(ORIGIN) })],
    [
      'a removal with a cursor of a key without an item',
      0,
      (made) => made.remove('new', { ifCursor: made.current('there').cursor }),
    ],
  ])('conditions refuse %s', (_, index, act) => {
    const made = feed();
    const { head } = made.replica;
    expect(act(made)).toMatchObject({ kind: 'conflict', index });
    expect(made.replica.head).toEqual(head);
    expect(made.current('there').value).toBe('old');
  });

  it('a conflict carries the cursor of the current item, or null', () => {
    const made = feed();
    expect(made.insert({ key: 'there', ifAbsent: true })).toMatchObject({ cursor: made.current('there').cursor });
    expect(made.remove('new', { ifCursor: made.current('there').cursor })).toMatchObject({ cursor: null });
  });
});

describe('repeated commands', () => {
  it('a repeated command changes nothing', () => {
    const feed = new Feed();
    feed.insert({ key: 'a', value: 1 });
    feed.insert({ key: 'a', value: 2 });
    const { head } = feed.replica;
    expect(feed.write(feed.entries[0]!.data)).toEqual({ kind: 'nothing' });
    expect(feed.replica.head).toEqual(head);
    expect(feed.current('a').value).toBe(2);
    expect(feed.replica).toMatchObject({ sequence: 3, commandId: 'id-1' });
  });

  it('a repeated command does not expire due items', () => {
    const feed = new Feed();
    feed.insert({ key: 'a', ttl: 1 });
    feed.now += 2000;
    feed.write(feed.entries[0]!.data);
    expect(feed.keys()).toEqual(['a']);
  });
});

describe('time', () => {
  it("timestamps never fall, even when the log's time does (G3)", () => {
    const feed = new Feed();
    const times = [0, 5000, -60_000, 4999, 5001, -1, 7000];
    const start = feed.now;
    for (const time of times) {
      feed.now = start + time;
      feed.insert({ key: 'a' });
    }
    const stamps = [...feed.replica.window].map(({ timestamp }) => timestamp - start);
    expect(stamps).toEqual([0, 5000, 5000, 37_499, 37_500, 37_500, 41_001]);
  });

  it("a ttl counts from the timestamp, and expires the item in its time although the log's time has fallen", () => {
    const feed = new Feed();
    const start = feed.now;
    feed.now = start + 3_600_000;
    feed.insert({ key: 'ahead' });
    feed.now = start;
    expect(inserted(feed.insert({ key: 'a', ttl: 1 }))[0]).toMatchObject({
      timestamp: start + 3_600_000,
      expiresAt: start + 3_601_000,
    });
    feed.now = start + 1000;
    feed.tick();
    expect(feed.keys()).toEqual(['ahead', 'a']);
    feed.now = start + 1011;
    feed.tick();
    expect(feed.keys()).toEqual(['ahead']);
  });
});

describe('the digest', () => {
  const digestOf = (...acts: readonly ((feed: Feed) => void)[]): number => {
    const feed = new Feed();
    for (const act of acts) act(feed);
    return feed.replica.head.digest;
  };
  const a = (feed: Feed): void =>
    void feed.apply({ kind: 'insert', insertions: [{ key: 'a', json: '1', bytes: 2 }] }, 'A');
  const b = (feed: Feed): void =>
    void feed.apply({ kind: 'insert', insertions: [{ key: 'b', json: '1', bytes: 2 }] }, 'B');
  const a2 = (feed: Feed): void =>
    void feed.apply({ kind: 'insert', insertions: [{ key: 'a', json: '2', bytes: 2 }] }, 'A');
  const later = (feed: Feed): void => void feed.now++;

  it('the digest is equal for equal histories', () => expect(digestOf(a, b)).toBe(digestOf(a, b)));

  it.each([
    ['value', digestOf(a2, b)],
    ['timestamp', digestOf(a, later, b)],
    ['earlier timestamp', digestOf(later, a, b)],
    ['order', digestOf(b, a)],
    ['change more', digestOf(a, b, (feed) => feed.insert({ key: 'c' }))],
  ])('the digest differs for another %s', (_, other) => expect(other).not.toBe(digestOf(a, b)));

  it('the digest differs at each change of one batch', () => {
    const feed = new Feed();
    feed.insert({ key: 'a' }, { key: 'a' }, { key: 'a' });
    expect(new Set([...feed.replica.window].map(({ digest }) => digest)).size).toBe(3);
  });

  it('the digest is known in the window, at its floor, at current items and at the start, and nowhere else', () => {
    const feed = new Feed({ window: 3 });
    const keys = ['a', 'b', 'a', 'c', 'c', 'd', 'e'];
    const made = keys.flatMap((key) => inserted(feed.insert({ key }))).map(({ digest }) => digest);
    const known = Array.from({ length: 9 }, (_, position) => feed.replica.digestAt(position as Position));
    // 1 was superseded, 2 and 3 are current, 4 is the floor, 8 does not exist yet.
    expect(known).toEqual([0, undefined, ...made.slice(1), undefined]);
  });
});

it('one log makes the same changes on every replica', () => {
  const feed = new Feed();
  feed.insert({ key: 'a', ttl: 1 }, { key: 'b' });
  feed.now += 1500;
  feed.remove('b');
  const other = emptyReplica();
  for (const entry of feed.entries) applyEntry(other, entry);
  expect([...other.window]).toEqual([...feed.replica.window]);
  expect([...other.window].filter(isRemoval)).toHaveLength(2);
});
