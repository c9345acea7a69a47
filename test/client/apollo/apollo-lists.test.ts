import { gql, InMemoryCache } from '@apollo/client';
import { describe, expect, it } from 'vitest';
import { InsertItemDocument, type ItemPageQuery } from '../../../schema/documents/graphql.ts';
import { typePolicies, updateItems } from '../../../src/client/apollo/apollo.ts';
import {
  apolloClient,
  arrive,
  cacheWorld as world,
  CHANGES,
  has,
  ITEM,
  ITEMS,
  itemsOf,
  keysOf,
  message,
  overGraphQLWs,
  overHttpLink,
  PAGE,
  shown,
  valueOf,
  watch,
} from '../../support/clients/apollo.ts';
import { ask } from '../../support/clients/clients.ts';
import { startServer } from '../../support/server/server.ts';

describe('the list of `Query.items`', () => {
  it('the list shows a moved item at its current position, with its current cursor', async () => {
    const { client, insert, page } = await world();
    for (const key of ['a', 'b']) await insert(key);
    const list = watch(page());
    await list.until(has('a', 'b'));
    const moved = await insert('a', 2);
    arrive(client, ITEMS, { items: moved });
    const { edges } = itemsOf(await list.until(has('b', 'a')));
    expect(edges[1]).toMatchObject({ cursor: moved?.cursor, node: { value: 2 } });
  });

  it('pages join one list for each filter, in which no live item is repeated or lost', async () => {
    const { client, insert, page } = await world();
    for (const key of ['a', 'b', 'c', 'd']) await insert(key);
    const [query, filtered] = [page(2), page(2, { keyPrefix: 'c' })];
    const [list, other] = [watch(query), watch(filtered)];
    const first = itemsOf(await list.until(has('a', 'b')));
    await other.until(has('c'));
    query.subscribeToMore({
      document: ITEMS,
      variables: { after: first.cursor },
      updateQuery: updateItems,
    });
    // `b` moves and `e` is inserted: both come after the page that is fetched next.
    await insert('b', 2);
    await insert('e');
    await list.until(has('a', 'b', 'e'));
    const next = await query.fetchMore({ variables: { after: first.pageInfo.endCursor } });
    expect(keysOf(next.data)).toEqual(['c', 'd']);
    const { endCursor } = itemsOf(next).pageInfo;
    const joined = itemsOf(await list.until(has('a', 'c', 'd', 'b', 'e')));
    expect(joined).toMatchObject({ cursor: first.cursor, pageInfo: { hasNextPage: true, endCursor } });
    await query.fetchMore({ variables: { after: endCursor } });
    await list.until((result) => !itemsOf(result).pageInfo.hasNextPage);
    expect(keysOf(list.results.at(-1)?.data)).toEqual(['a', 'c', 'd', 'b', 'e']);
    // The same page again, and a query that selects less than the list.
    await query.fetchMore({ variables: { after: first.pageInfo.endCursor } });
    await client.query({ query: gql('{ items { cursor } }'), fetchPolicy: 'network-only' });
    const { edges, pageInfo, cursor } = itemsOf(query.getCurrentResult());
    expect([edges.length, pageInfo.hasNextPage, cursor]).toEqual([5, false, first.cursor]);
    expect(keysOf(other.results.at(-1)?.data)).toEqual(['c']);
    expect(client.cache.extract()).toHaveProperty(['ROOT_QUERY', 'items:{"filter":{"keyPrefix":"c"}}']);
  });

  it('a refetch keeps items that arrived live while it was in flight', async () => {
    const { client, other, insert, remove, page } = await world();
    await insert('a');
    await insert('gone');
    const query = page();
    const list = watch(query);
    const first = itemsOf(await list.until(has('a', 'gone')));
    const { data: late } = await other.query({ query: PAGE, fetchPolicy: 'no-cache' });
    await remove('gone');
    query.subscribeToMore({
      document: CHANGES,
      variables: { after: first.cursor },
      updateQuery: updateItems,
    });
    await insert('b');
    await list.until(has('a', 'b'));
    client.cache.write({
      query: PAGE,
      dataId: 'ROOT_QUERY',
      result: late ?? null,
      variables: { first: 100 },
      overwrite: true,
    });
    expect(shown(client)).toEqual(['a', 'b']);
    await query.refetch();
    expect(shown(client)).toEqual(['a', 'b']);
  });
});

