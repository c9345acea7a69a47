/** How often a subscription may select a field: its results are made in one turn of the event loop each. */
import { describe, expect, it } from 'vitest';
import { post } from '../../support/clients/requests.ts';
import { numbered } from '../../support/fuzz/hostile.ts';
import { connect, subscribeMessage } from '../../support/sockets/raw-sockets.ts';
import { startServer } from '../../support/server/server.ts';

const values = (count: number): string => numbered(count, (n) => `v${n}: value`);

describe.each([
  ['with fan-out', true],
  ['without fan-out', false],
])('the fields of a subscription %s', (_, fanOut) => {
  it('a field may have eight names, in any number of fragments', async () => {
    const server = await startServer({ fanOut });
    await server.map.insert({ key: 'k', value: 1 });
    const spread = numbered(20, (n) => `...F${n}`);
    const fragments = numbered(20, (n) => `fragment F${n} on Item { key value v0: value ... on Item { v1: value } }`);
    const query = `subscription { itemChanges { upserted { ${spread} ${values(7)} } } } ${fragments}`;
    const socket = await connect(server);
    socket.send(subscribeMessage('1', query));
    const upserted = [{ key: 'k', value: 1, ...Object.fromEntries([0, 1, 2, 3, 4, 5, 6].map((n) => [`v${n}`, 1])) }];
    expect(await socket.next()).toEqual({ type: 'next', id: '1', payload: { data: { itemChanges: { upserted } } } });
  });

  it.each([
    ['items.value', `subscription { items { ${values(9)} } }`],
    ['items.value', `subscription { a: items { value ...F } } fragment F on Item { ${values(8)} }`],
    ['items.__typename', `subscription { items { ${numbered(9, (n) => `t${n}: __typename`)} } }`],
    ['itemChanges.upserted.value', `subscription { itemChanges { upserted { ${values(9)} } } }`],
    [
      'itemChanges.upserted.key',
      `subscription { itemChanges { a: upserted { ...F } b: upserted { ...F } c: upserted { ...F } } }
       fragment F on Item { a: key b: key c: key }`,
    ],
    ['itemChanges.removed', `subscription { itemChanges { ${numbered(9, (n) => `r${n}: removed { key }`)} } }`],
  ])('nine names for %s are refused before the subscription begins', async (path, query) => {
    const server = await startServer({ fanOut });
    const message = `the subscription selects ${path} under 9 names, more than 8: select it once`;
    const errors = [expect.objectContaining({ message, extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } })] as unknown;
    const socket = await connect(server);
    socket.send(subscribeMessage('1', query));
    expect(await socket.next()).toEqual({ type: 'error', id: '1', payload: errors });
    const events = await (await post(server, { query }, { accept: 'text/event-stream' })).text();
    const [, json = ''] = /^data: (.*)$/m.exec(events) ?? [];
    expect(JSON.parse(json)).toEqual({ errors });
    expect(server.map.subscriptions).toBe(0);
  });
});
