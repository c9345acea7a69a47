/** Readers of a map that is closed. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { EngineUnavailableError } from '../../../src/core/model/errors.ts';
import type { ItemChanges } from '../../../src/core/model/change.ts';
import type { Sequence } from '../../../src/core/model/position.ts';
import type { StreamingMap } from '../../../src/core/streaming-map.ts';
import { fileLog } from '../../../src/logs/file/file-log.ts';
import { memoryLog } from '../../../src/logs/memory/memory-log.ts';
import { openMap, take } from '../../support/model/open-map.ts';

async function collected<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of source) all.push(one);
  return all;
}

/** Resolves when so many readers wait at the head. */
const waiting = (map: StreamingMap, count: number): Promise<void> =>
  vi.waitFor(() => expect(map.subscriptions).toBe(count), { interval: 1 });

const insertAll = (map: StreamingMap, count: number): Promise<unknown> =>
  map.insertMany(Array.from({ length: count }, (_, index) => ({ key: `k${index}`, value: index })));

const keysOf = (messages: readonly ItemChanges<unknown>[]): string[] =>
  messages.flatMap(({ upserted }) => upserted.map(({ key }) => key));

describe('a reader that waits when its map is closed', () => {
  it('items, changes and pub-sub subscriptions that wait end when the map is closed', async () => {
    const map = await openMap();
    await map.insert({ key: 'a', value: 1 });
    const items = collected(map.items());
    const changes = collected(map.changes());
    const heads = map.pubSub.subscribe('head');
    const heard = collected(heads);
    await waiting(map, 2);
    await map.insert({ key: 'b', value: 1 });
    await map.close();
    expect((await items).map(({ key }) => key)).toEqual(['a', 'b']);
    expect(keysOf(await changes)).toEqual(['a', 'b']);
    expect((await heard).map(({ position }) => position)).toEqual([2]);
    expect(map.subscriptions).toBe(0);
  });

  it.each([
    ['before', (map: StreamingMap) => map.pubSub.subscribe('head')],
    ['after', undefined],
  ])('a pub-sub subscription that was made %s the end and is first read after it ends', async (_when, make) => {
    const map = await openMap();
    const made = make?.(map);
    await map.close();
    expect(await collected(made ?? map.pubSub.subscribe('head'))).toEqual([]);
  });

  it('a waiting reader with onClose FAIL throws ENGINE_UNAVAILABLE when the map is closed, and leaves no listener', async () => {
    const map = await openMap();
    const readers = [collected(map.items({ onClose: 'FAIL' })), collected(map.changes({ onClose: 'FAIL' }))];
    const outcomes = Promise.allSettled(readers);
    await waiting(map, 2);
    await map.close();
    for (const outcome of await outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ENGINE_UNAVAILABLE' } });
    expect(map.subscriptions).toBe(0);
  });

  it('a reader that waits for a cursor ahead of its node also learns that the map is closed', async () => {
    const log = memoryLog({ shared: true });
    const [map, other] = [await openMap({ log }), await openMap({ log })];
    const { cursor } = await other.insert({ key: 'a', value: 1 });
    const [head, ...rest] = cursor.split('-');
    const ahead = [head, '12', ...rest.slice(1)].join('-');
    vi.spyOn(log, 'last').mockResolvedValue(2 as Sequence);
    const reader = map.items({ after: ahead });
    const next = reader.next();
    await waiting(map, 1);
    await map.close();
    await expect(next).rejects.toThrow(EngineUnavailableError);
  });
});

describe('a slow reader of a closed map', () => {
  it('a slow reader of a closed map gets everything that the map holds before it ends', async () => {
    const map = await openMap();
    await insertAll(map, 3);
    const [items, changes] = [map.items(), map.changes()];
    await take(items, 1);
    await map.close();
    expect((await collected(items)).map(({ key }) => key)).toEqual(['k1', 'k2']);
    expect(keysOf(await collected(changes))).toEqual(['k0', 'k1', 'k2']);
  });

  it('a slow reader of a closed map completes at its limit, without an error', async () => {
    const map = await openMap();
    await insertAll(map, 3);
    const items = map.items({ limit: 2, onClose: 'FAIL' });
    await take(items, 1);
    await map.close();
    expect(await collected(items)).toHaveLength(1);
  });

  it('a slow reader of a closed map can leave at once', async () => {
    const map = await openMap();
    await insertAll(map, 3);
    const items = map.items();
    await take(items, 1);
    await map.close();
    await items.return();
    expect(await items.next()).toEqual({ done: true, value: undefined });
    expect(map.subscriptions).toBe(0);
  });
});

describe('a closed map', () => {
  it('a closed map delivers its items to new subscriptions, and resumes cursors', async () => {
    const map = await openMap();
    const { cursor } = await map.insert({ key: 'a', value: 1 });
    await map.insert({ key: 'b', value: 2 });
    await map.close();
    expect(map.get('a')?.value).toBe(1);
    expect((await collected(map.items())).map(({ key }) => key)).toEqual(['a', 'b']);
    expect((await collected(map.items({ after: cursor }))).map(({ key }) => key)).toEqual(['b']);
    expect(await collected(map.changes())).toMatchObject([{ reset: true, caughtUp: true, size: 2 }]);
    await expect(collected(map.items({ onClose: 'FAIL' }))).rejects.toThrow(EngineUnavailableError);
  });

  it('a closed map takes no insertion', async () => {
    const map = await openMap();
    await map.close();
    await expect(map.insert({ key: 'a', value: 1 })).rejects.toThrow(EngineUnavailableError);
    await expect(map.remove('a')).rejects.toThrow(EngineUnavailableError);
  });

  it('a map closes once, regardless of the number of calls', async () => {
    const log = memoryLog();
    const close = vi.spyOn(log, 'close');
    const map = await openMap({ log });
    await Promise.all([map.close(), map.close()]);
    await map.close();
    expect(close).toHaveBeenCalledTimes(1);
  });

  it('`await using` closes a map at the end of its block', async () => {
    const log = memoryLog();
    const close = vi.spyOn(log, 'close');
    let reading: Promise<unknown[]>;
    {
      await using map = await openMap({ log });
      reading = collected(map.items());
      await waiting(map, 1);
      expect(close).not.toHaveBeenCalled();
    }
    expect(close).toHaveBeenCalledTimes(1);
    expect(await reading).toEqual([]);
  });

  it.each(['memory', 'file'])('a closed map with a %s log lets the process end by itself', async (kind) => {
    const directory = await mkdtemp(join(tmpdir(), 'seamline-closing-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const program = `
      import { fileLog, memoryLog, StreamingMap } from './src/index.ts';
      const log = ${kind === 'file' ? `fileLog({ directory: ${JSON.stringify(directory)} })` : 'memoryLog()'};
      const map = await StreamingMap.open({ log, ttl: 3600 });
      await map.insert({ key: 'a', value: 1 });
      setTimeout(() => map.close(), 50);
      for await (const { key } of map.items()) console.log(key);
      for await (const { caughtUp } of map.changes()) console.log(caughtUp);
      console.log('end');`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module-typescript', '-e', program]);
    expect(stdout).toBe('a\ntrue\nend\n');
  });

  it('a closed map with a file log stays readable', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'seamline-closing-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const map = await openMap({ log: fileLog({ directory }) });
    const reading = collected(map.items());
    await waiting(map, 1);
    await map.insert({ key: 'a', value: 1 });
    await map.close();
    expect((await reading).map(({ key }) => key)).toEqual(['a']);
  });
});
