/** Transactions of SQL insert items of typed collections, on a real PostgreSQL and over real sockets. */
import type { Client } from 'pg';
import { describe, expect, it, vi } from 'vitest';
import type { ServerOptions } from '../../../src/server/options.ts';
import { ask, overWebSocket, request, transports } from '../../support/clients/clients.ts';
import { describeWithPostgres, type PostgresServer, type StartPostgres } from '../../support/engines/postgres.ts';
import { INSERT_ORDER, INSERT_QUOTE, schemaFile, startCollections } from '../../support/server/collections.ts';
import { startServer } from '../../support/server/server.ts';

// A busy machine takes several times as long.
vi.setConfig({ testTimeout: 120_000 });

const QUOTES = 'subscription ($filter: QuoteFilter) { quotes(filter: $filter) { symbol price venue } }';
const ORDERS = 'subscription { orders { number lines { product count } note } }';
const MIRROR =
  'subscription { quoteChanges { reset upserted { symbol price venue } removed { key reason } caughtUp size checksum } }';
const STORED = '{ quotes { edges { node { symbol price venue } } } orders { edges { node { number note } } } }';

type Insertion = readonly [stream: string, key: string, value: object];

const insertInto = async (client: Client, [stream, key, value]: Insertion): Promise<void> =>
  void (await client.query('select seamline.insert($1, $2, $3::jsonb)', [stream, key, JSON.stringify(value)]));

/** In one transaction. Rolls back and rejects when one is refused. */
async function insertAll(client: Client, insertions: readonly Insertion[]): Promise<void> {
  await client.query('begin');
  try {
    for (const insertion of insertions) await insertInto(client, insertion);
  } catch (error) {
    // The transaction has failed: it takes nothing more, and a commit rolls it back.
    await expect(client.query('select 1')).rejects.toThrow('current transaction is aborted');
    expect((await client.query('commit')).command).toBe('ROLLBACK');
    throw error;
  }
  await client.query('commit');
}

const quote = (symbol: string, price: unknown, more: object = {}): Insertion => [
  'seamline-quotes',
  symbol,
  { venue: null, price, symbol, ...more },
];
const order = (number: number, more: object = {}): Insertion => [
  'seamline-orders',
  String(number),
  { number, ...more },
];

async function served(start: StartPostgres, options: ServerOptions = {}) {
  const engine = await start();
  const server = await startCollections({ postgres: engine.url, ...options });
  return { engine, server, client: await engine.client() };
}

const shapeIn = async (engine: PostgresServer, name: string): Promise<unknown> =>
  (await engine.rows('select shape from seamline.streams where name = $1', [name]))[0]?.['shape'];

