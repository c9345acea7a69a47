import { describe, expect, it } from 'vitest';
import { ItemChangesDocument, ItemsDocument, StreamDocument } from '../../schema/documents/graphql.ts';
import { memoryLog } from '../../src/logs/memory/memory-log.ts';
import { ask, type Result, transports } from '../support/clients/clients.ts';
import { startServer } from '../support/server/server.ts';

const keysOf = (results: readonly Result<{ items: { key: string } }>[]): (string | undefined)[] =>
  results.map(({ data }) => data?.items.key);

const codeOf = (result: Result<unknown> | undefined): unknown => result?.errors?.[0]?.extensions['code'];

describe.each(transports)('over $name', ({ subscribe }) => {
  it('G3 delivers rising positions and timestamps that never fall, even when the clock does', async () => {
    let now = 1_000_000;
    const server = await startServer({ log: memoryLog({ clock: () => now }) });
    const feed = subscribe(server, ItemsDocument);
    await server.map.insert({ key: 'first', value: 0 });
    await feed.take(1);
    for (let n = 0; n < 30; n++) {
      now += n % 3 === 0 ? -50_000 : 7;
      await server.map.insert({ key: `k${n % 4}`, value: n });
    }
    const items = (await feed.take(30)).map(({ data }) => data?.items);
    const cursors = items.map((item) => item?.cursor ?? '');
    const timestamps = items.map((item) => Date.parse(String(item?.timestamp)));
    expect(cursors).toEqual([...cursors].sort());
    expect(timestamps).toEqual([...timestamps].sort((a, b) => a - b));
  });

  it('G2 and G4 deliver each position exactly once across subscriptions chained by `after`', async () => {
    const server = await startServer();
    const expected: number[] = [];
    const seen: unknown[] = [];
    let after: string | undefined;
    for (let round = 0; round < 20; round++) {
      const feed = subscribe(server, ItemsDocument, { ...(after !== undefined && { after }) });
      const count = 1 + (round % 4);
      const taken = feed.take(count);
      for (let n = 0; n < count; n++) {
        expected.push(expected.length);
        await server.map.insert({ key: `k${expected.length % 3}`, value: expected.at(-1) });
      }
      for (const { data } of await taken) {
        seen.push(data?.items.value);
        after = data?.items.cursor;
      }
      await feed.leave();
    }
    expect(seen).toEqual(expected);
  });

  it('G4 delivers changes in the window one by one, also superseded ones', async () => {
    const server = await startServer();
    const { cursor } = await server.map.insert({ key: 'a', value: 0 });
    for (const value of [1, 2, 3]) await server.map.insert({ key: 'a', value });
    const feed = subscribe(server, ItemsDocument, { after: cursor });
    expect((await feed.take(3)).map(({ data }) => data?.items.value)).toEqual([1, 2, 3]);
  });

  it('G4 accepts the cursor of an empty log, and refuses the empty string and other texts', async () => {
    const server = await startServer();
    const { stream } = await ask(server, StreamDocument);
    const feed = subscribe(server, ItemsDocument, { after: stream.cursor });
    const taken = feed.take(1);
    await server.map.insert({ key: 'a', value: 1 });
    expect(keysOf(await taken)).toEqual(['a']);
    for (const after of ['', 'nonsense', `${stream.cursor}x`])
      expect(codeOf(await subscribe(server, ItemsDocument, { after }).next())).toBe('BAD_USER_INPUT');
  });

  it('G4 refuses another epoch, another digest and a position ahead of the log with CURSOR_EXPIRED', async () => {
    const server = await startServer();
    const other = await startServer();
    const { cursor } = await server.map.insert({ key: 'a', value: 1 });
    const foreign = await other.map.insert({ key: 'a', value: 1 });
    const digest = cursor.slice(-7);
    const forged = `${cursor.slice(0, -7)}${digest === '0000001' ? '0000002' : '0000001'}`;
    const ahead = `${cursor.slice(0, 12)}-3zzz-${digest}`;
    for (const after of [foreign.cursor, forged, ahead]) {
      const feed = subscribe(server, ItemsDocument, { after });
      expect(codeOf(await feed.next())).toBe('CURSOR_EXPIRED');
      expect(await feed.next()).toBeUndefined();
    }
  });

  it('G4 starts `itemChanges` with a reset when the cursor has expired', async () => {
    const server = await startServer();
    const other = await startServer();
    const { cursor: after } = await other.map.insert({ key: 'a', value: 1 });
    await server.map.insert({ key: 'b', value: 1 });
    const message = (await subscribe(server, ItemChangesDocument, { after }).next())?.data?.itemChanges;
    expect(message).toMatchObject({ reset: true, caughtUp: true, upserted: [{ key: 'b' }] });
  });

  it('G4 waits on a node with an older state until it has everything that the log held', async () => {
    const log = memoryLog({ shared: true });
    const [a, b] = [await startServer({ log }), await startServer({ log })];
    const { cursor } = await a.map.insert({ key: 'a', value: 1 });
    await a.map.insert({ key: 'b', value: 2 });
    const feed = subscribe(b, ItemsDocument, { after: cursor });
    expect(keysOf(await feed.take(1))).toEqual(['b']);
  });

  it('G8 delivers exactly `limit` items, then completes', async () => {
    const server = await startServer();
    for (const key of ['a', 'b', 'c']) await server.map.insert({ key, value: key });
    for (const limit of [1, 2, 3]) {
      const feed = subscribe(server, ItemsDocument, { limit });
      expect(await feed.take(limit)).toHaveLength(limit);
      expect(await feed.next()).toBeUndefined();
    }
    const feed = subscribe(server, ItemsDocument, { limit: 5 });
    await feed.take(3);
    for (const key of ['d', 'e', 'f']) await server.map.insert({ key, value: key });
    expect(keysOf(await feed.take(2))).toEqual(['d', 'e']);
    expect(await feed.next()).toBeUndefined();
  });

  it('G8 completes at once for 0 and refuses a negative limit', async () => {
    const server = await startServer();
    await server.map.insert({ key: 'a', value: 1 });
    expect(await subscribe(server, ItemsDocument, { limit: 0 }).next()).toBeUndefined();
    expect(codeOf(await subscribe(server, ItemsDocument, { limit: -1 }).next())).toBe('BAD_USER_INPUT');
  });

  it('G7 delivers an acknowledged insertion to every subscription that is open', async () => {
    const server = await startServer();
    const feeds = Array.from({ length: 10 }, () => subscribe(server, ItemsDocument));
    await server.map.insert({ key: 'first', value: 0 });
    await Promise.all(feeds.map((feed) => feed.take(1)));
    const { cursor } = await server.map.insert({ key: 'a', value: 1 });
    expect(server.map.get('a')?.cursor).toBe(cursor);
    for (const feed of feeds) expect((await feed.next())?.data?.items.cursor).toBe(cursor);
  });

  it('G9 sends `complete` when a subscription is finished', async () => {
    const server = await startServer();
    await server.map.insert({ key: 'a', value: 1 });
    const feed = subscribe(server, ItemsDocument, { limit: 1 });
    await feed.take(1);
    expect(await feed.next()).toBeUndefined();
  });
});

it('G7 answers a retry with the same idempotency key with the first result', async () => {
  const server = await startServer();
  const first = await server.map.insert({ key: 'a', value: 1, idempotencyKey: 'once' });
  await server.map.insert({ key: 'a', value: 2 });
  const retried = await server.map.insert({ key: 'a', value: 1, idempotencyKey: 'once' });
  expect(retried).toEqual(first);
  expect(server.map.get('a')?.value).toBe(2);
  await expect(server.map.insert({ key: 'a', value: 3, idempotencyKey: 'once' })).rejects.toMatchObject({
    code: 'CONFLICT',
  });
});
