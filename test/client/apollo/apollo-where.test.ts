/** Lists with a filter on values in Apollo's cache. */
import type { ApolloClient } from '@apollo/client';
import { describe, expect, it } from 'vitest';
import type { ItemPageQuery } from '../../../schema/documents/graphql.ts';
import { updateItems } from '../../../src/client/apollo/apollo.ts';
import {
  arrive,
  cacheWorld,
  CHANGES,
  has,
  ITEM,
  itemsOf,
  keysOf,
  message,
  PAGE,
  valueOf,
  watch,
} from '../../support/clients/apollo.ts';

interface Filter {
  readonly where: object;
  readonly keyPrefix?: string;
}

const OPEN: Filter = { where: { path: '/status', eq: 'open' } };
const CLOSED: Filter = { where: { path: '/status', eq: 'closed' } };

/** A world of orders with a list of the open ones and a list of all. */
async function orders(...statuses: readonly string[]) {
  const world = await cacheWorld();
  const order = (key: string, status: string) => world.insert(key, { status });
  for (const [index, status] of statuses.entries()) await order(`o${index}`, status);
  const [openQuery, allQuery] = [world.page(undefined, OPEN), world.page()];
  const follow = async (query: typeof openQuery, filter?: object) => {
    const list = watch(query);
    const first = itemsOf(await list.until(({ data }) => data !== undefined));
    const variables = { after: first.cursor, ...(filter && { filter }) };
    return { list, first, stop: query.subscribeToMore({ document: CHANGES, variables, updateQuery: updateItems }) };
  };
  return { ...world, order, openQuery, allQuery, follow };
}

const shown = (client: ApolloClient, filter: object): string[] =>
  keysOf(client.readQuery({ query: PAGE, variables: { filter } }));

/** Writes a page to the list of open orders, at a time that the test chooses. */
const bring = (client: ApolloClient, result: object, after?: string | null) =>
  client.cache.write({
    query: PAGE,
    dataId: 'ROOT_QUERY',
    result: { ...result } as ItemPageQuery,
    variables: { first: 100, filter: OPEN, ...(after && { after }) },
  });

