import { describe, expect, it } from 'vitest';
import { MAX_EXPIRED } from '../../../src/core/replica/replica.ts';
import { Feed, inserted, removed } from '../../support/model/feed.ts';

const SECOND = 1000;

describe('expiry', () => {
  it('items due at the time of a command expire before the command', () => {
    const feed = new Feed();
    feed.insert({ key: 'a', ttl: 2 });
    feed.now += 2 * SECOND - 1;
    feed.insert({ key: 'b' });
    feed.now += 1;
    feed.insert({ key: 'c' });
    expect(feed.story()).toEqual(['+a', '+b', 'EXPIRED a', '+c']);
  });

  it.each<[string, (feed: Feed) => unknown]>([
    ['a tick', (feed) => feed.tick()],
    ['an insertion', (feed) => feed.insert({ key: 'x', ttl: 99 })],
    ['a batch that conflicts', (feed) => feed.insert({ key: 'b', ifAbsent: true })],
    ['a removal that finds nothing', (feed) => feed.remove('nobody')],
    ['new bounds', (feed) => feed.rebound({ maxItems: 9 })],
  ])('due items expire with %s', (_, act) => {
    const feed = new Feed();
    feed.insert({ key: 'a', ttl: 1 }, { key: 'b' });
    feed.now += SECOND;
    act(feed);
    expect(feed.story(2)[0]).toBe('EXPIRED a');
  });

  it('items expire in the order of expiresAt, then of position', () => {
    const feed = new Feed();
    feed.insert(
      { key: 'late', ttl: 5 },
      { key: 'first', ttl: 1 },
      { key: 'second', ttl: 1 },
      { key: 'middle', ttl: 3 },
    );
    feed.now += 9 * SECOND;
    feed.tick();
    expect(feed.story(4)).toEqual(['EXPIRED first', 'EXPIRED second', 'EXPIRED middle', 'EXPIRED late']);
  });

  it('an item that was inserted again without a ttl does not expire', () => {
    const feed = new Feed();
    feed.insert({ key: 'a', ttl: 1 }, { key: 'b', ttl: 1 });
    feed.insert({ key: 'a' }, { key: 'b', ttl: 5 });
    feed.now += 2 * SECOND;
    feed.tick();
    expect(feed.keys()).toEqual(['a', 'b']);
    feed.now += 4 * SECOND;
    feed.tick();
    expect(feed.keys()).toEqual(['a']);
  });

  it("an item is due by what passes, also after the log's time has fallen", () => {
    const feed = new Feed();
    feed.insert({ key: 'a', ttl: 1 });
    feed.now -= 60 * SECOND;
    feed.tick();
    expect(feed.keys()).toEqual(['a']);
    feed.now += 1.02 * SECOND;
    feed.tick();
    expect(feed.keys()).toEqual([]);
  });

  it('a command expires at most 1,000 items, the earliest first, and later commands expire the rest', () => {
    const feed = new Feed({ maxItems: 10_000, window: 10_000 });
    const inputs = Array.from({ length: 2300 }, (_, i) => ({ key: `k${i}`, ttl: 2300 - i }));
    for (let i = 0; i < inputs.length; i += 500) feed.insert(...inputs.slice(i, i + 500));
    feed.now += 3600 * SECOND;
    const left: number[] = [];
    for (let ticks = 0; ticks < 4; ticks++) {
      feed.tick();
      left.push(feed.replica.items.size);
    }
    expect(MAX_EXPIRED).toBe(1000);
    expect(left).toEqual([1300, 300, 0, 0]);
    expect(feed.story(2300)).toEqual(inputs.toReversed().map(({ key }) => `EXPIRED ${key}`));
  });
});

describe("the command's own keys", () => {
  /** More items are due before `own` than one command expires; `own too` is due now. */
  const overdue = (): Feed => {
    const feed = new Feed({ maxItems: 10_000, window: 10_000 });
    for (let i = 0; i < 3; i++) feed.insert(...Array.from({ length: 500 }, (_, n) => ({ key: `k${i}-${n}`, ttl: 1 })));
    feed.insert({ key: 'own', ttl: 2 }, { key: 'own too', ttl: 10 });
    feed.now += 10 * SECOND;
    return feed;
  };

  it("the command's own keys expire first, so ifAbsent holds for an expired key", () => {
    const feed = overdue();
    const [item] = inserted(feed.insert({ key: 'own', ifAbsent: true, value: 'new' }));
    expect(feed.story(1502).slice(0, 2)).toEqual(['EXPIRED own', 'EXPIRED k0-0']);
    expect(feed.story(1502)).toHaveLength(MAX_EXPIRED + 1);
    expect(feed.current('own')).toBe(item);
  });

  it("the command's own keys expire in the order of expiresAt and position, each once", () => {
    const feed = overdue();
    feed.insert({ key: 'own too' }, { key: 'own' }, { key: 'own too' });
    expect(feed.story(1502).slice(0, 3)).toEqual(['EXPIRED own', 'EXPIRED own too', 'EXPIRED k0-0']);
    expect(feed.story(1502).filter((line) => line.startsWith('EXPIRED'))).toHaveLength(MAX_EXPIRED);
  });

  it("the command's own key expires before a removal, which then finds no item", () => {
    const feed = overdue();
    expect(removed(feed.remove('own'))).toBeNull();
    expect(feed.story(1502)[0]).toBe('EXPIRED own');
  });

  it("the command's own key expires before ifCursor is judged", () => {
    const feed = overdue();
    const { cursor } = feed.current('own');
    expect(feed.insert({ key: 'own', ifCursor: cursor })).toMatchObject({ kind: 'conflict', cursor: null });
  });
});
