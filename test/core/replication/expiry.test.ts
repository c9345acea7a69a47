import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { OrderedLog } from '../../../src/core/replication/ordered-log.ts';
import { StreamingMap } from '../../../src/core/streaming-map.ts';
import { memoryLog } from '../../../src/logs/memory/memory-log.ts';

/** The clocks stand still until `pass`: the wall clock, the monotonic one and the timers. */
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
  it('is there until then, and gone within a second, while nothing is inserted', async () => {
    const map = await open();
    await map.insert({ key: 'a', value: 1, ttl: 5 });
    await pass(4999);
    expect(map.get('a')).toBeDefined();
    await pass(1001);
    expect(map.get('a')).toBeUndefined();
  });

  it('is told to be EXPIRED', async () => {
    const map = await open();
    const { cursor } = await map.insert({ key: 'a', value: 1, ttl: 5 });
    const changes = map.changes({ after: cursor });
    await changes.next();
    const expired = changes.next();
    await pass(6000);
    expect((await expired).value).toMatchObject({ removed: [{ key: 'a', reason: 'EXPIRED' }], size: 0 });
    await changes.return();
  });

  it('has the default of the map when it has none of its own', async () => {
    const map = await open(memoryLog(), { ttl: 5 });
    await map.insertMany([
      { key: 'a', value: 1 },
      { key: 'b', value: 1, ttl: 60 },
    ]);
    await pass(6000);
    expect([map.get('a'), map.get('b')]).toEqual([undefined, expect.objectContaining({ key: 'b' })]);
  });

  it('is not kept waiting by one that expires later', async () => {
    const map = await open();
    await map.insert({ key: 'later', value: 1, ttl: 60 });
    await map.insert({ key: 'sooner', value: 1, ttl: 5 });
    await pass(6000);
    expect([map.get('later')?.key, map.get('sooner')]).toEqual(['later', undefined]);
  });

  it('stays when it was inserted again in time', async () => {
    const map = await open();
    await map.insert({ key: 'a', value: 1, ttl: 5 });
    await pass(4000);
    await map.insert({ key: 'a', value: 2, ttl: 5 });
    await pass(4000);
    expect(map.get('a')?.value).toBe(2);
    await pass(2000);
    expect(map.get('a')).toBeUndefined();
  });

  it.each([2_000_000, 0x7fffffff])('of %i seconds waits longer than a timer can, and costs nothing', async (ttl) => {
    const log = memoryLog();
    const map = await open(log);
    await map.insert({ key: 'a', value: 1, ttl });
    expect(await appendsOf(log, () => pass(60_000))).toBe(0);
    expect(map.get('a')).toBeDefined();
  });

  it('of 30 days expires in time, too', async () => {
    const map = await open();
    await map.insert({ key: 'a', value: 1, ttl: 30 * 86_400 });
    await pass(30 * 86_400_000 - 1);
    expect(map.get('a')).toBeDefined();
    await pass(1001);
    expect(map.get('a')).toBeUndefined();
  });
});

describe('ticks', () => {
  it('come only when something is overdue, a few for one item', async () => {
    const log = memoryLog();
    const map = await open(log);
    expect(await appendsOf(log, () => pass(60_000))).toBe(0);
    await map.insert({ key: 'a', value: 1, ttl: 5 });
    expect(await appendsOf(log, () => pass(60_000))).toBe(1);
  });

  it('expire thousands within a second', async () => {
    const map = await open();
    for (let batch = 0; batch < 5; batch++)
      await map.insertMany(Array.from({ length: 1000 }, (_, i) => ({ key: `${batch}-${i}`, value: 1, ttl: 5 })));
    await pass(6000);
    expect(map.replica.items.size).toBe(0);
  });

  it('of ten nodes are far fewer than ten', async () => {
    const log = memoryLog({ shared: true });
    const maps = await Promise.all(Array.from({ length: 10 }, () => open(log)));
    await maps[0]?.insert({ key: 'a', value: 1, ttl: 5 });
    expect(await appendsOf(log, () => pass(6000))).toBeLessThan(4);
    for (const map of maps) expect(map.get('a')).toBeUndefined();
  });

  it("go by the log's clock and the time since, not by the node's own", async () => {
    let now = 1_000_000;
    const clock = (): number => now;
    const map = await open(memoryLog({ clock }));
    await map.insert({ key: 'a', value: 1, ttl: 5 });
    // The log's clock says that it is time, the node's own time since says so a little later.
    now += 5000;
    await pass(4999);
    expect(map.get('a')).toBeDefined();
    await pass(1001);
    expect(map.get('a')).toBeUndefined();
  });

  it("do not come in a hurry when the log's clock stands still", async () => {
    const log = memoryLog({ clock: () => 1_000_000 });
    const map = await open(log);
    await map.insert({ key: 'a', value: 1, ttl: 1 });
    expect(await appendsOf(log, () => pass(60_000))).toBeLessThanOrEqual(60_000 / 250);
    expect(map.get('a')).toBeDefined();
  });

  it('end with the map', async () => {
    const log = memoryLog({ shared: true });
    const map = await open(log);
    await map.insert({ key: 'a', value: 1, ttl: 5 });
    await map.close();
    expect(vi.getTimerCount()).toBe(0);
    expect(await appendsOf(log, () => pass(60_000))).toBe(0);
  });
});
