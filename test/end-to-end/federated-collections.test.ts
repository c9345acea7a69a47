/** Collections of SDL files through Hive Gateway: joined with another subgraph, and those of two servers in one supergraph. */
import { describe, expect, it } from 'vitest';
import { sse } from '../support/clients/readers.ts';
import { post, resultOf } from '../support/clients/requests.ts';
import { codeOf } from '../support/documents/blocks.ts';
import { startCompanies } from '../support/gateway/companies.ts';
import { compose, isMissing, seamlineSubgraph, startGateway, whyMissing } from '../support/gateway/hive.ts';
import { mapOf, schemaFile } from '../support/server/collections.ts';
import { startServer } from '../support/server/server.ts';
import { bearer, SECRET, sign } from '../support/server/tokens.ts';

const OVER_SSE = codeOf('docs/gateways.md', 'Hive Gateway');
const OVER_WEBSOCKET = codeOf('docs/gateways.md', 'Hive Gateway', 2);

const MONEY = 'type Money { amount: Float! currency: String! } enum Venue { NYSE LSE }';
const QUOTES = `${MONEY} type Quote @collection(key: "symbol") { symbol: ID! price: Float! venue: Venue paid: Money }`;
const ORDERS = `${MONEY} type Order @collection(key: "number") { number: Int! total: Money venues: [Venue!] }`;

const CHANGES = `subscription ($after: String) {
  quoteChanges(after: $after) {
    reset upserted { symbol price company paid { currency } } removed { key reason } caughtUp cursor follows size
  }
}`;

const startQuotes = (text = QUOTES, jwtSecret?: string) =>
  startServer({ schema: schemaFile(text), federation: true, jwtSecret });

const quote = (symbol: string, price = 1) => ({
  key: symbol,
  value: { symbol, price, paid: { amount: price, currency: 'EUR' } },
});

describe.skipIf(isMissing).each([
  ['SSE', OVER_SSE],
  ['WebSocket', OVER_WEBSOCKET],
])(`subscriptions of a collection through Hive Gateway over %s${whyMissing}`, (_over, configuration) => {
  const supergraph = async () => {
    const server = await startQuotes();
    const companies = await startCompanies({ type: 'Quote', key: 'symbol' });
    return {
      server,
      companies,
      gateway: await startGateway(configuration, [await seamlineSubgraph(server), companies]),
    };
  };

  it('current quotes and every later one are joined with the company of the other subgraph', async () => {
    const { server, companies, gateway } = await supergraph();
    await server.map.insertMany([quote('IBM'), quote('ACME')]);
    const query = 'subscription { quotes { symbol price company id timestamp } }';
    const reader = sse.read(gateway, { query });
    await reader.reaches(2);
    await server.map.insert(quote('IBM', 2));
    await reader.reaches(3);
    expect(reader.delivered()).toMatchObject([
      { symbol: 'IBM', id: 'IBM', price: 1, company: 'company of IBM' },
      { symbol: 'ACME', price: 1, company: 'company of ACME' },
      { symbol: 'IBM', price: 2, company: 'company of IBM' },
    ]);
    // The gateway remembers what another subgraph has answered in this subscription.
    expect(companies.asked).toEqual([['IBM'], ['ACME']]);
  });

  it('each message of quoteChanges is joined, by one request for all of its quotes, and can be resumed after', async () => {
    const { server, companies, gateway } = await supergraph();
    await server.map.insertMany([quote('IBM'), quote('ACME')]);
    const reader = sse.read(gateway, { query: CHANGES });
    await reader.reaches(1);
    await server.map.remove('IBM');
    await reader.reaches(2);
    const messages = reader.delivered<{ cursor: string }>();
    const [first] = messages;
    expect(messages).toMatchObject([
      {
        reset: true,
        upserted: [
          { symbol: 'IBM', price: 1, company: 'company of IBM', paid: { currency: 'EUR' } },
          { symbol: 'ACME', company: 'company of ACME' },
        ],
        caughtUp: true,
        size: 2,
      },
      { reset: false, upserted: [], removed: [{ key: 'IBM', reason: 'REMOVED' }], follows: first?.cursor, size: 1 },
    ]);
    expect(companies.asked).toEqual([['IBM', 'ACME']]);
    const resumed = sse.read(gateway, { query: CHANGES, variables: { after: first?.cursor } });
    await resumed.reaches(1);
    expect(resumed.delivered()).toMatchObject([{ reset: false, removed: [{ key: 'IBM' }] }]);
  });
});

