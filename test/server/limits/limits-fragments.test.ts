/** Fragments of a type that contains itself can double a selection at each level. */
import { describe, expect, it } from 'vitest';
import { post } from '../../support/clients/requests.ts';
import { numbered } from '../../support/fuzz/hostile.ts';
import { connect, subscribeMessage } from '../../support/sockets/raw-sockets.ts';
import { schemaFile } from '../../support/server/collections.ts';
import { startServer } from '../../support/server/server.ts';

const schema = (): string =>
  schemaFile('type Tree @collection(key: "id") { id: ID! top: Node } type Node { left: Node right: Node value: Int }');

/** Each fragment selects the next one twice, so that `F0` selects 2^levels values. */
const doubled = (levels: number, select: (next: string) => string): string =>
  `${numbered(levels, (n) => `fragment F${n} on Node { ${select(`...F${n + 1}`)} }`)} fragment F${levels} on Node { value }`;

const DOUBLED = [
  ['two fields', (next: string) => `left { ${next} } right { ${next} }`],
  ['two names of a field', (next: string) => `left { ${next} } again: left { ${next} }`],
] as const;

describe.each(DOUBLED)('fragments that double the selection by %s', (_, select) => {
  it.each([
    ['a query', 'query { tree(id: "k") { top { ...F0 } } }'],
    ['a page', 'query { trees { edges { node { top { ...F0 } } } } }'],
    ['a mutation', 'mutation { insertTree(input: { id: "k" }) { top { ...F0 } } }'],
  ])('%s of thirty doubling fragments is refused', async (_what, operation) => {
    const server = await startServer({ schema: schema() });
    const response = await post(server, { query: `${operation} ${doubled(30, select)}` });
    expect(JSON.parse(await response.text())).toMatchObject({
      errors: [{ message: expect.stringContaining('more than 10000') as string }],
    });
    expect(server.map.replica.items.size).toBe(0);
  });

  it('a subscription of thirty doubling fragments is refused', async () => {
    const server = await startServer({ schema: schema() });
    const socket = await connect(server);
    socket.send(subscribeMessage('1', `subscription { trees { top { ...F0 } } } ${doubled(29, select)}`));
    expect(await socket.next()).toMatchObject({ type: 'error', id: '1' });
    expect(server.map.subscriptions).toBe(0);
  });

  it('a query of ten doubling fragments is answered', async () => {
    const server = await startServer({ schema: schema() });
    const query = `query { tree(id: "k") { top { ...F0 } } } ${doubled(10, select)}`;
    expect(JSON.parse(await (await post(server, { query })).text())).toEqual({ data: { tree: null } });
  });
});

it('a fragment that spreads itself is refused by validation', async () => {
  const server = await startServer({ schema: schema() });
  const query = 'query { tree(id: "k") { top { ...F } } } fragment F on Node { value left { ...F } }';
  expect(JSON.parse(await (await post(server, { query })).text())).toMatchObject({
    errors: [{ message: expect.stringContaining('Cannot spread fragment "F" within itself') as string }],
  });
});
