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
  it('a map holds the latest item per key', async () => {
    const map = await openMap<{ price: number }>();
    const first = await map.insert({ key: 'a', value: { price: 1 } });
    expect(map.get('a')).toBe(first);
    await map.insert({ key: 'a', value: { price: 2 } });
    expect(map.get('a')?.value.price).toBe(2);
    expect(map.get('b')).toBeUndefined();
  });

  it('a map holds the values that the log returned, not the objects that were inserted', async () => {
    const map = await openMap<{ list: number[] }>();
    const value = { list: [1] };
    const inserting = map.insert({ key: 'a', value });
    value.list.push(2);
    expect((await inserting).value).toEqual({ list: [1] });
  });

  it('a map inserts a batch as a whole, and returns the items in the order of the inputs', async () => {
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

  it('remove resolves with the removal, or null for a key without an item', async () => {
    const map = await openMap();
    await map.insert({ key: 'a', value: 1 });
    expect(await map.remove('a')).toMatchObject({ key: 'a', reason: 'REMOVED', position: 2 });
    expect(await map.remove('a')).toBeNull();
  });

  it.each<[string, (map: StreamingMap, cursor: string) => Promise<unknown>, Thrown]>([
    ['an existing key with ifAbsent', (map) => map.insert({ key: 'a', value: 2, ifAbsent: true }), ConflictError],
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
    ['the removal of an empty key', (map) => map.remove(''), BadInputError],
    ['a removal at another cursor', (map, ifCursor) => map.remove('b', { ifCursor }), ConflictError],
  ])('a map refuses %s, and nothing changes', async (_, act, error) => {
    const map = await openMap();
    const { cursor } = await map.insert({ key: 'a', value: 1 });
    await map.insert({ key: 'b', value: 1 });
    await expect(act(map, cursor)).rejects.toThrow(error);
    expect(map.replica.head.position).toBe(2);
  });

  it('a conflict names the input and the cursor of the current item', async () => {
    const map = await openMap();
    const { cursor } = await map.insert({ key: 'a', value: 1 });
    const batch = [
      { key: 'b', value: 1 },
      { key: 'a', value: 1, ifAbsent: true },
    ];
    await expect(map.insertMany(batch)).rejects.toMatchObject({ code: 'CONFLICT', index: 1, cursor });
  });

  it('a map returns the first result to a retry (G7)', async () => {
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
  ])('a map is not opened with %j', async (options) => {
    await expect(openMap(options)).rejects.toThrow(RangeError);
  });

  it('a closed map refuses writes', async () => {
    const map = await openMap();
    await map.close();
    await expect(map.insert({ key: 'a', value: 1 })).rejects.toThrow(EngineUnavailableError);
    expect(map.health()).toMatchObject({ ok: false });
  });
});

describe('a listener of the pub-sub', () => {
  it('a pub-sub listener that throws disturbs neither the others nor the publisher', async () => {
    const said: string[] = [];
    const logger = {
      info: () => {},
      warn: () => {},
      error: (_fields: object, message: string) => void said.push(message),
    };
    const map = await openMap<number>({ logger });
    const healthy = take(map.items({ limit: 3000 }), 3001);
    // Nothing reads from it, so it throws after 1,024 events.
    const idle = map.pubSub.subscribe('head');
    const heard = idle[Symbol.asyncIterator]().next();
    await Promise.all(Array.from({ length: 3000 }, (_, value) => map.insert({ key: 'a', value })));
    expect(await healthy).toHaveLength(3000);
    expect((await heard).value).toMatchObject({ position: 1 });
    expect(said[0]).toContain('a listener of the pub-sub threw');
    expect(map.health()).toEqual({ ok: true });
    await idle[Symbol.asyncIterator]().return?.();
  });

  it('a pub-sub listener gets the current head', async () => {
    const map = await openMap();
    const heads = map.pubSub.subscribe('head')[Symbol.asyncIterator]();
    const heard = heads.next();
    await map.insert({ key: 'a', value: 1 });
    expect((await heard).value).toEqual(map.replica.head);
    await heads.return?.();
  });
});

it('a map that poison has stopped serves reads and refuses writes', async () => {
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
