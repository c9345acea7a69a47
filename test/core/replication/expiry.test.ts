import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { OrderedLog } from '../../../src/core/replication/ordered-log.ts';
import { StreamingMap } from '../../../src/core/streaming-map.ts';
import { memoryLog } from '../../../src/logs/memory/memory-log.ts';

/** Stops the wall clock, the monotonic clock and the timers until `pass`. */
beforeEach(() => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
});

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

async function open(log: OrderedLog = memoryLog(), options = {}): Promise<StreamingMap> {
  const map = await StreamingMap.open({ log, ...options });
  onTestFinished(() => map.close());
  return map;
}

async function appendsOf(log: OrderedLog, act: () => Promise<unknown>): Promise<number> {
  const before = await log.last();
  await act();
  return (await log.last()) - before;
}

describe('an item with a time to live', () => {
  it('an item with a ttl exists until it is due and expires within a second, while nothing is inserted', async () => {
    const map = await open();
    await map.insert({ key: 'a', value: 1, ttl: 5 });
    await pass(4999);
    expect(map.get('a')).toBeDefined();
    await pass(1001);
    expect(map.get('a')).toBeUndefined();
  });

  it('a subscriber gets the removal EXPIRED of an item that expires', async () => {
    const map = await open();
    const { cursor } = await map.insert({ key: 'a', value: 1, ttl: 5 });
    const changes = map.changes({ after: cursor });
    await changes.next();
    const expired = changes.next();
    await pass(6000);
    expect((await expired).value).toMatchObject({ removed: [{ key: 'a', reason: 'EXPIRED' }], size: 0 });
    await changes.return();
  });

  it('an item without a ttl gets the default ttl of the map', async () => {
    const map = await open(memoryLog(), { ttl: 5 });
    await map.insertMany([
      { key: 'a', value: 1 },
      { key: 'b', value: 1, ttl: 60 },
    ]);
    await pass(6000);
    expect([map.get('a'), map.get('b')]).toEqual([undefined, expect.objectContaining({ key: 'b' })]);
  });

  it('an item expires in time although another one expires later', async () => {
    const map = await open();
    await map.insert({ key: 'later', value: 1, ttl: 60 });
    await map.insert({ key: 'sooner', value: 1, ttl: 5 });
    await pass(6000);
    expect([map.get('later')?.key, map.get('sooner')]).toEqual(['later', undefined]);
  });

  it('an item that is inserted again in time does not expire', async () => {
    const map = await open();
    await map.insert({ key: 'a', value: 1, ttl: 5 });
    await pass(4000);
    await map.insert({ key: 'a', value: 2, ttl: 5 });
    await pass(4000);
    expect(map.get('a')?.value).toBe(2);
    await pass(2000);
    expect(map.get('a')).toBeUndefined();
  });

  it.each([2_000_000, 0x7fffffff])(
    'an item with a ttl of %i seconds exceeds the range of a timer, and costs nothing',
    async (ttl) => {
      const log = memoryLog();
      const map = await open(log);
      await map.insert({ key: 'a', value: 1, ttl });
      expect(await appendsOf(log, () => pass(60_000))).toBe(0);
      expect(map.get('a')).toBeDefined();
    },
  );

  it('an item with a ttl of 30 days expires in time', async () => {
    const map = await open();
    await map.insert({ key: 'a', value: 1, ttl: 30 * 86_400 });
    // The clocks are looked at once a second, so 30 days of that would take long.
    vi.setSystemTime(Date.now() + 30 * 86_400_000 - 2000);
    await pass(1999);
    expect(map.get('a')).toBeDefined();
    await pass(1001);
    expect(map.get('a')).toBeUndefined();
  });
});

