/** Clocks that fall, jump and sleep: what a log's raw time does to timestamps and expiry. */
import { describe, expect, it } from 'vitest';
import { importState, exportState } from '../../../src/core/replica/snapshot.ts';
import { LogClock } from '../../../src/core/replica/log-clock.ts';
import type { Replica } from '../../../src/core/replica/replica.ts';
import { Dice } from '../../support/random/dice.ts';
import { applyEntry, emptyReplica, Feed, inserted } from '../../support/model/feed.ts';

const SECOND = 1000;
const HOUR = 3600 * SECOND;

const linesOf = (replica: Replica<unknown>): string[] => [...exportState(replica)];

describe('the clock of a log', () => {
  it('the clock equals the raw time while that never falls, also if it is no whole number', () => {
    const clock = new LogClock();
    for (const time of [5, 5, 7.25, 7.5, HOUR]) {
      clock.advance(time, true);
      expect([clock.now, clock.ahead]).toEqual([time, 0]);
    }
  });

  it.each([
    [true, 100 * SECOND, 99 * SECOND, 1000 * SECOND],
    [false, 10 * SECOND, 5 * SECOND, 20 * SECOND],
  ])(
    'the clock goes on a little slower after the raw time fell, until the two meet (expiry: %s)',
    (hasExpiry, by, gone, met) => {
      const clock = new LogClock();
      const advance = (time: number): number => {
        clock.advance(time, hasExpiry);
        return clock.now;
      };
      advance(HOUR);
      expect(advance(HOUR - 10 * SECOND)).toBe(HOUR);
      expect(advance(HOUR - 10 * SECOND + by)).toBe(HOUR + gone);
      expect(advance(HOUR - 10 * SECOND + met)).toBe(HOUR - 10 * SECOND + met);
      expect(advance(HOUR + met)).toBe(HOUR + met);
    },
  );

  it('entries that two clocks stamp in turn do not move the clock beyond the one that is ahead', () => {
    const clock = new LogClock();
    for (let time = HOUR; time < HOUR + 10 * SECOND; time += 10) {
      clock.advance(time, true);
      clock.advance(time - 990, true);
      expect(clock.now).toBe(time);
    }
  });

  it('the pace is the same whether many commands come or few', () => {
    const [one, many] = [new LogClock(), new LogClock()];
    for (const clock of [one, many]) for (const time of [HOUR, 0]) clock.advance(time, true);
    for (let time = 1; time <= 12_345; time++) many.advance(time, true);
    one.advance(12_345, true);
    expect(many).toEqual(one);
  });

  it('a tick that names a time moves the clock forward to it, and never back', () => {
    const feed = new Feed();
    feed.insert({ key: 'a', ttl: 5 });
    const { timestamp } = feed.current('a');
    feed.now -= HOUR;
    feed.apply({ kind: 'tick', at: timestamp + 4999 });
    feed.apply({ kind: 'tick', at: timestamp });
    expect(feed.keys()).toEqual(['a']);
    feed.apply({ kind: 'tick', at: timestamp + 6000 });
    expect(feed.keys()).toEqual([]);
    expect(feed.replica.timestamp).toBe(timestamp + 6000);
  });

  it('a tick that names a time hardly later than that of its entry changes nothing, because clocks of two machines differ by so much', () => {
    const feed = new Feed();
    feed.insert({ key: 'a', ttl: 5 });
    feed.now += 4999;
    feed.apply({ kind: 'tick', at: feed.now + 500 });
    expect([feed.keys(), feed.replica.clock.ahead]).toEqual([['a'], 0]);
  });

  it('an item that is inserted after the raw time fell expires after its timestamp and its ttl', () => {
    const feed = new Feed();
    feed.insert({ key: 'before' });
    feed.now -= HOUR;
    const [item] = inserted(feed.insert({ key: 'a', ttl: 2 }));
    expect(item).toMatchObject({ timestamp: feed.current('before').timestamp, expiresAt: item!.timestamp + 2000 });
    feed.now += 2 * SECOND;
    feed.tick();
    expect(feed.keys()).toEqual(['before', 'a']);
    feed.now += 21;
    feed.tick();
    expect(feed.keys()).toEqual(['before']);
  });

  it('a snapshot of a version without such a clock loads, and its timestamps do not fall', () => {
    const feed = new Feed();
    feed.insert({ key: 'a' });
    const { timestamp } = feed.current('a');
    feed.now -= HOUR;
    feed.tick();
    const [header = '', ...rest] = linesOf(feed.replica);
    const old = header.replace(/"ahead":\d+,/, '');
    expect(old).not.toBe(header);
    const imported = importState([old, ...rest]);
    expect(imported.clock.now).toBe(timestamp);
    expect(linesOf(imported)).toEqual([header, ...rest]);
  });

  it('the header of a log whose time never fell says nothing about the clock', () => {
    const feed = new Feed();
    feed.insert({ key: 'a' });
    expect(linesOf(feed.replica)[0]).not.toContain('ahead');
  });
});

describe.each([1, 2, 3, 4, 5, 6])('a raw time that walks at random, seed %i', (seed) => {
  const dice = new Dice(seed);
  const feed = new Feed({ maxItems: 10_000, window: 100_000 });
  /** How far the raw time went forward, all in all. */
  let passed = 0;
  let raw = feed.now;
  const step = (): void => {
    feed.now += dice.pick([0, 1, 3, 250, 999, 5000, 61_000, HOUR, -1, -700, -90_000, -HOUR]);
    if (feed.now < raw && feed.now >= raw - SECOND) return;
    passed += Math.max(0, feed.now - raw);
    raw = feed.now;
  };

  it('timestamps never fall, an expiry is the timestamp and the ttl, and a due item is gone in time on every node', () => {
    let restored = emptyReplica();
    const due = new Map<string, number>();
    let timestamp = 0;
    for (let round = 0; round < 3000; round++) {
      step();
      const ttl = dice.pick([1, 2, 30, 600, 7200]);
      const key = `k${dice.below(40)}`;
      if (dice.below(5) < 2) {
        const [item] = inserted(feed.insert({ key, ttl }));
        expect(item!.expiresAt).toBe(item!.timestamp + ttl * SECOND);
        due.set(key, passed + ttl * 1011 + SECOND);
      } else if (dice.once(2)) feed.tick();
      else feed.insert({ key: 'other' });
      expect(feed.replica.timestamp).toBeGreaterThanOrEqual(timestamp);
      timestamp = feed.replica.timestamp;
      for (const [mortal, before] of due) {
        const item = feed.replica.items.get(mortal);
        if (item) expect(passed).toBeLessThan(before);
        else due.delete(mortal);
      }
      // A node that loads a snapshot at any time goes on as the others.
      if (dice.once(100)) restored = importState(linesOf(feed.replica));
      else for (const entry of feed.entries.slice(restored.sequence)) applyEntry(restored, entry);
      expect(restored.head).toEqual(feed.replica.head);
    }
    expect(linesOf(restored)).toEqual(linesOf(feed.replica));
  });
});
