import { describe, expect, it } from 'vitest';
import { type Change, isRemoval } from '../../../src/core/model/change.ts';
import { type Position, START } from '../../../src/core/model/position.ts';
import { exportState } from '../../../src/core/replica/snapshot.ts';
import { checksumOf } from '../../support/model/mirror.ts';
import { Dice } from '../../support/random/dice.ts';
import { applyEntry, emptyReplica, Feed, grow } from '../../support/model/feed.ts';

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

describe.each(SEEDS)('random commands, seed %i', (seed) => {
  it('random commands make equal replicas, line by line', () => {
    const feed = new Feed();
    grow(feed, new Dice(seed), 1500);
    const other = emptyReplica();
    for (const entry of feed.entries) applyEntry(other, entry);
    expect([...exportState(other)]).toEqual([...exportState(feed.replica)]);
    expect(other.items.checksum).toBe(feed.replica.items.checksum);
  });

  it('random commands keep the bounds, the order and the checksum at every step', () => {
    const feed = new Feed();
    const { replica } = feed;
    const dice = new Dice(seed);
    for (let step = 0; step < 1500; step++) {
      grow(feed, dice, 1);
      const items = [...replica.items.index.from(START)];
      const positions = items.map(({ position }) => position);
      expect(positions).toEqual(positions.toSorted((a, b) => a - b));
      expect(items.length).toBe(replica.items.size);
      expect(items.length).toBeLessThanOrEqual(replica.bounds.maxItems);
      expect(items.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(replica.items.bytes);
      expect(replica.items.bytes).toBeLessThanOrEqual(replica.bounds.maxBytes);
      expect(replica.items.checksum).toBe(checksumOf(items));
      expect(replica.window.floor.position).toBeLessThanOrEqual(replica.head.position);
    }
  });

  it('the changes of random commands add up to the map, with dense positions and timestamps that never fall (G3)', () => {
    const feed = new Feed({ maxItems: 12 });
    const { replica } = feed;
    const dice = new Dice(seed);
    const mirror = new Map<string, Change<unknown>>();
    let last = { position: 0, timestamp: 0 };
    for (let step = 0; step < 1500; step++) {
      grow(feed, dice, 1, true);
      for (let change; (change = replica.window.get((last.position + 1) as Position)); last = change) {
        expect(change.position).toBe(last.position + 1);
        expect(change.timestamp).toBeGreaterThanOrEqual(last.timestamp);
        expect(isRemoval(change) ? mirror.has(change.key) : true).toBe(true);
        mirror.delete(change.key);
        if (!isRemoval(change)) mirror.set(change.key, change);
      }
      expect(last.position).toBe(replica.head.position);
      expect([...mirror.values()]).toEqual([...replica.items.index.from(START)]);
    }
    expect(replica.evictions).toBeGreaterThan(0);
  });
});
