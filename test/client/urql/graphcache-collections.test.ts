/** Graphcache with collections of an SDL file, without a server: results arrive in the order that the test chooses. */
import { gql } from '@urql/core';
import { describe, expect, it } from 'vitest';
import { type Arriving, arriving } from '../../support/clients/arriving.ts';

/** Cursors of two logs: each collection has its own. */
const at = (position: number, epoch = 'aaaaaaaaaaaa'): string => `${epoch}-1${position}-0000000`;
const other = (position: number): string => at(position, 'bbbbbbbbbbbb');

const FIELDS = 'id symbol price cursor';
const ONE = gql(`query One($symbol: ID!) { quote(symbol: $symbol) { ${FIELDS} } }`);
const PAGE = gql(`query Page($after: String, $filter: QuoteFilter) {
  quotes(after: $after, filter: $filter) {
    edges { cursor node { ${FIELDS} } } pageInfo { startCursor endCursor hasNextPage hasPreviousPage } cursor
  }
}`);
const INSERT = gql(`mutation Insert { insertQuote(input: {}) { ${FIELDS} } }`);
const INSERT_MANY = gql(`mutation InsertMany { insertQuotes(inputs: []) { ${FIELDS} } }`);
const REMOVE = gql('mutation Remove { removeQuote(ifCursor: "x", symbol: "A") { key cursor } }');
const CHANGES = gql(`subscription Changes($filter: QuoteFilter) {
  quoteChanges(filter: $filter) { reset upserted { ${FIELDS} } removed { key reason cursor } cursor }
}`);
const ORDERS = gql(
  'subscription Orders { orderChanges { reset upserted { id number cursor } removed { key cursor } cursor } }',
);
const ORDER = gql('query Order($number: Int!) { order(number: $number) { id number cursor } }');

const quote = (symbol: string, price: number, cursor: string) => ({
  __typename: 'Quote',
  id: symbol,
  symbol,
  price,
  cursor,
});
const shownOrder = { id: 'own', number: 7, cursor: other(1) };
const order = { __typename: 'Order', ...shownOrder };
const removal = (key: string, cursor: string, reason = 'REMOVED') => ({
  __typename: 'RemovedItem',
  key,
  reason,
  cursor,
});
const message = (part: object, __typename = 'QuoteChanges') => ({
  __typename,
  reset: false,
  upserted: [],
  removed: [],
  cursor: at(9),
  ...part,
});
const page = (cursor: string, ...nodes: readonly { cursor: string }[]) => ({
  __typename: 'QuoteConnection',
  edges: nodes.map((node) => ({ __typename: 'QuoteEdge', cursor: node.cursor, node })),
  pageInfo: {
    __typename: 'PageInfo',
    startCursor: nodes[0]?.cursor ?? null,
    endCursor: nodes.at(-1)?.cursor ?? null,
    hasNextPage: false,
    hasPreviousPage: false,
  },
  cursor,
});

function world() {
  const arrived = arriving({ collections: ['Quote', { name: 'Order', key: 'number' }] });
  return {
    ...arrived,
    changes: (part: object, filter?: object) =>
      arrived.arrive(CHANGES, { quoteChanges: message(part) }, filter && { filter }),
    loadPage: (list: object, variables?: object) => arrived.load(PAGE, { quotes: list }, variables),
    price: async (symbol: string) => {
      const one = (await arrived.cached(ONE, { symbol }))?.['quote'] as { price: number } | null | undefined;
      return one && one.price;
    },
    shown: (filter?: object) => shown(arrived, filter),
  };
}

async function shown({ cached }: Arriving, filter?: object): Promise<string | undefined> {
  const data = (await cached(PAGE, filter && { filter })) as
    { quotes: { edges: { node: { symbol: string } }[] } } | undefined;
  return data?.quotes.edges.map(({ node }) => node.symbol).join(' ');
}