describe('updateItems', () => {
  it.each([
    ['items', ITEMS],
    ['itemChanges', CHANGES],
  ] as const)('updateItems applies %s after the first page, also across a cut (G11)', async (name, document) => {
    const { network, insert, remove, page } = await world();
    for (const key of ['a', 'b', 'c']) await insert(key);
    const query = page();
    const list = watch(query);
    const first = itemsOf(await list.until(has('a', 'b', 'c')));
    // Changes between the query and the subscription.
    await insert('d');
    await insert('a', 2);
    query.subscribeToMore({ document, variables: { after: first.cursor }, updateQuery: updateItems });
    await list.until(has('b', 'c', 'd', 'a'));
    network.cut();
    await network.refusal();
    await insert('e');
    if (name === 'itemChanges') await remove('b');
    network.mend();
    await list.until(name === 'items' ? has('b', 'c', 'd', 'a', 'e') : has('c', 'd', 'a', 'e'));
  });

  it('updateItems misses nothing when more pages are fetched before the subscription starts (G11)', async () => {
    const { insert, page } = await world();
    for (const key of ['a', 'b', 'c', 'd']) await insert(key);
    const query = page(2);
    const list = watch(query);
    const first = itemsOf(await list.until(has('a', 'b')));
    await insert('a', 2);
    await query.fetchMore({
      variables: { after: first.pageInfo.endCursor },
    });
    const joined = itemsOf(await list.until(has('a', 'b', 'c', 'd')));
    query.subscribeToMore({
      document: CHANGES,
      variables: { after: joined.cursor },
      updateQuery: updateItems,
    });
    await list.until(has('b', 'c', 'd', 'a'));
  });

  it('updateItems empties the list of its filter on reset', async () => {
    const { network, client, insert, page } = await world();
    for (const key of ['a1', 'a2', 'b1']) await insert(key);
    const query = page(undefined, { keyPrefix: 'a' });
    const [list, all] = [watch(query), watch(page())];
    const first = itemsOf(await list.until(has('a1', 'a2')));
    await all.until(has('a1', 'a2', 'b1'));
    query.subscribeToMore({
      document: CHANGES,
      variables: { after: first.cursor, filter: { keyPrefix: 'a' } },
      updateQuery: updateItems,
    });
    network.cut();
    await network.refusal();
    const other = await startServer();
    await ask(other, InsertItemDocument, { input: { key: 'a3', value: 1 } });
    network.mend(other.url);
    const afterwards = itemsOf(await list.until(has('a3')));
    await all.until(has('b1'));
    expect(afterwards.cursor).not.toBe(first.cursor);
    const { data: items } = await client.query({ query: ITEM, variables: { key: 'a1' } });
    expect(items?.item).toBeNull();
  });

  it('updateItems applies a message to a list of any cache', () => {
    const list = (...keys: string[]) => ({
      items: { edges: keys.map((key) => ({ node: { key } })), cursor: 'before' },
    });
    const after = (part: object) =>
      updateItems<ItemPageQuery>(list('a', 'b', 'c'), { subscriptionData: { data: message(part) } });
    const changed = after({ upserted: [{ key: 'a' }, { key: 'd' }], removed: [{ key: 'b' }] });
    expect([keysOf(changed), changed?.items.cursor]).toEqual([['c', 'a', 'd'], 'before']);
    const reset = after({ reset: true, upserted: [{ key: 'b' }], cursor: 'then' });
    expect([keysOf(reset), reset?.items.cursor]).toEqual([['b'], 'then']);
  });

  it('the list shows the current items after `items` starts over and onReset refetches', async () => {
    const { network, server, insert } = await world();
    const client = apolloClient(overGraphQLWs, network.url, {
      onReset: (operation) => void operation.client.refetchQueries({ include: 'active' }),
    });
    for (const key of ['a', 'b']) await insert(key);
    const query = client.watchQuery({ query: PAGE });
    const [list, item] = [watch(query), watch(client.watchQuery({ query: ITEM, variables: { key: 'a' } }))];
    const first = itemsOf(await list.until(has('a', 'b')));
    await item.until(({ data }) => data?.item?.value === 'a');
    query.subscribeToMore({ document: ITEMS, variables: { after: first.cursor }, updateQuery: updateItems });
    network.cut();
    await network.refusal();
    await server.drain();
    const other = await startServer();
    const begin = (key: string) => ask(other, InsertItemDocument, { input: { key, value: key } });
    await begin('z');
    network.mend(other.url);
    await list.until(has('z'));
    await item.until(({ data }) => data?.item === null);
    await begin('y');
    await list.until(has('z', 'y'));
  });

  it('a list rendered on a server continues in the browser without a gap (G11)', async () => {
    const { server, insert, remove } = await world();
    for (const key of ['a', 'b', 'c']) await insert(key);
    const rendering = apolloClient(overHttpLink, server.url);
    await rendering.query({ query: PAGE });
    const state = JSON.stringify(rendering.cache.extract());
    await insert('b', 2);
    await remove('c');
    const cache = new InMemoryCache({ typePolicies }).restore(JSON.parse(state));
    const client = apolloClient(overHttpLink, server.url, { cache });
    const query = client.watchQuery({ query: PAGE });
    const list = watch(query);
    const first = itemsOf(await list.until(has('a', 'b', 'c')));
    query.subscribeToMore({
      document: CHANGES,
      variables: { after: first.cursor },
      updateQuery: updateItems,
    });
    await list.until(has('a', 'b'));
    expect(valueOf(client, 'b')).toBe(2);
  });

  it('updateItems ignores data without a list or a message', () => {
    expect(updateItems({}, { subscriptionData: { data: message({}) } })).toBeUndefined();
    expect(updateItems({ items: { edges: [] } }, { subscriptionData: { data: undefined } })).toBeUndefined();
  });
});
