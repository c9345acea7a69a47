import { describe, expect, it } from 'vitest';
import { Feed, inserted } from '../../support/model/feed.ts';

describe('eviction by max-items', () => {
  it('eviction by maxItems removes the oldest positions right after the insertion', () => {
    const feed = new Feed({ maxItems: 2 });
    for (const key of ['a', 'b', 'a', 'c']) feed.insert({ key });
    expect(feed.story()).toEqual(['+a', '+b', '+a', '+c', 'EVICTED b']);
    expect(feed.keys()).toEqual(['a', 'c']);
    expect(feed.replica.evictions).toBe(1);
  });

  it('eviction waits for the whole batch', () => {
    const feed = new Feed({ maxItems: 3 });
    feed.insert({ key: 'a' }, { key: 'b' }, { key: 'c' });
    feed.insert({ key: 'd' }, { key: 'a' }, { key: 'e' });
    expect(feed.story(3)).toEqual(['+d', '+a', '+e', 'EVICTED b', 'EVICTED c']);
    expect(feed.keys()).toEqual(['d', 'a', 'e']);
  });

  it("eviction takes the batch's own items when they alone exceed the bound", () => {
    const feed = new Feed({ maxItems: 2 });
    const items = inserted(feed.insert({ key: 'a' }, { key: 'b' }, { key: 'c' }, { key: 'd' }));
    expect(items.map(({ key }) => key)).toEqual(['a', 'b', 'c', 'd']);
    expect(feed.story()).toEqual(['+a', '+b', '+c', '+d', 'EVICTED a', 'EVICTED b']);
  });

  it('an insertion that supersedes an item evicts nothing', () => {
    const feed = new Feed({ maxItems: 1 });
    feed.insert({ key: 'a' });
    feed.insert({ key: 'a' });
    expect(feed.story()).toEqual(['+a', '+a']);
  });

  it('eviction comes after expiry, which may make it unnecessary', () => {
    const feed = new Feed({ maxItems: 2 });
    feed.insert({ key: 'old' }, { key: 'mortal', ttl: 1 });
    feed.now += 1000;
    feed.insert({ key: 'new' });
    expect(feed.story(2)).toEqual(['EXPIRED mortal', '+new']);
  });
});

describe('eviction by max-bytes', () => {
  it("maxBytes counts the UTF-8 bytes of the key and of the value's JSON", () => {
    // Each item has 2 + 5 bytes: 'é' and "€".
    const feed = new Feed({ maxBytes: 14 });
    feed.insert({ key: 'é', value: '€' });
    feed.insert({ key: 'è', value: '€' });
    expect(feed.replica.items.bytes).toBe(14);
    feed.insert({ key: 'a', value: 1 });
    expect(feed.story(2).at(-1)).toBe('EVICTED é');
    expect(feed.replica.items.bytes).toBe(9);
  });

  it('eviction by maxBytes goes by position until the bound holds', () => {
    const feed = new Feed({ maxBytes: 40 });
    for (const key of ['a', 'b', 'c']) feed.insert({ key, value: '12345678' });
    feed.insert({ key: 'd', value: 'x'.repeat(20) });
    expect(feed.keys()).toEqual(['c', 'd']);
  });

  it('eviction by maxBytes removes an item that alone exceeds the bound', () => {
    const feed = new Feed({ maxBytes: 10 });
    feed.insert({ key: 'a', value: 1 });
    feed.insert({ key: 'big', value: 'x'.repeat(20) });
    expect(feed.keys()).toEqual([]);
    expect(feed.replica.items.bytes).toBe(0);
    expect(feed.replica.head.position).toBe(4);
  });
});

describe('a bounds command', () => {
  it('a bounds command evicts at once, in position order', () => {
    const feed = new Feed();
    feed.insert({ key: 'a' }, { key: 'b' }, { key: 'c' }, { key: 'd' });
    feed.rebound({ maxItems: 2 });
    expect(feed.story(4)).toEqual(['EVICTED a', 'EVICTED b']);
    expect(feed.replica.bounds.maxItems).toBe(2);
  });

  it('a bounds command shrinks the window and moves its floor', () => {
    const feed = new Feed();
    for (const key of ['a', 'b', 'c', 'd', 'e']) feed.insert({ key });
    feed.rebound({ window: 2 });
    expect(feed.story()).toEqual(['+d', '+e']);
    expect(feed.replica.window.floor).toEqual({
      position: 3,
      digest: feed.current('c').digest,
    });
  });

  it('a bounds command widens the window for later changes only', () => {
    const feed = new Feed({ window: 2 });
    for (const key of ['a', 'b', 'c']) feed.insert({ key });
    feed.rebound({ window: 4 });
    for (const key of ['d', 'e', 'f']) feed.insert({ key });
    expect(feed.story()).toEqual(['+c', '+d', '+e', '+f']);
  });
});

describe('a removal that leaves the window', () => {
  it.each<[string, number, (feed: Feed) => unknown]>([
    ['is lost while its key is absent', 2, (feed) => feed.remove('a')],
    ['is not lost when its key is there again', 0, (feed) => (feed.remove('a'), feed.insert({ key: 'a' }))],
    [
      'is lost with the second one of its key',
      4,
      (feed) => (feed.remove('a'), feed.insert({ key: 'a' }), feed.remove('a')),
    ],
  ])('a removal that leaves the window %s', (_, lost, act) => {
    const feed = new Feed({ window: 4 });
    feed.insert({ key: 'a' });
    act(feed);
    for (const key of ['w', 'x', 'y', 'z']) feed.insert({ key });
    expect(feed.replica.lostRemoval).toBe(lost);
  });

  it('a removal is also lost when the window shrinks', () => {
    const feed = new Feed();
    feed.insert({ key: 'a' }, { key: 'b' });
    feed.remove('a');
    feed.insert({ key: 'c' });
    feed.rebound({ window: 2 });
    expect(feed.replica.lostRemoval).toBe(0);
    feed.rebound({ window: 1 });
    expect(feed.replica.lostRemoval).toBe(3);
  });

  it('a removal is lost at once when the window holds nothing', () => {
    const feed = new Feed({ window: 1, maxBytes: 3 });
    feed.insert({ key: 'a', value: 1 });
    feed.remove('a');
    feed.insert({ key: 'b', value: 1 });
    expect(feed.replica.lostRemoval).toBe(2);
  });
});
