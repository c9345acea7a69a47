/** A tenant is a caller with a `keyPrefix`: items, changes and query results of others never reach it. */
import { describe, expect, it } from 'vitest';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { startServer } from '../../support/server/server.ts';
import { type Tenant, tenant, type Wire, wires } from '../../support/server/tenants.ts';
import { SECRET } from '../../support/server/tokens.ts';

interface Items {
  readonly items: { readonly key: string };
}
interface Changes {
  readonly itemChanges: {
    readonly reset: boolean;
    readonly upserted: readonly { readonly key: string }[];
    readonly removed: readonly { readonly key: string; readonly reason: string }[];
    readonly caughtUp: boolean;
    readonly cursor: string;
    readonly size: number | null;
    readonly checksum: string | null;
  };
}

const ITEMS = `subscription ($after: String, $filter: ItemFilter, $limit: Int) {
  items(after: $after, filter: $filter, limit: $limit) { id key value cursor }
}`;
const CHANGES = `subscription ($after: String, $filter: ItemFilter) {
  itemChanges(after: $after, filter: $filter) {
    reset upserted { id key value cursor } removed { key reason cursor } caughtUp cursor size checksum
  }
}`;
const PAGE = `query ($after: String, $filter: ItemFilter, $first: Int) {
  items(after: $after, filter: $filter, first: $first) {
    edges { cursor node { id key value } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;

const world = async (options = {}) => {
  const server = await startServer({ jwtSecret: SECRET, ...options });
  const [a, b, admin] = [await tenant(server, 'a:'), await tenant(server, 'b:'), await tenant(server, '')];
  return { server, a, b, admin };
};
const insert = async (server: SeamlineServer, ...keys: readonly string[]): Promise<void> => {
  for (const key of keys) await server.map.insert({ key, value: `of ${key}` });
};
const keysOf = async (reader: Tenant, wire: Wire, count: number, variables?: object): Promise<string[]> => {
  const feed = reader.subscribe<Items>(wire, ITEMS, variables);
  const results = await feed.take(count);
  await feed.leave();
  return results.map(({ data }) => data?.items.key ?? '');
};
/** The messages of a mirror up to the first one that is caught up and holds `until`, which is then removed. */
async function changesUntil(feed: ReturnType<typeof mirror>, until: string): Promise<Changes['itemChanges'][]> {
  const messages: Changes['itemChanges'][] = [];
  for (;;) {
    const [result] = await feed.take(1);
    if (!result?.data) throw new Error(JSON.stringify(result));
    messages.push(result.data.itemChanges);
    if (result.data.itemChanges.upserted.some(({ key }) => key === until)) return messages;
  }
}
const mirror = (reader: Tenant, wire: Wire, variables?: object) => reader.subscribe<Changes>(wire, CHANGES, variables);
const touched = (messages: readonly Changes['itemChanges'][]): Set<string> =>
  new Set(messages.flatMap(({ upserted, removed }) => [...upserted, ...removed].map(({ key }) => key)));

describe.each(wires)('over %s, a tenant', (wire) => {
  it('a tenant receives its own part of the snapshot and of later insertions (G1)', async () => {
    const { server, a, b, admin } = await world();
    await insert(server, 'a:1', 'b:1', 'a', 'b', 'ab:', 'B:1', 'b:2');
    const feed = b.subscribe<Items>(wire, ITEMS);
    expect(await feed.take(2)).toMatchObject([
      { data: { items: { key: 'b:1' } } },
      { data: { items: { key: 'b:2' } } },
    ]);
    await insert(server, 'a:2', 'b', 'a:1', 'b:3', 'a:b:', 'b:');
    expect(await feed.take(2)).toMatchObject([{ data: { items: { key: 'b:3' } } }, { data: { items: { key: 'b:' } } }]);
    expect(await keysOf(a, wire, 3)).toEqual(['a:2', 'a:1', 'a:b:']);
    expect(await keysOf(admin, wire, 11)).toHaveLength(11);
  });

  it('only a tenant’s own items count towards its limit (G8)', async () => {
    const { server, b } = await world();
    await insert(server, 'a:1', 'b:1', 'a:2', 'b:2', 'a:3');
    const feed = b.subscribe<Items>(wire, ITEMS, { limit: 2 });
    const keys: (string | undefined)[] = [];
    for await (const { data } of feed) keys.push(data?.items.key);
    expect(keys).toEqual(['b:1', 'b:2']);
  });

  it('a tenant that resumes after the cursor of another’s item receives its own items only (G4)', async () => {
    const { server, b } = await world();
    await insert(server, 'b:1', 'a:1', 'a:2', 'b:2');
    const after = server.map.get('a:1')?.cursor;
    expect(await keysOf(b, wire, 1, { after })).toEqual(['b:2']);
    const feed = b.subscribe<Items>(wire, ITEMS, {}, { after });
    expect(await feed.take(1)).toMatchObject([{ data: { items: { key: 'b:2' } } }]);
    await insert(server, 'a:1', 'b:3');
    expect(await feed.take(1)).toMatchObject([{ data: { items: { key: 'b:3' } } }]);
    const { data } = await b.request(PAGE, { after });
    expect(data).toMatchObject({ items: { edges: [{ node: { key: 'b:2' } }, { node: { key: 'b:3' } }] } });
  });

  it.each([
    ['a key of another', { keys: ['a:1', 'b:1', 'x'] }, 'b:1'],
    ['the prefix of another', { keyPrefix: 'a:' }, undefined],
    ['a prefix of both', { keyPrefix: '' }, 'b:1'],
    ['a shorter prefix', { keyPrefix: 'b' }, 'b:1'],
    ['a longer prefix', { keyPrefix: 'b:1' }, 'b:1'],
    ['both', { keyPrefix: 'a:', keys: ['a:1', 'b:1'] }, undefined],
    ['no key', { keys: [] }, undefined],
  ])('that filters for %s gets no more than its own', async (_name, filter, expected) => {
    const { server, b } = await world();
    await insert(server, 'a:1', 'b', 'b:1', 'x');
    const items = b.subscribe<Items>(wire, ITEMS, { filter });
    const changes = mirror(b, wire, { filter });
    const [first] = await changes.take(1);
    expect(first?.data?.itemChanges).toMatchObject({
      reset: true,
      caughtUp: true,
      size: expected === undefined ? 0 : 1,
    });
    expect(first?.data?.itemChanges.upserted.map(({ key }) => key)).toEqual(expected === undefined ? [] : [expected]);
    if (expected !== undefined) expect(await items.take(1)).toMatchObject([{ data: { items: { key: expected } } }]);
    // Other items change all the time. The last key of each delivery tells them apart.
    await insert(server, 'a:1', 'b', 'x', 'a:2');
    await server.map.remove('a:1');
    if (expected === undefined) {
      await items.leave();
      await expect(b.ask(PAGE, { filter })).resolves.toMatchObject({ items: { edges: [] } });
      return;
    }
    await insert(server, expected);
    expect(await items.take(1)).toMatchObject([{ data: { items: { key: expected } } }]);
    expect(touched(await changesUntil(changes, expected))).toEqual(new Set([expected]));
  });

  it('a tenant is told of no insertion, removal, expiry or eviction of another (G6)', async () => {
    const { server, b, admin } = await world({ maxItems: 6 });
    await insert(server, 'b:1', 'a:1', 'b:2', 'a:2');
    const [own, all] = [mirror(b, wire), mirror(admin, wire)];
    expect(touched(await changesUntil(own, 'b:2'))).toEqual(new Set(['b:1', 'b:2']));
    await all.take(1);
    await server.map.remove('a:1');
    await server.map.remove('b:1');
    await server.map.insert({ key: 'a:dying', value: 1, ttl: 1 });
    await server.map.insert({ key: 'b:dying', value: 1, ttl: 1 });
    const reasons = new Map<string, string>();
    const heard: Changes['itemChanges'][] = [];
    // The admin sees both expire.
    const seen = new Set<string>();
    while (!seen.has('a:dying') || !seen.has('b:dying'))
      for (const { data } of await all.take(1)) for (const { key } of data?.itemChanges.removed ?? []) seen.add(key);
    // Each of these insertions evicts an item: first b:2 and a:2, the oldest.
    await insert(server, 'a:3', 'a:4', 'a:5', 'a:6', 'a:7', 'a:8', 'b:last');
    heard.push(...(await changesUntil(own, 'b:last')));
    for (const { removed } of heard) for (const { key, reason } of removed) reasons.set(key, reason);
    expect(Object.fromEntries(reasons)).toEqual({ 'b:1': 'REMOVED', 'b:dying': 'EXPIRED', 'b:2': 'EVICTED' });
    for (const key of touched(heard)) expect(key).toMatch(/^b:/);
    // Of its own items, only b:last is left.
    expect(heard.at(-1)).toMatchObject({ caughtUp: true, size: 1 });
    for (const { size } of heard) expect(size ?? 0).toBeLessThanOrEqual(2);
  });

  it('a tenant that resumes from before the window is sent its own part again and nothing else (G5, G6)', async () => {
    const { server, b } = await world({ window: 4 });
    await insert(server, 'b:gone', 'a:gone', 'b:1');
    const after = server.map.get('b:1')?.cursor;
    await server.map.remove('b:gone');
    await server.map.remove('a:gone');
    await insert(server, 'a:1', 'b:2', 'a:2', 'a:3', 'a:4', 'a:5', 'b:3');
    const messages = await changesUntil(mirror(b, wire, { after }), 'b:3');
    expect(messages[0]).toMatchObject({ reset: true });
    expect(touched(messages)).toEqual(new Set(['b:1', 'b:2', 'b:3']));
    expect(await keysOf(b, wire, 2, { after })).toEqual(['b:2', 'b:3']);
  });

  it('a tenant that starts again with the cursor of another epoch is sent its own part only', async () => {
    const { server, b } = await world();
    const other = await startServer();
    await insert(other, 'a:1');
    await insert(server, 'a:1', 'b:1', 'a:2');
    const messages = await changesUntil(mirror(b, wire, { after: other.map.get('a:1')?.cursor }), 'b:1');
    expect(messages[0]).toMatchObject({ reset: true });
    expect(touched(messages)).toEqual(new Set(['b:1']));
  });

  it('a tenant is told size and checksum of its own items, and a token without prefix those of all', async () => {
    const { server, b, admin } = await world();
    await insert(server, 'b:1');
    const { checksum } = server.map.replica.items;
    await insert(server, 'a:1');
    const own = (await mirror(b, wire).take(1))[0]?.data?.itemChanges;
    expect(own).toMatchObject({ caughtUp: true, size: 1, checksum });
    expect((await mirror(admin, wire).take(1))[0]?.data?.itemChanges).toMatchObject({ caughtUp: true, size: 2 });
  });
});

describe('a tenant’s query', () => {
  it('a tenant’s query of an item finds its own only and does not reveal whether another’s exists', async () => {
    const { server, b } = await world();
    await insert(server, 'a:1', 'b:1', 'b');
    const item = 'query ($key: ID!) { item(key: $key) { id key value cursor } }';
    expect(await b.request(item, { key: 'b:1' })).toMatchObject({ data: { item: { id: 'b:1', value: 'of b:1' } } });
    const none = await b.request(item, { key: 'a:none' });
    expect(none).toEqual({ data: { item: null } });
    for (const key of ['a:1', 'b', 'b:none', 'a:1\0', 'B:1']) expect(await b.request(item, { key })).toEqual(none);
  });

  it('a tenant’s query of a page counts its own items only, also for hasNextPage', async () => {
    const { server, b } = await world();
    await insert(server, 'a:0', 'a:1', 'b:1', 'a:2', 'b:2', 'a:3');
    const [first, last] = [server.map.get('b:1')?.cursor, server.map.get('b:2')?.cursor];
    expect(await b.ask(PAGE, { first: 1 })).toMatchObject({
      items: {
        edges: [{ node: { key: 'b:1' } }],
        pageInfo: { hasNextPage: true, hasPreviousPage: false, startCursor: first, endCursor: first },
      },
    });
    expect(await b.ask(PAGE, { first: 1, after: first })).toMatchObject({
      items: {
        edges: [{ node: { key: 'b:2' } }],
        pageInfo: { hasNextPage: false, hasPreviousPage: true, endCursor: last },
      },
    });
    // After the first items of the other tenant, which must not be revealed.
    const after = server.map.get('a:1')?.cursor;
    expect(await b.ask(PAGE, { after, first: 1000 })).toMatchObject({
      items: { pageInfo: { hasPreviousPage: false } },
    });
    await server.map.remove('b:1');
    await server.map.remove('b:2');
    expect(await b.ask(PAGE)).toEqual({
      items: {
        edges: [],
        pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
      },
    });
  });

  it('a tenant’s query of the stream tells neither size nor checksum', async () => {
    const { server, b, admin } = await world();
    await insert(server, 'a:1', 'b:1');
    expect(await b.ask('{ stream { size checksum } }')).toEqual({ stream: { size: null, checksum: null } });
    expect(await admin.ask('{ stream { size } }')).toEqual({ stream: { size: 2 } });
  });
});