describe('graphcacheConfig with collections', () => {
  it('a late answer of a mutation does not replace a newer item of a collection', async () => {
    const { answer, changes, price } = world();
    await changes({ upserted: [quote('A', 2, at(2))] });
    expect(await answer(INSERT, { insertQuote: quote('A', 1, at(1)) })).toMatchObject({ insertQuote: { price: 2 } });
    expect(await price('A')).toBe(2);
  });

  it('a removal takes the item out of its collection, and an older insertion does not restore it', async () => {
    const { answer, changes, loadPage, price, shown } = world();
    await loadPage(page(at(2), quote('A', 1, at(1)), quote('B', 1, at(2))));
    expect(await price('A')).toBe(1);
    await changes({ removed: [removal('A', at(3))] });
    await answer(INSERT, { insertQuote: quote('A', 1, at(1)) });
    expect([await shown(), await price('A')]).toEqual(['B', null]);
    await changes({ upserted: [quote('A', 4, at(4))] });
    await changes({ removed: [removal('A', at(3))] });
    expect([await shown(), await price('A')]).toEqual(['B A', 4]);
    await answer(REMOVE, { removeQuote: removal('A', at(5)) });
    expect([await shown(), await price('A')]).toEqual(['B', null]);
  });

  it('a removal of one collection says nothing of another one with an equal key', async () => {
    const { answer, arrive, cached, changes, price } = world();
    await changes({ upserted: [quote('7', 1, at(1))] });
    await arrive(ORDERS, { orderChanges: message({ upserted: [order] }, 'OrderChanges') });
    const readOrder = () => cached(ORDER, { number: 7 });
    expect(await readOrder()).toEqual({ order: shownOrder });
    await changes({ removed: [removal('7', at(2))] });
    expect([await price('7'), await readOrder()]).toEqual([null, { order: shownOrder }]);
    await arrive(ORDERS, { orderChanges: message({ removed: [removal('7', other(2))] }, 'OrderChanges') });
    expect(await readOrder()).toEqual({ order: null });
    await answer(INSERT, { insertQuote: quote('7', 1, at(1)) });
    expect(await price('7')).toBeNull();
  });

  it('pages and live items of a collection read as one list, in the current order', async () => {
    const { answer, changes, loadPage, shown } = world();
    await loadPage(page(at(3), quote('A', 1, at(1)), quote('B', 1, at(2))));
    await loadPage(page(at(4), quote('C', 1, at(3))), { after: at(2) });
    expect(await shown()).toBe('A B C');
    await changes({ upserted: [quote('A', 2, at(5))] });
    await answer(INSERT_MANY, { insertQuotes: [quote('D', 1, at(6)), quote('E', 1, at(7))] });
    expect(await shown()).toBe('B C A D E');
  });

  it('a list with a typed condition loses what ceases to match, and the item stays in the cache', async () => {
    const { changes, loadPage, price, shown } = world();
    const filter = { where: { price: { gte: 10 } } };
    await loadPage(page(at(2), quote('A', 10, at(1)), quote('B', 20, at(2))), { filter });
    await changes({ removed: [removal('A', at(3), 'UNMATCHED')] }, { where: { price: { gte: 10 } } });
    expect([await shown(filter), await price('A')]).toEqual(['B', 10]);
    // A page that was read before comes late.
    await loadPage(page(at(2), quote('A', 10, at(1)), quote('B', 20, at(2))), { filter });
    expect(await shown(filter)).toBe('B');
  });

  it('a reset removes the items of its collection only', async () => {
    const { cached, changes, load, loadPage, price, shown } = world();
    await load(ORDER, { order }, { number: 7 });
    await loadPage(page(at(2), quote('A', 1, at(1)), quote('B', 1, at(2))));
    await changes({ reset: true, upserted: [quote('B', 1, at(2))] });
    expect([await shown(), await price('A'), await price('B')]).toEqual(['B', null, 1]);
    expect(await cached(ORDER, { number: 7 })).toEqual({ order: shownOrder });
  });

  it('an item is the newest version also if its document gives fields other names', async () => {
    const { answer, price } = world();
    const set = (fields: string, data: object) =>
      answer(gql(`mutation { insertQuote(input: {}) { ${fields} } }`), {
        insertQuote: { __typename: 'Quote', id: 'A', ...data },
      });
    await set('id symbol p: price cursor', { symbol: 'A', p: 2, cursor: at(2) });
    await set('id cursor symbol p: price', { symbol: 'A', p: 1, cursor: at(1) });
    expect(await price('A')).toBe(2);
    await set('id cursor symbol p: price', { symbol: 'A', p: 3, cursor: at(3) });
    expect(await price('A')).toBe(3);
  });
});