describeWithPostgres('typed collections and transactions of SQL', (start) => {
  describe.each(transports)('over $name', (transport) => {
    it('a transaction across two collections reaches the subscribers of both, and those with a filter', async () => {
      const { server, client } = await served(start);
      const quotes = transport.subscribe(server, QUOTES);
      const dear = transport.subscribe(server, QUOTES, {
        filter: { where: { price: { gt: 10 }, venue: { isNull: true } } },
      });
      const orders = transport.subscribe(server, ORDERS);
      await insertAll(client, [
        quote('A', 1.5),
        order(7, {
          note: null,
          lines: [
            { product: 'bolt', count: 2 },
            { count: null, product: 'nut' },
          ],
        }),
        quote('B', 20),
        quote('C', 30, { venue: 'LSE' }),
      ]);
      expect(await quotes.take(3)).toEqual([
        { data: { quotes: { symbol: 'A', price: 1.5, venue: null } } },
        { data: { quotes: { symbol: 'B', price: 20, venue: null } } },
        { data: { quotes: { symbol: 'C', price: 30, venue: 'LSE' } } },
      ]);
      expect(await dear.next()).toEqual({ data: { quotes: { symbol: 'B', price: 20, venue: null } } });
      const lines = [
        { product: 'bolt', count: 2 },
        { product: 'nut', count: null },
      ];
      expect(await orders.next()).toEqual({ data: { orders: { number: 7, lines, note: null } } });
    });
  });

  it('a value that does not fit fails its transaction, and nothing of that is delivered or stored', async () => {
    const { engine, server, client } = await served(start);
    const [quotes, orders] = [overWebSocket.subscribe(server, QUOTES), overWebSocket.subscribe(server, ORDERS)];
    await expect(insertAll(client, [order(1), quote('A', 1), quote('B', 'x')])).rejects.toMatchObject({
      message:
        'seamline.insert: the value of "B" in the stream "seamline-quotes" does not fit the type Quote: price: must be a Float, got "x"',
      code: '23514',
    });
    for (const [wrong, problem] of [
      [quote('A', 1, { venue: 'BERLIN' }), 'venue: must be a Venue, got "BERLIN"'],
      [quote('A', 1, { colour: 'red' }), 'value: the type Quote has no field "colour"'],
      [quote('A', 1, { symbol: 'B' }), 'symbol: must equal the key "A", got "B"'],
      [order(2, { lines: [{ count: 1 }] }), 'lines.0.product: must not be null'],
      [['seamline-orders', '3', { number: 3.5 }], 'number: must be an Int, got 3.5'],
      [['seamline-orders', '3', []], 'value: must be an object of the type Order, got an array'],
    ] as const)
      await expect(insertAll(client, [order(1), wrong])).rejects.toThrow(`: ${problem}`);
    await insertAll(client, [quote('Z', 26), order(9)]);
    expect(await quotes.next()).toMatchObject({ data: { quotes: { symbol: 'Z' } } });
    expect(await orders.next()).toMatchObject({ data: { orders: { number: 9 } } });
    const before = await ask(server, STORED, {});
    await server.drain();
    const again = await startCollections({ postgres: engine.url });
    expect(await ask(again, STORED, {})).toEqual(before);
    await insertAll(client, [quote('Y', 25)]);
    const after = 'query { quotes { edges { node { symbol } } } }';
    await expect
      .poll(async () => JSON.stringify(await ask(again, after, {})))
      .toContain('{"node":{"symbol":"Z"}},{"node":{"symbol":"Y"}}');
  });

  it('a mirror holds the items of mutations and of SQL, and all nodes have the same checksum', async () => {
    const { engine, server, client } = await served(start);
    const other = await startCollections({ postgres: engine.url });
    const mirror = overWebSocket.subscribe<{ quoteChanges: { upserted: { symbol: string }[] } }, object>(other, MIRROR);
    await request(server, INSERT_QUOTE, { input: { symbol: 'A', price: 1 } });
    await insertAll(client, [quote('B', 2), quote('A', 3)]);
    await request(server, INSERT_ORDER, { input: { number: 1 } });
    const symbols: string[] = [];
    while (symbols.filter((symbol) => symbol === 'A').length < 2 || !symbols.includes('B')) {
      const result = await mirror.next();
      symbols.push(...(result?.data?.quoteChanges.upserted ?? []).map(({ symbol }) => symbol));
    }
    const status = '{ quoteStream { cursor size checksum } quote(symbol: "A") { price } }';
    const expected = await ask(other, status, {});
    expect(expected).toMatchObject({ quoteStream: { size: 2 }, quote: { price: 3 } });
    await expect.poll(() => ask(server, status, {})).toEqual(expected);
  });

  it('a role that may only call seamline.insert has its values checked, and may not call the check itself', async () => {
    const { engine } = await served(start);
    await engine.rows('create role writer login');
    await engine.rows('grant usage on schema seamline to writer');
    await engine.rows('grant execute on function seamline.insert to writer');
    const writer = await engine.client(engine.url.replace('postgres@', 'writer@'));
    // Functions and operators of its own do not take part.
    await engine.rows('create schema trap authorization writer');
    await writer.query(`create function trap.jsonb_typeof(jsonb) returns text language sql as $$ select 'number' $$`);
    await writer.query('create function trap.always(jsonb, text) returns boolean language sql as $$ select false $$');
    await writer.query('create operator trap.? (function = trap.always, leftarg = jsonb, rightarg = text)');
    await writer.query('set search_path = trap, pg_catalog');
    await insertInto(writer, quote('A', 1));
    await expect(insertInto(writer, quote('A', 'x'))).rejects.toThrow('price: must be a Float, got "x"');
    await expect(insertInto(writer, quote('A', null))).rejects.toThrow('price: must not be null');
    for (const call of [`misfit('1', '{}', '{}')`, `misfit('a', '1', '{}'::jsonb)`, `assert_fit('', '', '1', '{}')`])
      await expect(writer.query(`select seamline.${call}`)).rejects.toThrow('permission denied for function');
  });

  it('items that SQL inserts live as long as @collection says', async () => {
    const schema = schemaFile('type Quote @collection(key: "symbol", ttl: 60) { symbol: ID! price: Float venue: ID }');
    const { engine, client } = await served(start, { schema, ttl: 5 });
    await insertInto(client, quote('A', 1));
    expect(await engine.rows('select default_ttl from seamline.streams')).toEqual([{ default_ttl: 60 }]);
  });

  it('a server without an SDL file takes any JSON from SQL', async () => {
    const engine = await start();
    const server = await startServer({ postgres: engine.url });
    const client = await engine.client();
    for (const value of [5, 'x', [1], { symbol: 1 }])
      await client.query('select seamline.insert($1, $2, $3::jsonb)', ['seamline', 'a', JSON.stringify(value)]);
    await expect
      .poll(() => ask(server, '{ item(key: "a") { value } }', {}))
      .toEqual({ item: { value: { symbol: 1 } } });
    expect(await shapeIn(engine, 'seamline')).toBeNull();
  });
});

