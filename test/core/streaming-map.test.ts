import { describe, expect, it } from 'vitest';
import {
  BadInputError,
  ConflictError,
  EngineUnavailableError,
  PayloadTooLargeError,
} from '../../src/core/model/errors.ts';
import type { StreamingMap } from '../../src/core/streaming-map.ts';
import { memoryLog } from '../../src/logs/memory/memory-log.ts';
import { openMap, take } from '../support/model/open-map.ts';

type Thrown = abstract new (...args: never[]) => Error;

describe('a map', () => {
  it('holds the latest item per key', async () => {
    const map = await openMap<{ price: number }>();
    const first = await map.insert({ key: 'a', value: { price: 1 } });
    expect(map.get('a')).toBe(first);
    await map.insert({ key: 'a', value: { price: 2 } });
    expect(map.get('a')?.value.price).toBe(2);
    expect(map.get('b')).toBeUndefined();
  });

  it('holds what the log gave back, not what was put in', async () => {
    const map = await openMap<{ list: number[] }>();
    const value = { list: [1] };
    const inserting = map.insert({ key: 'a', value });
    value.list.push(2);
    expect((await inserting).value).toEqual({ list: [1] });
  });

  it('takes a batch whole, and answers in the order of its inputs', async () => {
    const map = await openMap<number>();
    const items = await map.insertMany([
      { key: 'b', value: 1 },
      { key: 'a', value: 2 },
      { key: 'b', value: 3 },
    ]);
    expect(items.map(({ key, value, position }) => [key, value, position])).toEqual([
      ['b', 1, 1],
      ['a', 2, 2],
      ['b', 3, 3],
    ]);
  });

  it('says what it removed, and null for nothing', async () => {
    const map = await openMap();
    await map.insert({ key: 'a', value: 1 });
    expect(await map.remove('a')).toMatchObject({ key: 'a', reason: 'REMOVED', position: 2 });
    expect(await map.remove('a')).toBeNull();
  });

  it.each<[string, (map: StreamingMap, cursor: string) => Promise<unknown>, Thrown]>([
    ['a key that is there with ifAbsent', (map) => map.insert({ key: 'a', value: 2, ifAbsent: true }), ConflictError],
    [
      'ifCursor of another key',
      (map, ifCursor) =>
        map.insertMany([
          { key: 'x', value: 1 },
          { key: 'y', value: 1, ifCursor },
        ]),
      ConflictError,
    ],
    ['an empty batch', (map) => map.insertMany([]), BadInputError],
    ['null', (map) => map.insert({ key: 'a', value: null }), BadInputError],
    ['a value too large', (map) => map.insert({ key: 'a', value: 'x'.repeat(70_000) }), PayloadTooLargeError],
    ['the removal of no key', (map) => map.remove(''), BadInputError],
    ['a removal at another cursor', (map, ifCursor) => map.remove('b', { ifCursor }), ConflictError],
  ])('refuses %s, and nothing changes', async (_, act, error) => {
    const map = await openMap();
    const { cursor } = await map.insert({ key: 'a', value: 1 });
    await map.insert({ key: 'b', value: 1 });
    await expect(act(map, cursor)).rejects.toThrow(error);
    expect(map.replica.head.position).toBe(2);
  });

  it('says which input conflicts with which item', async () => {
    const map = await openMap();
    const { cursor } = await map.insert({ key: 'a', value: 1 });
    const batch = [
      { key: 'b', value: 1 },
      { key: 'a', value: 1, ifAbsent: true },
    ];
    await expect(map.insertMany(batch)).rejects.toMatchObject({ code: 'CONFLICT', index: 1, cursor });
  });

  it('answers a retry with the first result', async () => {
    const map = await openMap();
    const input = { key: 'a', value: { x: 1 }, idempotencyKey: 'once' };
    const first = await map.insert(input);
    expect(await map.insert(input)).toEqual(first);
    await expect(map.insert({ ...input, value: { x: 2 } })).rejects.toThrow(ConflictError);
    expect(map.replica.head.position).toBe(1);
  });

  it.each([
    { maxItems: 0 },
    { maxBytes: 1.5 },
    { window: -1 },
    { maxValueBytes: NaN },
    { ttl: 0 },
    { maxBatch: 1001 },
    { maxBatchBytes: Infinity },
  ])('is not opened with %j', async (options) => {
    await expect(openMap(options)).rejects.toThrow(RangeError);
  });

  it('takes nothing more once it is closed', async () => {
    const map = await openMap();
    await map.close();
    await expect(map.insert({ key: 'a', value: 1 })).rejects.toThrow(EngineUnavailableError);
    expect(map.health()).toMatchObject({ ok: false });
  });
});

describe('a listener of the pub-sub', () => {
  it('that throws harms nobody', async () => {
    const said: string[] = [];
    const logger = {
      info: () => {},
      warn: () => {},
      error: (_fields: object, message: string) => void said.push(message),
    };
    const map = await openMap<number>({ logger });
    const healthy = take(map.items({ limit: 3000 }), 3001);
    // Nobody reads on from it: beyond 1,024 it throws.
    const idle = map.pubSub.subscribe('head');
    const heard = idle[Symbol.asyncIterator]().next();
    await Promise.all(Array.from({ length: 3000 }, (_, value) => map.insert({ key: 'a', value })));
    expect(await healthy).toHaveLength(3000);
    expect((await heard).value).toMatchObject({ position: 1 });
    expect(said[0]).toContain('a listener of the pub-sub threw');
    expect(map.health()).toEqual({ ok: true });
    await idle[Symbol.asyncIterator]().return?.();
  });

  it('hears where the head is now', async () => {
    const map = await openMap();
    const heads = map.pubSub.subscribe('head')[Symbol.asyncIterator]();
    const heard = heads.next();
    await map.insert({ key: 'a', value: 1 });
    expect((await heard).value).toEqual(map.replica.head);
    await heads.return?.();
  });
});

it('goes on reading when poison has stopped it, and takes nothing more', async () => {
  const log = memoryLog({ shared: true });
  const map = await openMap({ log });
  await map.insert({ key: 'a', value: 1 });
  const items = map.items();
  await take(items, 1);
  await log.append(Uint8Array.of(0x53, 0x4c, 99), 'poison');
  expect(map.health()).toMatchObject({ ok: false });
  await expect(map.insert({ key: 'b', value: 1 })).rejects.toThrow(EngineUnavailableError);
  await expect(map.remove('a')).rejects.toThrow(EngineUnavailableError);
  expect(map.get('a')).toBeDefined();
  expect(await take(map.items(), 1)).toMatchObject([{ key: 'a' }]);
  expect(await take(map.changes(), 1)).toMatchObject([{ caughtUp: true, size: 1 }]);
  await items.return();
});
