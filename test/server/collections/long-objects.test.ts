/** Lists of objects in a value: three bytes make an object with all fields that are selected, and no subscriber misses the item. */
import { describe, expect, it } from 'vitest';
import { request, transports } from '../../support/clients/clients.ts';
import { schemaFile } from '../../support/server/collections.ts';
import { startServer } from '../../support/server/server.ts';

const SDL = `
type Order @collection(key: "id") { id: ID! lines: [Line!]! grid: [[Int!]!] }
type Line { a: Int b: Int c: String d: String e: Float f: Boolean g: Int next: Line lines: [Line!] }`;
const FIELDS = 'a b c d e f g next { a }';
const INSERT = 'mutation ($input: OrderInput!) { insertOrder(input: $input) { id } }';
const EMPTY = { a: null, b: null, c: null, d: null, e: null, f: null, g: null, next: null };
const COUNT = 21_000;
const input = (id: string) => ({ id, lines: Array.from({ length: COUNT }, () => ({})) });
const lines = Array.from({ length: COUNT }, () => EMPTY);

const startOrders = (fanOut = true) => startServer({ schema: schemaFile(SDL), fanOut });

describe.each(transports)('a value of 21,000 objects over $name', (transport) => {
  it.each([true, false])('reaches subscribers of items and of changes whole with fanOut: %s', async (fanOut) => {
    const server = await startOrders(fanOut);
    const items = transport.subscribe(server, `subscription { orders { id lines { ${FIELDS} } } }`);
    const changes = transport.subscribe(
      server,
      `subscription { orderChanges { upserted { id lines { ${FIELDS} } } size } }`,
    );
    await changes.take(1);
    expect(await request(server, INSERT, { input: input('a') })).toEqual({ data: { insertOrder: { id: 'a' } } });
    expect(await items.take(1)).toEqual([{ data: { orders: { id: 'a', lines } } }]);
    expect(await changes.take(1)).toEqual([{ data: { orderChanges: { upserted: [{ id: 'a', lines }], size: 1 } } }]);
  });
});

describe('a value of 21,000 objects', () => {
  it.each([
    ['the query of one item', `{ order(id: "a") { id lines { ${FIELDS} } } }`],
    ['a page', `{ orders { edges { node { id lines { ${FIELDS} } } } } }`],
  ])('%s is refused with PAYLOAD_TOO_LARGE when its fields exceed the budget', async (_what, query) => {
    const server = await startOrders();
    await request(server, INSERT, { input: input('a') });
    const { errors } = await request(server, query);
    expect(errors).toMatchObject([
      {
        message: `fields cost ${COUNT * 9 + (query.includes('edges') ? 1300 : 0)}, limit 100000: request fewer items or fields`,
        extensions: { code: 'PAYLOAD_TOO_LARGE' },
      },
    ]);
  });

  it.each([
    ['orders.lines', 'subscription { orders { x: lines { a } y: lines { a } z: lines { a } } }'],
    ['orders.lines.a', 'subscription { orders { lines { x: a y: a z: a } } }'],
    ['orders.grid', 'subscription { orders { x: grid y: grid z: grid } }'],
    [
      'orders.lines.next.a',
      'subscription { orders { lines { next { ...F } } } } fragment F on Line { x: a y: a z: a }',
    ],
    ['orderChanges.upserted.lines.a', 'subscription { orderChanges { upserted { lines { x: a y: a z: a } } } }'],
  ])('a subscription that selects %s under three names is refused', async (path, query) => {
    const server = await startOrders();
    const [transport] = transports;
    expect(await transport?.subscribe(server, query).next()).toMatchObject({
      errors: [
        {
          message: `the subscription selects ${path} under 3 names, more than 2: select it once`,
          extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
        },
      ],
    });
  });

  it('a subscription may select a list in a value and its fields under two names', async () => {
    const server = await startOrders();
    await request(server, INSERT, { input: { id: 'a', lines: [{ a: 1 }] } });
    const [transport] = transports;
    const items = transport?.subscribe(
      server,
      'subscription { orders { x: lines { a } y: lines { a } i: id j: id k: id } }',
    );
    expect(await items?.take(1)).toEqual([
      { data: { orders: { x: [{ a: 1 }], y: [{ a: 1 }], i: 'a', j: 'a', k: 'a' } } },
    ]);
  });
});