describeWithPostgres('typed collections during an upgrade', (start) => {
  const file = (fields: string) => schemaFile(`type Quote @collection(key: "symbol") { symbol: ID! ${fields} }`);

  it('a node whose type does not fit the stored items leaves writers alone, and ends its start', async () => {
    const { engine, server, client } = await served(start, { schema: file('price: Float venue: ID') });
    await request(server, 'mutation { insertQuote(input: { symbol: "A", price: 1 }) { symbol } }');
    const shape = await shapeIn(engine, 'seamline-quotes');
    expect(shape).toMatchObject({ type: 'Quote', key: 'symbol' });
    const wrong = startCollections({ postgres: engine.url, schema: file('price: String venue: ID') });
    await expect(wrong).rejects.toThrow('1 of 1 item in quotes does not fit the type Quote');
    expect(await shapeIn(engine, 'seamline-quotes')).toEqual(shape);
    await insertInto(client, quote('B', 2));
    await expect(insertInto(client, quote('C', 'text'))).rejects.toThrow('price: must be a Float, got "text"');
  });

  it('the type of the node that started last holds for SQL', async () => {
    const { engine, client } = await served(start, { schema: file('price: Float venue: ID') });
    const rated = quote('A', 1, { rating: 5 });
    await expect(insertInto(client, rated)).rejects.toThrow('the type Quote has no field "rating"');
    const next = await startCollections({ postgres: engine.url, schema: file('price: Float venue: ID rating: Int') });
    await insertInto(client, rated);
    const query = '{ quote(symbol: "A") { rating } }';
    await expect.poll(() => ask(next, query, {})).toEqual({ quote: { rating: 5 } });
    await startCollections({ postgres: engine.url, schema: file('price: Float venue: ID') });
    await expect(insertInto(client, rated)).rejects.toThrow('the type Quote has no field "rating"');
  });

  it('a node that serves the log without an SDL file takes any JSON again', async () => {
    const { engine, client } = await served(start, { schema: file('price: Float') });
    await expect(insertInto(client, ['seamline-quotes', 'A', { any: 'JSON' }])).rejects.toThrow('does not fit');
    await startServer({ postgres: engine.url, stream: 'seamline-quotes' });
    await insertInto(client, ['seamline-quotes', 'A', { any: 'JSON' }]);
  });
});