describe.skipIf(isMissing)(`the collections of a supergraph${whyMissing}`, () => {
  it('references of the other subgraph are resolved in order, and a missing quote is null', async () => {
    const server = await startQuotes();
    const companies = await startCompanies({ type: 'Quote', key: 'symbol', watched: ['ACME', 'gone', 'IBM'] });
    await server.map.insertMany([quote('IBM', 2), quote('ACME')]);
    const gateway = await startGateway(OVER_SSE, [await seamlineSubgraph(server), companies]);
    const query = '{ watchlist { symbol price company paid { amount } } }';
    expect(await resultOf(await post(gateway, { query }))).toMatchObject({
      data: {
        watchlist: [
          { symbol: 'ACME', price: 1, company: 'company of ACME', paid: { amount: 1 } },
          null,
          { symbol: 'IBM', price: 2, company: 'company of IBM', paid: { amount: 2 } },
        ],
      },
      // The gateway’s own: `price` is not null.
      errors: [{ path: ['watchlist', 1, 'price'] }],
    });
  });

  it('two servers with different collections are queried, written and subscribed to together', async () => {
    const [quotes, orders] = await Promise.all([startQuotes(QUOTES, SECRET), startQuotes(ORDERS, SECRET)]);
    const token = bearer(await sign());
    const gateway = await startGateway(OVER_SSE, [
      await seamlineSubgraph(quotes, token, 'quotes'),
      await seamlineSubgraph(orders, token, 'orders'),
    ]);
    const ask = async (query: string, claims = {}) =>
      resultOf(await post(gateway, { query }, bearer(await sign(claims))));
    await mapOf(quotes, 'quotes').insert(quote('IBM'));
    const insertion = 'insertOrder(input: { number: 7, total: { amount: 5, currency: "EUR" }, venues: [LSE] })';
    expect(await ask(`mutation { ${insertion} { id number venues } }`)).toEqual({
      data: { insertOrder: { id: '7', number: 7, venues: ['LSE'] } },
    });
    const both = `{
      quotes { edges { node { symbol paid { amount } } } pageInfo { hasNextPage } }
      order(number: 7) { number total { amount currency } }
      quoteStream { size } orderStream { size }
    }`;
    expect(await ask(both)).toEqual({
      data: {
        quotes: { edges: [{ node: { symbol: 'IBM', paid: { amount: 1 } } }], pageInfo: { hasNextPage: false } },
        order: { number: 7, total: { amount: 5, currency: 'EUR' } },
        quoteStream: { size: 1 },
        orderStream: { size: 1 },
      },
    });
    expect(await ask('{ quoteStream { size } orderStream { size } }', { scope: 'quotes:read' })).toMatchObject({
      errors: [{ path: ['orderStream'], extensions: { code: 'FORBIDDEN' } }],
    });
    for (const [field, key] of [
      ['quotes', { symbol: 'IBM' }],
      ['orders', { number: 7 }],
    ] as const) {
      const reader = sse.read(gateway, { query: `subscription { ${field} { ${Object.keys(key).join()} } }` }, token);
      await reader.reaches(1);
      expect(reader.delivered()).toEqual([key]);
    }
  });

  it('two servers whose files have different objects of one name do not compose, and the error names the field', async () => {
    const other = ORDERS.replace('amount: Float!', 'amount: Float! rate: Float');
    const [quotes, orders] = await Promise.all([startQuotes(), startQuotes(other)]);
    const { errors = [] } = compose([
      await seamlineSubgraph(quotes, {}, 'quotes'),
      await seamlineSubgraph(orders, {}, 'orders'),
    ]);
    expect(errors.map(({ message }) => message).join('\n')).toContain('Money.rate');
  });
});