describe('a machine that slept, or whose clock was set', () => {
  /** Only the wall clock goes on: the monotonic clock and the timers stand still while a machine sleeps. */
  const sleep = (ms: number): unknown => vi.setSystemTime(Date.now() + ms);

  it('an item that fell due while the machine slept expires within a second of its waking', async () => {
    const map = await open();
    await map.insert({ key: 'a', value: 1, ttl: 7200 });
    await pass(60_000);
    sleep(3 * 3_600_000);
    await pass(1000);
    expect(map.get('a')).toBeUndefined();
  });

  it('an item expires within a second of its ttl after the clock was set back', async () => {
    const map = await open();
    await map.insert({ key: 'a', value: 1, ttl: 60 });
    await pass(20_000);
    sleep(-3_600_000);
    await pass(39_000);
    expect(map.get('a')).toBeDefined();
    await pass(2000);
    expect(map.get('a')).toBeUndefined();
  });

  it.each([-3_600_000, -10_000, -400])(
    'an item expires within a second of its ttl after the clock was set by %i ms, whatever is inserted meanwhile',
    async (by) => {
      const map = await open();
      await map.insert({ key: 'a', value: 1, ttl: 6 });
      await pass(3000);
      sleep(by);
      await pass(1000);
      const before = map.replica.timestamp;
      for (let n = 0; n < 19; n++) {
        const { timestamp, expiresAt } = await map.insert({ key: `k${n}`, value: 1, ttl: 2 });
        expect(timestamp).toBeGreaterThanOrEqual(before);
        expect(expiresAt).toBe(timestamp + 2000);
        await pass(100);
      }
      expect(map.get('a')).toBeDefined();
      await pass(1200);
      expect(map.get('a')).toBeUndefined();
      await pass(2000);
      expect(map.replica.items.size).toBe(0);
    },
  );

  it('a clock that is set forward and back again leaves items with the time that they have', async () => {
    const map = await open();
    await map.insert({ key: 'a', value: 1, ttl: 7200 });
    sleep(3_600_000);
    await pass(5000);
    sleep(-3_600_000);
    await pass(5000);
    expect(map.get('a')).toBeDefined();
    const { timestamp, expiresAt } = await map.insert({ key: 'b', value: 1, ttl: 5 });
    expect(expiresAt).toBe(timestamp + 5000);
    await pass(6600);
    expect([map.get('a')?.key, map.get('b')]).toEqual(['a', undefined]);
  });

  it("the clock of a node does not expire what is not due by the log's own clock", async () => {
    const clock = (): number => 1_000_000;
    const log = memoryLog({ clock });
    const map = await open(log);
    await map.insert({ key: 'a', value: 1, ttl: 5 });
    sleep(3_600_000);
    expect(await appendsOf(log, () => pass(60_000))).toBe(0);
    expect(map.get('a')).toBeDefined();
  });

  it('a node whose clock was set forward does not expire what is not due by the clock of a distant log', async () => {
    const log = distantLog();
    const map = await open(log);
    await map.insert({ key: 'a', value: 1, ttl: 60 });
    sleep(3_600_000);
    expect(await appendsOf(log, () => pass(50_000))).toBeLessThanOrEqual(1);
    expect(map.get('a')).toBeDefined();
    await pass(11_000);
    expect(map.get('a')).toBeUndefined();
  });
});

/** Its time is that of another machine, of which nodes see only the entries. */
function distantLog(): OrderedLog {
  const log = memoryLog({ clock: () => 1_000_000 + performance.now() });
  return new Proxy(log, {
    get: (target, name) => {
      const value: unknown = name === 'now' ? undefined : Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

describe('ticks', () => {
  it('ticks are appended only when an item is overdue, a few per item', async () => {
    const log = memoryLog();
    const map = await open(log);
    expect(await appendsOf(log, () => pass(60_000))).toBe(0);
    await map.insert({ key: 'a', value: 1, ttl: 5 });
    expect(await appendsOf(log, () => pass(60_000))).toBe(1);
  });

  it('ticks expire thousands of items within a second', async () => {
    const map = await open();
    for (let batch = 0; batch < 5; batch++)
      await map.insertMany(Array.from({ length: 1000 }, (_, i) => ({ key: `${batch}-${i}`, value: 1, ttl: 5 })));
    await pass(6000);
    expect(map.replica.items.size).toBe(0);
  });

  it('ten nodes append far fewer than ten ticks per item', async () => {
    const log = memoryLog({ shared: true });
    const maps = await Promise.all(Array.from({ length: 10 }, () => open(log)));
    await maps[0]?.insert({ key: 'a', value: 1, ttl: 5 });
    expect(await appendsOf(log, () => pass(6000))).toBeLessThan(4);
    for (const map of maps) expect(map.get('a')).toBeUndefined();
  });

  it("ticks go by the log's own clock, where it has one", async () => {
    let now = 1_000_000;
    const clock = (): number => now;
    const map = await open(memoryLog({ clock }));
    await map.insert({ key: 'a', value: 1, ttl: 5 });
    now += 4999;
    await pass(10_000);
    expect(map.get('a')).toBeDefined();
    now += 1;
    await pass(1000);
    expect(map.get('a')).toBeUndefined();
    now -= 60_000;
    await map.insert({ key: 'b', value: 1, ttl: 5 });
    now -= 60_000;
    await pass(1000);
    now += 6000;
    await pass(1000);
    expect(map.get('b')).toBeUndefined();
  });

  it("ticks are not appended in a hurry when the log's clock stands still", async () => {
    const log = memoryLog({ clock: () => 1_000_000 });
    const map = await open(log);
    await map.insert({ key: 'a', value: 1, ttl: 1 });
    expect(await appendsOf(log, () => pass(60_000))).toBe(0);
    expect(map.get('a')).toBeDefined();
  });

  it('ticks end with the map', async () => {
    const log = memoryLog({ shared: true });
    const map = await open(log);
    await map.insert({ key: 'a', value: 1, ttl: 5 });
    await map.close();
    expect(vi.getTimerCount()).toBe(0);
    expect(await appendsOf(log, () => pass(60_000))).toBe(0);
  });
});