describe('nested objects in Graphcache', () => {
  const NAME = gql('query Name { quote(symbol: "A") { id cursor issuer { id name } lines { count } } }');
  const COUNTRY = gql('query Country { quote(symbol: "A") { id cursor issuer { id country } lines { text } } }');
  const WHOLE = gql('query Whole { quote(symbol: "A") { id cursor issuer { id name country } lines { count text } } }');
  const line = (part: object) => ({ __typename: 'Line', ...part });
  const withName = (name: string, cursor: string, symbol = 'A') => ({
    __typename: 'Quote',
    id: symbol,
    cursor,
    issuer: { __typename: 'Company', id: 'own', name },
    lines: [line({ count: 1 }), line({ count: 2 })],
  });
  const withCountry = (country: string, cursor: string) => ({
    __typename: 'Quote',
    id: 'A',
    cursor,
    issuer: { __typename: 'Company', id: 'own', country },
    lines: [line({ text: 'x' }), line({ text: 'y' })],
  });
  const nested = () => arriving({ collections: ['Quote'], nested: ['Company', 'Line'] });

  it('results of one version complete each other’s nested objects', async () => {
    const { cached, load } = nested();
    await load(NAME, { quote: withName('Acme', at(1)) });
    expect(await cached(WHOLE)).toBeUndefined();
    await load(COUNTRY, { quote: withCountry('FR', at(1)) });
    expect(await cached(WHOLE)).toMatchObject({
      quote: {
        issuer: { name: 'Acme', country: 'FR' },
        lines: [
          { count: 1, text: 'x' },
          { count: 2, text: 'y' },
        ],
      },
    });
  });

  it('a nested object never mixes fields of two versions, in any order of arrival', async () => {
    for (const [name, country] of [
      [at(1), at(2)],
      [at(2), at(1)],
    ] as const) {
      const { cached, load } = nested();
      await load(NAME, { quote: withName('Acme', name) });
      await load(COUNTRY, { quote: withCountry('FR', country) });
      expect(await cached(WHOLE)).toBeUndefined();
      expect(await cached(name < country ? NAME : COUNTRY)).toBeUndefined();
      const newest = name < country ? { country: 'FR' } : { name: 'Acme' };
      expect(await cached(name < country ? COUNTRY : NAME)).toMatchObject({ quote: { issuer: newest } });
    }
  });

  it('a nested object belongs to its item, also if another item has one with an equal id', async () => {
    const { cached, load } = nested();
    const OTHER = gql('query Other { quote(symbol: "B") { id cursor issuer { id name } lines { count } } }');
    await load(NAME, { quote: withName('Acme', at(1)) });
    await load(OTHER, { quote: withName('Bolt', at(2), 'B') });
    expect(await cached(NAME)).toMatchObject({ quote: { issuer: { name: 'Acme' } } });
  });

  it('the answer of an insertion shows its nested objects, also if the item was removed meanwhile', async () => {
    const { answer, arrive, cached } = nested();
    await arrive(CHANGES, { quoteChanges: message({ removed: [removal('A', at(3))] }) });
    const ADD = gql('mutation { insertQuote(input: {}) { id cursor issuer { id name } lines { count } } }');
    expect(await answer(ADD, { insertQuote: withName('Acme', at(2)) })).toMatchObject({
      insertQuote: { issuer: { name: 'Acme' }, lines: [{ count: 1 }, { count: 2 }] },
    });
    expect(await cached(NAME)).toEqual({ quote: null });
  });

  it('a list shows a live item whose nested objects have the fields of the list, or are null', async () => {
    const { arrive, cached, load } = nested();
    const LIST = gql('query List { quotes { edges { cursor node { id cursor issuer { id name } } } cursor } }');
    const live = (fields: string, item: object) =>
      arrive(gql(`subscription { quotes { id cursor ${fields} } }`), { quotes: { __typename: 'Quote', ...item } });
    const { lines: _, ...first } = withName('Acme', at(1));
    const { pageInfo: _pageInfo, ...list } = page(at(1), first);
    await load(LIST, { quotes: list });
    const { issuer } = withCountry('FR', at(2));
    await live('issuer { id country }', { id: 'B', cursor: at(2), issuer });
    await live('issuer { id name }', { id: 'C', cursor: at(3), issuer: null });
    await live('issuer { id name }', { id: 'D', cursor: at(4), issuer: first.issuer });
    const { quotes } = (await cached(LIST)) as { quotes: { edges: { node: { id: string } }[] } };
    expect(quotes.edges.map(({ node }) => node.id)).toEqual(['A', 'C', 'D']);
  });
});
