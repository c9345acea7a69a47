import { describe, expect, it } from 'vitest';
import { type ItemChangesSubscription, ItemChangesDocument, ItemsDocument } from '../../schema/documents/graphql.ts';
import type { SeamlineServer } from '../../src/server/server.ts';
import { type Feed, overWebSocket, transports } from '../support/clients/clients.ts';
import { Mirror } from '../support/model/mirror.ts';
import { startServer } from '../support/server/server.ts';

/** Applies messages until the mirror equals the server's map. */
async function settle(server: SeamlineServer, feed: Feed<ItemChangesSubscription>, mirror: Mirror): Promise<void> {
  const head = server.map.replica.cursor(server.map.replica.head);
  while (mirror.cursor < head || !mirror.isCaughtUp) {
    const message = (await feed.next())?.data?.itemChanges;
    if (!message) throw new Error('ended before it had settled');
    mirror.apply(message);
  }
}

const insertMany = (server: SeamlineServer, keys: readonly string[]) =>
  server.map.insertMany(keys.map((key) => ({ key, value: key })));

const numbered = (count: number, prefix = 'k'): string[] => Array.from({ length: count }, (_, n) => `${prefix}${n}`);

describe.each(transports)('over $name', ({ subscribe }) => {
  it('G5 goes on with current items when a resumed subscriber has lagged, losing no key', async () => {
    const server = await startServer({ window: 10 });
    const { cursor: after } = await server.map.insert({ key: 'seen', value: 0 });
    for (let round = 0; round < 5; round++) await insertMany(server, numbered(20));
    const feed = subscribe(server, ItemsDocument, { after, limit: 20 });
    const seen = (await feed.take(20)).map(({ data }) => data?.items);
    expect(new Set(seen.map((item) => item?.key))).toEqual(new Set(numbered(20)));
    for (const item of seen) expect(item?.cursor).toBe(server.map.get(item?.key ?? '')?.cursor);
  });

  it('G5 ends with LAGGED when the subscriber asks for it, and CONFLATE from its cursor loses no key', async () => {
    const server = await startServer({ window: 10 });
    const { cursor: after } = await server.map.insert({ key: 'seen', value: 0 });
    await insertMany(server, numbered(25));
    const failed = subscribe(server, ItemsDocument, { after, onLag: 'FAIL' });
    const error = (await failed.next())?.errors?.[0];
    expect(error?.extensions).toMatchObject({ code: 'LAGGED', missed: 15, cursor: after });
    expect(await failed.next()).toBeUndefined();
    const resumed = subscribe(server, ItemsDocument, { after: String(error?.extensions['cursor']) });
    expect((await resumed.take(25)).map(({ data }) => data?.items.key)).toEqual(numbered(25));
  });

  it('G6 has exactly the server’s map at every `caughtUp`: inserted, removed, expired, evicted, reinserted', async () => {
    const server = await startServer({ maxItems: 50 });
    await insertMany(server, numbered(40));
    const feed = subscribe(server, ItemChangesDocument);
    const mirror = new Mirror();
    await settle(server, feed, mirror);
    await insertMany(server, numbered(30, 'x'));
    await server.map.remove('x3');
    await insertMany(server, ['x3', 'x4', 'x4', 'λ😀']);
    await server.map.insert({ key: 'mortal', value: 1, ttl: 1 });
    await settle(server, feed, mirror);
    expect(mirror.items.size).toBe(50);
    while (mirror.items.has('mortal')) {
      const message = (await feed.next())?.data?.itemChanges;
      if (!message) throw new Error('ended');
      mirror.apply(message);
    }
    expect([...mirror.items.keys()].sort()).toEqual(
      [...server.map.replica.items.index.from(0 as never)].map(({ key }) => key).sort(),
    );
  });

  it('G6 starts at once, with a reset, also when the map is empty, and resumes without one', async () => {
    const server = await startServer();
    const first = (await subscribe(server, ItemChangesDocument).next())?.data?.itemChanges;
    expect(first).toMatchObject({
      reset: true,
      caughtUp: true,
      upserted: [],
      removed: [],
      size: 0,
      checksum: '00000000',
    });
    const after = first?.cursor;
    const resumed = (await subscribe(server, ItemChangesDocument, { after }).next())?.data?.itemChanges;
    expect(resumed).toMatchObject({ reset: false, caughtUp: true, upserted: [], removed: [], size: 0, cursor: after });
  });

  it('G6 resumes inside a snapshot, also when old removals have left the window', async () => {
    const server = await startServer({ window: 100 });
    await insertMany(server, numbered(1000, 'gone'));
    await insertMany(server, numbered(1000));
    for (const key of numbered(1000, 'gone')) await server.map.remove(key);
    await insertMany(server, numbered(1000, 'y'));
    await insertMany(server, numbered(500, 'z'));
    const mirror = new Mirror();
    let resets = 0;
    let after: string | undefined;
    do {
      const feed = subscribe(server, ItemChangesDocument, { after });
      const message = (await feed.next())?.data?.itemChanges;
      if (!message) throw new Error('ended');
      resets += message.reset ? 1 : 0;
      mirror.apply(message);
      after = message.cursor;
      await feed.leave();
    } while (!mirror.isCaughtUp);
    expect(resets).toBe(1);
    expect(mirror.messages).toBeGreaterThan(2);
    expect(mirror.items.size).toBe(2500);
  });

  it('G5 resets a mirror only when a removal that it still needs has left the window', async () => {
    const server = await startServer({ window: 10 });
    await insertMany(server, ['a', 'b']);
    const mirror = new Mirror();
    const feed = subscribe(server, ItemChangesDocument);
    await settle(server, feed, mirror);
    const { cursor } = mirror;
    await feed.leave();
    await server.map.remove('a');
    await insertMany(server, ['a', ...numbered(30)]);
    const lagging = subscribe(server, ItemChangesDocument, { after: cursor });
    const copy = new Mirror();
    const message = (await lagging.next())?.data?.itemChanges;
    expect(message?.reset).toBe(false);
    await server.map.remove('b');
    await insertMany(server, numbered(30));
    const reset = subscribe(server, ItemChangesDocument, { after: cursor });
    await settle(server, reset, copy);
    expect(copy.items.has('b')).toBe(false);
  });

  it('G6 never divides a batch', async () => {
    const server = await startServer();
    const feed = subscribe(server, ItemChangesDocument);
    const sizes = [700, 700, 1000, 1, 999, 2];
    await feed.take(1);
    // In one tick, so that the subscriber reads them all at once.
    const inserted = sizes.map((size, n) => insertMany(server, numbered(size, `b${n}-`)));
    const ends = new Set((await Promise.all(inserted)).map((items) => items.at(-1)?.cursor));
    for (let seen = 0; seen < 3402;) {
      const message = (await feed.next())?.data?.itemChanges;
      seen += message?.upserted.length ?? 0;
      expect(ends).toContain(message?.cursor);
    }
  });

  it('G6 keeps the cursor of a mirror whose filter matches nothing within the window', async () => {
    const server = await startServer({ window: 40 });
    const feed = subscribe(server, ItemChangesDocument, { filter: { keys: [] } });
    const first = (await feed.next())?.data?.itemChanges;
    expect(first).toMatchObject({ reset: true, caughtUp: true, size: 0, checksum: '00000000' });
    for (let n = 0; n < 3; n++) {
      await insertMany(server, numbered(20));
      const message = (await feed.next())?.data?.itemChanges;
      expect(message).toMatchObject({ reset: false, upserted: [], removed: [] });
      expect(message?.cursor).toBe(server.map.replica.cursor(server.map.replica.head));
    }
  });

  it('G6 mirrors the part of the map that the filter selects', async () => {
    const server = await startServer();
    await insertMany(server, ['a1', 'b1', 'a2']);
    const mirror = new Mirror();
    const feed = subscribe(server, ItemChangesDocument, { filter: { keyPrefix: 'a' } });
    await settle(server, feed, mirror);
    expect([...mirror.items.keys()]).toEqual(['a1', 'a2']);
    await server.map.remove('a1');
    await insertMany(server, ['b2', 'a3']);
    await settle(server, feed, mirror);
    expect([...mirror.items.keys()]).toEqual(['a2', 'a3']);
  });
});

it('G6 two nodes of one log have equal size and checksum at equal cursors', async () => {
  const { memoryLog } = await import('../../src/logs/memory/memory-log.ts');
  const log = memoryLog({ shared: true });
  const a = await startServer({ log });
  await insertMany(a, numbered(500));
  const b = await startServer({ log });
  await b.map.remove('k7');
  const [one, two] = [new Mirror(), new Mirror()];
  await settle(a, overWebSocket.subscribe(a, ItemChangesDocument), one);
  await settle(b, overWebSocket.subscribe(b, ItemChangesDocument), two);
  expect(one.cursor).toBe(two.cursor);
  expect([...one.items]).toEqual([...two.items]);
});
