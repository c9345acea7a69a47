/** Apollo's cache with collections of an SDL file, without a server: results arrive in the order that the test chooses. */
import { gql, InMemoryCache, type StoreObject } from '@apollo/client';
import { describe, expect, it } from 'vitest';
import { createTypePolicies, createUpdateItems, updateItems } from '../../../src/client/apollo/apollo.ts';

/** Cursors of two logs: each collection has its own. */
const at = (position: number, epoch = 'aaaaaaaaaaaa'): string => `${epoch}-1${position}-0000000`;
const other = (position: number): string => at(position, 'bbbbbbbbbbbb');

const FIELDS = 'id symbol price cursor';
const ONE = gql(`query ($symbol: ID!) { quote(symbol: $symbol) { ${FIELDS} } }`);
const PAGE = gql(`query ($first: Int, $after: String, $filter: QuoteFilter) {
  quotes(first: $first, after: $after, filter: $filter) {
    edges { cursor node { ${FIELDS} } } pageInfo { endCursor hasNextPage } cursor
  }
}`);
const INSERT = gql(`mutation { insertQuote(input: {}) { ${FIELDS} } }`);
const REMOVE = gql('mutation { removeQuote(symbol: "A") { key cursor } }');
const CHANGES = gql(`subscription ($filter: QuoteFilter) {
  quoteChanges(filter: $filter) { reset upserted { ${FIELDS} } removed { key reason cursor } cursor }
}`);
const ORDERS = gql(
  'subscription { orderChanges { reset upserted { id number cursor } removed { key cursor } cursor } }',
);
const ORDER = gql('query ($number: Int!) { order(number: $number) { id number cursor } }');

const quote = (symbol: string, price: number, cursor: string) => ({
  __typename: 'Quote',
  id: symbol,
  symbol,
  price,
  cursor,
});
const removal = (key: string, cursor: string, reason = 'REMOVED') => ({
  __typename: 'RemovedItem',
  key,
  reason,
  cursor,
});
const message = (part: object) => ({
  __typename: 'QuoteChanges',
  reset: false,
  upserted: [],
  removed: [],
  cursor: at(9),
  ...part,
});
const page = (cursor: string, ...nodes: readonly StoreObject[]) => ({
  __typename: 'QuoteConnection',
  edges: nodes.map((node) => ({ __typename: 'QuoteEdge', cursor: node['cursor'], node })),
  pageInfo: { __typename: 'PageInfo', endCursor: nodes.at(-1)?.['cursor'] ?? null, hasNextPage: false },
  cursor,
});

function world() {
  const collections = ['Quote', { name: 'Order', key: 'number' }];
  const cache = new InMemoryCache({ typePolicies: createTypePolicies({ collections }) });
  const write = (dataId: string, query: typeof PAGE, result: object, variables = {}) =>
    cache.write({ dataId, query, result, variables });
  return {
    cache,
    answer: (query: typeof PAGE, result: object) => write('ROOT_MUTATION', query, result),
    arrive: (part: object, filter?: object) =>
      write('ROOT_SUBSCRIPTION', CHANGES, { quoteChanges: message(part) }, filter && { filter }),
    load: (result: object, variables = {}) => write('ROOT_QUERY', PAGE, { quotes: result }, variables),
    price: (symbol: string) =>
      cache.readQuery<{ quote: { price: number } | null }>({ query: ONE, variables: { symbol } })?.quote,
    shown: (filter?: object) =>
      cache
        .readQuery<{ quotes: { edges: { node: { symbol: string } }[] } }>({
          query: PAGE,
          variables: { ...(filter && { filter }) },
        })
        ?.quotes.edges.map(({ node }) => node.symbol)
        .join(' '),
  };
}

