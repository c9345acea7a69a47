import { describe, expect, it, vi } from 'vitest';
import type { Item } from '../../../src/core/model/change.ts';
import { formatCursor } from '../../../src/core/model/cursor.ts';
import { ItemStore } from '../../../src/core/replica/item-store.ts';
import { parseEpoch, type Position, START } from '../../../src/core/model/position.ts';
import { Dice } from '../../support/random/dice.ts';
import { checksumOf } from '../../support/model/mirror.ts';

const EPOCH = parseEpoch('0testepoch00');

function item(key: string, at: number, options: { bytes?: number; expiresAt?: number } = {}): Item<null> {
  const position = at as Position;
  const digest = (at * 2654435761) % 2 ** 32;
  const cursor = formatCursor(EPOCH, { position, digest });
  const { bytes = 1, expiresAt = null } = options;
  return { key, value: null, json: 'null', position, digest, timestamp: 0, cursor, expiresAt, bytes, following: 0 };
}

const keysOf = (cache: ItemStore<null>): string[] => [...cache.index.from(START)].map(({ key }) => key);

describe('the cache', () => {
  it('a new item store is empty', () => {
    const cache = new ItemStore<null>();
    expect([cache.size, cache.bytes, cache.checksum]).toEqual([0, 0, '00000000']);
    expect(cache.evict()).toBeUndefined();
  });

  it('the item store has the latest item of a key and counts it once', () => {
    const cache = new ItemStore<null>();
    cache.set(item('a', 1, { bytes: 5 }));
    cache.set(item('b', 2, { bytes: 7 }));
    cache.set(item('a', 3, { bytes: 2 }));
    expect(cache.get('a')?.position).toBe(3);
    expect([cache.size, cache.bytes]).toEqual([2, 9]);
    expect(keysOf(cache)).toEqual(['b', 'a']);
  });

  it('the item store evicts the oldest position, and reads move none', () => {
    const cache = new ItemStore<null>();
    for (const [at, key] of ['a', 'b', 'c'].entries()) cache.set(item(key, at + 1));
    cache.set(item('a', 4));
    cache.get('b');
    expect([cache.evict()?.key, cache.evict()?.key, cache.evict()?.key]).toEqual(['b', 'c', 'a']);
    expect([cache.size, cache.bytes, cache.checksum]).toEqual([0, 0, '00000000']);
  });

  it('the item store deletes an item', () => {
    const cache = new ItemStore<null>();
    const a = item('a', 1, { expiresAt: 5 });
    cache.set(a);
    cache.delete(a);
    expect(cache.get('a')).toBeUndefined();
    expect(cache.index.next(START)).toBeUndefined();
    expect(cache.expiry.peek()).toBeUndefined();
    expect(cache.checksum).toBe('00000000');
  });

  it('the item store knows the current item that expires first', () => {
    const cache = new ItemStore<null>();
    cache.set(item('a', 1, { expiresAt: 10 }));
    cache.set(item('b', 2, { expiresAt: 20 }));
    cache.set(item('c', 3));
    expect(cache.expiry.peek()?.key).toBe('a');
    cache.set(item('a', 4, { expiresAt: 30 }));
    expect(cache.expiry.peek()?.key).toBe('b');
    cache.set(item('b', 5));
    expect(cache.expiry.peek()?.position).toBe(4);
    cache.evict();
    cache.evict();
    expect(cache.expiry.peek()).toBeUndefined();
  });

  it('the item store tells its expiry queue of each item that is no longer current', () => {
    const cache = new ItemStore<null>();
    const forget = vi.spyOn(cache.expiry, 'forget');
    cache.set(item('a', 1, { expiresAt: 10 }));
    cache.set(item('a', 2, { expiresAt: 20 }));
    cache.set(item('b', 3, { expiresAt: 20 }));
    cache.set(item('c', 4));
    cache.set(item('c', 5));
    cache.delete(cache.get('b')!);
    cache.evict();
    expect(forget).toHaveBeenCalledTimes(3);
  });

  it('the checksum of one item is the one that schema/schema.graphql describes', () => {
    const cache = new ItemStore<null>();
    const only = item('ключ €', 1);
    cache.set(only);
    let hash = 0x811c9dc5n;
    for (const byte of Buffer.from(`${only.key}\n${only.cursor}`))
      hash = ((hash ^ BigInt(byte)) * 0x01000193n) % 2n ** 32n;
    expect(cache.checksum).toBe(hash.toString(16).padStart(8, '0'));
  });

  it('the checksum depends on the current items only, not on their history', () => {
    const [one, other] = [new ItemStore<null>(), new ItemStore<null>()];
    for (const key of ['a', 'b', 'c']) one.set(item(key, key.charCodeAt(0)));
    for (const [at, key] of ['c', 'x', 'b', 'a'].entries()) other.set(item(key, at + 1));
    other.evict();
    other.delete(other.get('x')!);
    for (const key of ['a', 'b', 'c']) other.set(item(key, key.charCodeAt(0)));
    expect(other.checksum).toBe(one.checksum);
  });

  it.each([61, 62, 63])('size, bytes and checksum of the item store add up over random operations, seed %i', (seed) => {
    const dice = new Dice(seed);
    const cache = new ItemStore<null>();
    const model = new Map<string, Item<null>>();
    for (let at = 1; at <= 3000; at++) {
      const key = `k${dice.below(60)}`;
      const there = cache.get(key);
      expect(there).toBe(model.get(key));
      if (dice.once(6)) {
        const oldest = [...model.values()][0];
        if (cache.evict() !== oldest) throw new Error(`step ${at} evicts another item than the oldest`);
        if (oldest) model.delete(oldest.key);
      } else if (dice.once(4) && there) {
        cache.delete(there);
        model.delete(key);
      } else {
        const fresh = item(key, at, { bytes: 1 + dice.below(50), ...(dice.once(2) && { expiresAt: dice.below(999) }) });
        cache.set(fresh);
        model.delete(key);
        model.set(key, fresh);
      }
      const items = [...model.values()];
      expect(cache.size).toBe(items.length);
      expect(cache.bytes).toBe(items.reduce((sum, { bytes }) => sum + bytes, 0));
      expect(cache.checksum).toBe(checksumOf(items));
      expect([...cache.index.from(START)]).toEqual(items);
    }
  });
});
