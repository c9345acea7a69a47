/** Lists with a filter on values in Graphcache. */
import { gql, type Client } from '@urql/core';
import { describe, expect, it } from 'vitest';
import { ItemPageDocument } from '../../../schema/documents/graphql.ts';
import { ask } from '../../support/clients/clients.ts';
import { cached, CHANGES, openList, PAGE, world } from '../../support/clients/graphcache.ts';
import { resultsOf } from '../../support/clients/urql.ts';

interface Filter {
  readonly where: object;
  readonly keyPrefix?: string;
}

const [open, closed] = [{ status: 'open' }, { status: 'closed' }];
const OPEN: Filter = { where: { path: '/status', eq: 'open' } };
const CLOSED: Filter = { where: { path: '/status', eq: 'closed' } };

const follow = (client: Client, filter?: object) =>
  resultsOf(client.subscription(CHANGES, { ...(filter && { filter }) }));

describe('a list with a filter on values', () => {
  it('an item leaves the list when it matches no longer, and stays in other lists and in the cache', async () => {
    const { client, insert, remove } = await world();
    for (const key of ['a', 'b']) await insert(key, open);
    await insert('c', closed);
    const [list, all] = [openList(client, { filter: OPEN }), openList(client)];
    await list.shows(['a', open], ['b', open]);
    await all.shows(['a', open], ['b', open], ['c', closed]);
    follow(client, OPEN);
    await insert('d', open);
    await list.shows(['a', open], ['b', open], ['d', open]);
    await insert('a', closed);
    await list.shows(['b', open], ['d', open]);
    // The cache has not got the new value: only the list with the filter was told.
    await all.shows(['a', open], ['b', open], ['c', closed], ['d', open]);
    expect(await cached(client, 'a')).toMatchObject({ key: 'a' });
    follow(client);
    await all.shows(['b', open], ['c', closed], ['d', open], ['a', closed]);
    await insert('e', open);
    await list.shows(['b', open], ['d', open], ['e', open]);
    await insert('a', open);
    await list.shows(['b', open], ['d', open], ['e', open], ['a', open]);
    await remove('b');
    await list.shows(['d', open], ['e', open], ['a', open]);
    await all.shows(['c', closed], ['d', open], ['e', open], ['a', open]);
  });

  it('a list shows only what was told for its own filter on values', async () => {
    const { client, insert } = await world();
    await insert('a', open);
    const lists = [openList(client, { filter: OPEN }), openList(client, { filter: CLOSED })] as const;
    await lists[0].shows(['a', open]);
    await lists[1].shows();
    follow(client);
    follow(client, CLOSED);
    await insert('b', open);
    await insert('c', closed);
    await lists[1].shows(['c', closed]);
    await openList(client).shows(['a', open], ['b', open], ['c', closed]);
    await lists[0].shows(['a', open]);
  });

  it('an item that left the list doesn’t come back with a newer value that was told for another list', async () => {
    const { client, insert } = await world();
    await insert('a', open);
    await insert('z', open);
    const [list, all] = [openList(client, { filter: OPEN }), openList(client)];
    await list.shows(['a', open], ['z', open]);
    follow(client, OPEN);
    follow(client);
    await insert('a', closed);
    await list.shows(['z', open]);
    await insert('a', { status: 'archived' });
    await insert('z', open);
    await all.shows(['a', { status: 'archived' }], ['z', open]);
    await list.shows(['z', open]);
  });

  it('a page that was read before an item left doesn’t bring it back, and one that was read after it returned does', async () => {
    const { client, server, insert } = await world();
    await insert('a', open);
    await insert('z', open);
    const list = openList(client, { filter: OPEN });
    await list.shows(['a', open], ['z', open]);
    const subscription = follow(client, OPEN);
    const page = () => ask(server, ItemPageDocument, { filter: OPEN });
    const late = await page();
    await insert('a', closed);
    await list.shows(['z', open]);
    const answer = async (data: object) => {
      const variables = { first: 50, filter: OPEN };
      const fetch = () => Promise.resolve(Response.json({ data: withTypenames(data) }));
      await client.query(PAGE, variables, { fetch, requestPolicy: 'network-only' }).toPromise();
    };
    await answer(late);
    const { data } = await client.query(PAGE, { filter: OPEN }, { requestPolicy: 'cache-only' });
    expect(data?.items.edges.map(({ node }: { node: { key: string } }) => node.key)).toEqual(['z']);
    subscription.leave();
    await insert('a', open);
    await answer(await page());
    await list.shows(['z', open], ['a', open]);
  });

  it('pages go on after an empty page', async () => {
    const { client, server, insert } = await world();
    for (const key of ['a', 'b']) await insert(key, open);
    const { items: whole } = await ask(server, ItemPageDocument, { filter: OPEN });
    const [before, between] = [whole.cursor.replace(/-1.-/, '-10-'), whole.edges[0]?.cursor];
    const answer = async (after: string | undefined, page: object) => {
      const fetch = () => Promise.resolve(Response.json({ data: withTypenames({ items: { ...whole, ...page } }) }));
      const { data } = await client.query(PAGE, { filter: OPEN, after }, { fetch }).toPromise();
      return [data?.items.edges.length, data?.items.pageInfo];
    };
    const empty = { edges: [], pageInfo: { ...whole.pageInfo, startCursor: null, hasNextPage: true } };
    const emptyTo = (endCursor: string | undefined) => ({ ...empty, pageInfo: { ...empty.pageInfo, endCursor } });
    expect(await answer(undefined, emptyTo(before))).toMatchObject([0, { endCursor: before, hasNextPage: true }]);
    expect(await answer(before, emptyTo(between))).toMatchObject([0, { endCursor: between, hasNextPage: true }]);
    const { startCursor, endCursor } = whole.pageInfo;
    expect(await answer(between, { edges: whole.edges.slice(1) })).toMatchObject([
      1,
      { startCursor, endCursor, hasNextPage: false },
    ]);
  });

  it('a reset empties the list of its filter and keeps the items that it doesn’t select', async () => {
    const { client, server, insert } = await world();
    await insert('a', open);
    await insert('b', closed);
    const [list, all] = [openList(client, { filter: OPEN }), openList(client)];
    await list.shows(['a', open]);
    await all.shows(['a', open], ['b', closed]);
    await insert('a', closed);
    follow(client, OPEN);
    await list.shows();
    await all.shows(['a', open], ['b', closed]);
    expect(server.map.get('a')?.value).toEqual(closed);
  });

  it('without reason a removal takes the item out of the list alone', async () => {
    const { client, insert } = await world();
    await insert('a', open);
    const [list, all] = [openList(client, { filter: OPEN }), openList(client)];
    await list.shows(['a', open]);
    await all.shows(['a', open]);
    const query = gql`
      subscription ($filter: ItemFilter) {
        itemChanges(filter: $filter) {
          upserted {
            id
            cursor
          }
          removed {
            key
            cursor
          }
        }
      }
    `;
    await resultsOf(client.subscription(query, { filter: OPEN })).until(({ data }) => data !== undefined);
    await insert('a', closed);
    await list.shows();
    await all.shows(['a', open]);
  });
});

/** What the server would answer to urql's document, which also selects the names of types. */
function withTypenames({ items }: { items?: unknown }): object {
  const { edges, pageInfo, ...rest } = items as { edges: { node: object }[]; pageInfo: object };
  return {
    items: {
      __typename: 'ItemConnection',
      ...rest,
      pageInfo: { __typename: 'PageInfo', ...pageInfo },
      edges: edges.map((edge) => ({ __typename: 'ItemEdge', ...edge, node: { __typename: 'Item', ...edge.node } })),
    },
  };
}