describe('createTypePolicies', () => {
  it('a late answer of a mutation does not replace a newer item of a collection', () => {
    const { cache, answer, arrive, price } = world();
    arrive({ upserted: [quote('A', 2, at(2))] });
    answer(INSERT, { insertQuote: quote('A', 1, at(1)) });
    expect(price('A')).toMatchObject({ price: 2 });
    expect(cache.identify(quote('A', 1, at(1)))).toBe('Quote:A');
  });

  it('a removal evicts the item of its collection, and an older insertion does not restore it', () => {
    const { cache, answer, arrive, load, price, shown } = world();
    load(page(at(2), quote('A', 1, at(1)), quote('B', 1, at(2))));
    arrive({ removed: [removal('A', at(3))] });
    answer(INSERT, { insertQuote: quote('A', 1, at(1)) });
    expect([shown(), price('A')]).toEqual(['B', null]);
    arrive({ upserted: [quote('A', 4, at(4))] });
    arrive({ removed: [removal('A', at(3))] });
    expect(price('A')).toMatchObject({ price: 4 });
    answer(REMOVE, { removeQuote: removal('A', at(5)) });
    expect(price('A')).toBeNull();
    cache.gc();
    expect(Object.keys(cache.extract())).not.toContain('RemovedQuote:A');
  });

  it('a removal of one collection says nothing of another one with an equal key', () => {
    const { cache, answer, arrive, price } = world();
    const orders = (removed: object[], upserted: object[] = []) => ({
      orderChanges: { ...message({ removed, upserted }), __typename: 'OrderChanges' },
    });
    const order = { __typename: 'Order', id: 'own', number: 7, cursor: other(1) };
    arrive({ upserted: [quote('7', 1, at(1))] });
    cache.write({ dataId: 'ROOT_SUBSCRIPTION', query: ORDERS, result: orders([], [order]) });
    const readOrder = () => cache.readQuery({ query: ORDER, variables: { number: 7 } });
    expect(readOrder()).toEqual({ order });
    arrive({ removed: [removal('7', at(2))] });
    cache.write({ dataId: 'ROOT_SUBSCRIPTION', query: ORDERS, result: orders([removal('7', other(2))]) });
    expect([price('7'), readOrder()]).toEqual([null, { order: null }]);
    answer(INSERT, { insertQuote: quote('7', 1, at(1)) });
    expect(price('7')).toBeNull();
  });

  it('pages of a collection read as one list, in the current order', () => {
    const { arrive, load, shown } = world();
    load(page(at(3), quote('A', 1, at(1)), quote('B', 1, at(2))));
    load(page(at(4), quote('C', 1, at(3))), { after: at(2) });
    expect(shown()).toBe('A B C');
    arrive({ upserted: [quote('A', 2, at(5))] });
    expect(shown()).toBe('B C A');
  });

  it('a list with a typed condition loses what ceases to match, and the item stays in the cache', () => {
    const { arrive, load, price, shown } = world();
    const filter = { where: { price: { gte: 10 } } };
    load(page(at(2), quote('A', 10, at(1)), quote('B', 20, at(2))), { filter });
    arrive({ upserted: [], removed: [removal('A', at(3), 'UNMATCHED')] }, { where: { price: { gte: 10 } } });
    expect([shown(filter), price('A')]).toMatchObject(['B', { price: 10 }]);
    // A page that was read before comes late.
    load(page(at(2), quote('A', 10, at(1)), quote('B', 20, at(2))), { filter });
    expect(shown(filter)).toBe('B');
  });

  it('a reset evicts the items of its collection only', () => {
    const { cache, arrive, price } = world();
    const order = { __typename: 'Order', id: 'own', number: 7, cursor: other(1) };
    cache.write({ dataId: 'ROOT_QUERY', query: ORDER, variables: { number: 7 }, result: { order } });
    arrive({ upserted: [quote('A', 1, at(1)), quote('B', 1, at(2))] });
    arrive({ reset: true, upserted: [quote('B', 1, at(2))] });
    expect(['A', 'B'].map((symbol) => price(symbol)?.price)).toEqual([undefined, 1]);
    expect(cache.readQuery({ query: ORDER, variables: { number: 7 } })).toEqual({ order });
  });
});

describe('updateItems', () => {
  const previous = {
    __typename: 'Query',
    quotes: page(at(2), quote('A', 1, at(1)), quote('B', 1, at(2))),
    orders: { __typename: 'OrderConnection', edges: [] },
  };
  const updated = (data: object, update = updateItems) =>
    update<typeof previous>(previous, { subscriptionData: { data } })?.quotes.edges.map(({ node }) => node['price']);

  it('updateItems finds the list of the collection whose changes arrive, under any alias', () => {
    const changes = message({ upserted: [quote('A', 2, at(3))], removed: [removal('B', at(4))] });
    expect(updated({ quoteChanges: changes })).toEqual([2]);
    expect(updated({ alias: changes })).toEqual([2]);
    expect(updated({ quotes: quote('C', 3, at(3)) })).toEqual([1, 1, 3]);
    expect(updated({ orderChanges: { ...message({}), __typename: 'OrderChanges' } })).toEqual([1, 1]);
  });

  it('createUpdateItems finds the key of items that have an id of their own', () => {
    const own = { ...quote('A', 2, at(3)), id: 'x' };
    const byKey = createUpdateItems({ collections: [{ name: 'Quote', key: 'symbol' }] });
    expect(updated({ quoteChanges: message({ upserted: [own] }) }, byKey)).toEqual([1, 2]);
    expect(updated({ quoteChanges: message({ removed: [removal('A', at(3))] }) }, byKey)).toEqual([1]);
  });
});
