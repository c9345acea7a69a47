import { gql, ssrExchange } from '@urql/core';
import { cacheExchange, type SerializedEntries, type StorageAdapter } from '@urql/exchange-graphcache';
import { describe, expect, it, vi } from 'vitest';
import { graphcacheConfig } from '../../../src/client/urql/urql.ts';
import { CHANGES, INSERT, ITEMS, openItem, openList, PAGE, REMOVE, world } from '../../support/clients/graphcache.ts';
import { resultsOf, urqlOverWebSocket } from '../../support/clients/urql.ts';

describe('a list in Graphcache', () => {
  it('a list continues live after its first page, also when more pages are fetched meanwhile (G11)', async () => {
    const { client, insert, remove } = await world();
    for (const key of ['a', 'b', 'c', 'd', 'e']) await insert(key);
    const list = openList(client, { first: 2 });
    const first = await list.shows(['a', 1], ['b', 1]);
    await insert('f');
    await remove('a');
    await insert('c', 2);
    const { endCursor } = first.data.items.pageInfo;
    const more = openList(client, { first: 2, after: endCursor });
    const merged = await more.shows(['a', 1], ['b', 1], ['d', 1], ['e', 1]);
    expect(merged.data.items.cursor).toBe(first.data.items.cursor);
    expect(merged.data.items.pageInfo).toMatchObject({ hasPreviousPage: false, hasNextPage: true });
    await insert('b', 2);
    resultsOf(client.subscription(CHANGES, { after: first.data.items.cursor }));
    await list.shows(['d', 1], ['e', 1], ['f', 1], ['c', 2], ['b', 2]);
    openList(client, { first: 10, after: merged.data.items.pageInfo.endCursor });
    await insert('g');
    const all = await list.shows(['d', 1], ['e', 1], ['f', 1], ['c', 2], ['b', 2], ['g', 1]);
    expect(all.data.items.cursor).toBe(first.data.items.cursor);
    expect(all.data.items.edges.map((edge: { cursor: string }) => edge.cursor)).toEqual(
      all.data.items.edges.map(({ node }: { node: { cursor: string } }) => node.cursor),
    );
  });

  it('a list shows the live items that its filter selects', async () => {
    const { client, insert } = await world();
    await insert('x1');
    const list = openList(client, { filter: { keyPrefix: 'x' } });
    await list.shows(['x1', 1]);
    resultsOf(client.subscription(CHANGES, {}));
    await insert('y1');
    await insert('x2');
    await list.shows(['x1', 1], ['x2', 1]);
  });

  it('filters with the same members in another order select the same list', async () => {
    const { client, insert } = await world();
    for (const key of ['x1', 'x2', 'y1']) await insert(key);
    const list = openList(client, { filter: { keys: ['x1', 'x3', 'y1'], keyPrefix: 'x' } });
    await list.shows(['x1', 1]);
    resultsOf(client.subscription(CHANGES, {}));
    await insert('x3');
    await list.shows(['x1', 1], ['x3', 1]);
  });

  it('a reset empties the lists, and a reset with a filter removes the selected items', async () => {
    const { client, insert, remove } = await world();
    for (const key of ['x1', 'x2', 'y1']) await insert(key);
    const list = openList(client);
    const view = openItem(client, 'x1');
    await list.shows(['x1', 1], ['x2', 1], ['y1', 1]);
    await view.shows(1);
    await remove('x1');
    await remove('y1');
    resultsOf(client.subscription(CHANGES, { filter: { keyPrefix: 'x' } }));
    await list.shows(['x2', 1], ['y1', 1]);
    await view.shows(undefined);
    resultsOf(client.subscription(CHANGES, {}));
    await list.shows(['x2', 1]);
  });

  it('a list stays complete when a live item has fewer fields than the list selects', async () => {
    const { client, insert } = await world();
    await insert('a');
    const list = openList(client);
    await list.shows(['a', 1]);
    await client.mutation(
      gql`
        mutation {
          insertItem(input: { key: "b", value: 2 }) {
            id
          }
        }
      `,
      {},
    );
    await insert('c');
    await client.mutation(INSERT, { input: { key: 'd', value: 4 } });
    await list.shows(['a', 1], ['d', 4]);
  });
});

describe('a restored cache', () => {
  it('a list rendered on a server is restored by ssrExchange, and continues without a gap', async () => {
    const rendering = ssrExchange({ isClient: false });
    const { server, client, insert } = await world([cacheExchange(graphcacheConfig()), rendering]);
    await insert('a');
    await client.query(PAGE, {});
    const initialState = JSON.parse(JSON.stringify(rendering.extractData()));
    await insert('b');
    const browser = urqlOverWebSocket.client(server.url, {
      before: [cacheExchange(graphcacheConfig()), ssrExchange({ isClient: true, initialState })],
    });
    const list = openList(browser);
    const first = await list.shows(['a', 1]);
    resultsOf(browser.subscription(ITEMS, { after: first.data.items.cursor }));
    await list.shows(['a', 1], ['b', 1]);
  });

  it('a list is restored from a storage with its removals, and continues without a gap', async () => {
    vi.stubEnv('NODE_ENV', 'production');
    const stored: SerializedEntries = {};
    let hydrated = Promise.withResolvers<void>();
    const storage = (readFrom: SerializedEntries): StorageAdapter => ({
      writeData: async (entries) => void Object.assign(stored, entries),
      readData: () => Promise.resolve(readFrom),
      onCacheHydrated: hydrated.resolve,
    });
    const { server, client, insert } = await world([cacheExchange({ ...graphcacheConfig(), storage: storage({}) })]);
    const { insertItem: gone } = await insert('gone');
    await insert('a');
    await openList(client).shows(['gone', 1], ['a', 1]);
    await client.mutation(REMOVE, { key: 'gone' });
    await client.mutation(INSERT, { input: { key: 'm', value: 1 } });
    await vi.waitFor(() => expect(Object.keys(stored).join()).toContain('Live:items'), { timeout: 20_000 });
    vi.unstubAllEnvs();
    await insert('b');
    hydrated = Promise.withResolvers();
    const before = [cacheExchange({ ...graphcacheConfig(), storage: storage(JSON.parse(JSON.stringify(stored))) })];
    const browser = urqlOverWebSocket.client(server.url, { before });
    await hydrated.promise;
    const list = openList(browser);
    const first = await list.shows(['a', 1], ['m', 1]);
    const fetch = () => Promise.resolve(Response.json({ data: { insertItem: { ...gone, __typename: 'Item' } } }));
    await browser.mutation(INSERT, { input: { key: 'gone', value: 1 } }, { fetch });
    resultsOf(browser.subscription(ITEMS, { after: first.data.items.cursor }));
    await list.shows(['a', 1], ['m', 1], ['b', 1]);
  });
});