describe('a list with a filter on values', () => {
  it('an item leaves the list when it matches no longer, and stays in other lists and in the cache', async () => {
    const { client, order, openQuery, allQuery, follow } = await orders('open', 'closed', 'open');
    const { list: all } = await follow(allQuery);
    const { list: open } = await follow(openQuery, OPEN);
    await open.until(has('o0', 'o2'));
    await order('o0', 'closed');
    await open.until(has('o2'));
    await all.until(has('o1', 'o2', 'o0'));
    await order('o1', 'open');
    await open.until(has('o2', 'o1'));
    await order('o0', 'open');
    await open.until(has('o2', 'o1', 'o0'));
    expect(valueOf(client, 'o0')).toEqual({ status: 'open' });
  });

  it('an item that left one list is evicted from no other, also without a subscription of all items', async () => {
    const { client, order, remove, openQuery, allQuery, follow } = await orders('open', 'open');
    const all = watch(allQuery);
    await all.until(has('o0', 'o1'));
    const { list: open } = await follow(openQuery, OPEN);
    await order('o0', 'closed');
    await open.until(has('o1'));
    expect(keysOf(client.readQuery({ query: PAGE }))).toEqual(['o0', 'o1']);
    expect(client.readQuery({ query: ITEM, variables: { key: 'o0' } })?.item?.key).toBe('o0');
    await remove('o1');
    await open.until(has());
    await all.until(has('o0'));
    expect(client.readQuery({ query: ITEM, variables: { key: 'o1' } })?.item).toBeNull();
  });

  it('lists with different filters on values are different lists', async () => {
    const { page, order } = await orders('open', 'closed', 'open');
    const [open, closed] = [watch(page(undefined, OPEN)), watch(page(undefined, CLOSED))];
    await open.until(has('o0', 'o2'));
    await closed.until(has('o1'));
    await order('o3', 'closed');
    await watch(page(undefined, { ...CLOSED, keyPrefix: 'o3' })).until(has('o3'));
    expect([keysOf(open.results.at(-1)?.data), keysOf(closed.results.at(-1)?.data)]).toEqual([['o0', 'o2'], ['o1']]);
  });

  it.each(['before', 'after'])(
    'a page that was read before an item left, and arrives %s, doesn’t bring it back',
    async (when) => {
      const { client, other, order, openQuery, follow } = await orders('open', 'open');
      const { list: open, first } = await follow(openQuery, OPEN);
      const late = await other.query({ query: PAGE, variables: { filter: OPEN }, fetchPolicy: 'no-cache' });
      const arrives = () => bring(client, { ...late.data }, when === 'before' ? undefined : first.pageInfo.startCursor);
      if (when === 'before') arrives();
      await order('o0', 'closed');
      await open.until(has('o1'));
      if (when === 'after') arrives();
      expect(shown(client, OPEN)).toEqual(['o1']);
      await order('o0', 'open');
      await open.until(has('o1', 'o0'));
    },
  );

  it('a refetch drops an item that has ceased to match meanwhile, and keeps one that came live after it was read', async () => {
    const { client, other, order, openQuery, follow } = await orders('open', 'open');
    const { list: open, stop } = await follow(openQuery, OPEN);
    const late = await other.query({ query: PAGE, variables: { filter: OPEN }, fetchPolicy: 'no-cache' });
    await order('o2', 'open');
    await open.until(has('o0', 'o1', 'o2'));
    client.cache.write({
      query: PAGE,
      dataId: 'ROOT_QUERY',
      result: late.data ?? null,
      variables: { first: 100, filter: OPEN },
      overwrite: true,
    });
    expect(shown(client, OPEN)).toEqual(['o0', 'o1', 'o2']);
    stop();
    const item = await order('o1', 'closed');
    arrive(client, CHANGES, message({ upserted: [item] }));
    await openQuery.refetch();
    expect(shown(client, OPEN)).toEqual(['o0', 'o2']);
  });

  it('pages go on after an empty page', async () => {
    const { client, other } = await orders('open', 'open');
    const { data } = await other.query({ query: PAGE, variables: { filter: OPEN }, fetchPolicy: 'no-cache' });
    const whole = itemsOf({ data });
    const [before, between] = [whole.cursor.replace(/-1.-/, '-10-'), whole.edges[0]?.cursor];
    const empty = (endCursor: string | undefined) => ({
      items: { ...whole, edges: [], pageInfo: { ...whole.pageInfo, startCursor: null, endCursor, hasNextPage: true } },
    });
    const pageInfo = () => itemsOf({ data: client.readQuery({ query: PAGE, variables: { filter: OPEN } }) }).pageInfo;
    bring(client, empty(before));
    expect([shown(client, OPEN), pageInfo()]).toMatchObject([
      [],
      { startCursor: null, endCursor: before, hasNextPage: true },
    ]);
    bring(client, empty(between), before);
    expect(pageInfo()).toMatchObject({ endCursor: between, hasNextPage: true });
    const last = { items: { ...whole, edges: whole.edges.slice(1) } };
    bring(client, last, between);
    expect(shown(client, OPEN)).toEqual(['o1']);
    const { startCursor, endCursor } = whole.pageInfo;
    expect(pageInfo()).toMatchObject({ startCursor, endCursor, hasNextPage: false });
  });

  it('a reset empties the list and keeps the items that the filter doesn’t select, unless they are of another log', async () => {
    const { client, openQuery, allQuery, insert } = await orders('open', 'closed');
    const [open, all] = [watch(openQuery), watch(allQuery)];
    const { cursor } = itemsOf(await open.until(has('o0')));
    await all.until(has('o0', 'o1'));
    const reset = (at: string) =>
      client.cache.write({
        query: CHANGES,
        dataId: 'ROOT_SUBSCRIPTION',
        variables: { filter: OPEN },
        result: message({ reset: true, cursor: at }),
      });
    reset(cursor);
    expect([shown(client, OPEN), keysOf(client.readQuery({ query: PAGE }))]).toEqual([[], ['o0', 'o1']]);
    reset(cursor.replace(/^.{12}/, 'anotherepoch'));
    expect(keysOf(client.readQuery({ query: PAGE }))).toEqual([]);
    arrive(client, CHANGES, message({ upserted: [await insert('o1', { status: 'closed' })] }));
    expect(keysOf(client.readQuery({ query: PAGE }))).toEqual(['o1']);
  });
});
