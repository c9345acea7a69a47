import { describe, expect, it } from 'vitest';
import { ItemsDocument, type ItemsSubscription } from '../../../schema/documents/graphql.ts';
import { request, transports } from '../../support/clients/clients.ts';
import { startServer } from '../../support/server/server.ts';

async function serverWith(...keys: readonly string[]) {
  const server = await startServer();
  for (const key of keys) await server.map.insert({ key, value: 1 });
  return server;
}

const keyOf = (result: { data?: ItemsSubscription | null } | undefined) => result?.data?.items.key;

describe.each(transports)('extensions over $name', ({ subscribe }) => {
  it('extensions have the cursor of each result, and how many results the limit leaves', async () => {
    const server = await serverWith('a', 'b');
    const feed = subscribe(server, ItemsDocument, { limit: 2 }, { cursors: true, left: true });
    const [first, second] = await feed.take(2);
    expect(first?.extensions).toEqual({ cursor: first?.data?.items.cursor, left: 1 });
    expect(second?.extensions).toEqual({ cursor: second?.data?.items.cursor, left: 0 });
  });

  it('extensions have no left when the client asks for cursors only', async () => {
    const server = await serverWith('a');
    const [first] = await subscribe(server, ItemsDocument, { limit: 1 }, { cursors: true }).take(1);
    expect(first?.extensions).toEqual({ cursor: first?.data?.items.cursor });
  });

  it('extensions have no left without a limit', async () => {
    const server = await serverWith('a');
    const [first] = await subscribe(server, ItemsDocument, {}, { cursors: true, left: true }).take(1);
    expect(first?.extensions).toEqual({ cursor: first?.data?.items.cursor });
  });

  it('extensions resume by cursor and limit regardless of the document, so that n results are n (G4, G8)', async () => {
    const server = await serverWith('a', 'b', 'c', 'd');
    const document = 'subscription { items(limit: 3) { key } }';
    const [first] = await subscribe<ItemsSubscription, object>(
      server,
      document,
      {},
      { cursors: true, left: true },
    ).take(1);
    const { cursor: after, left: limit } = first?.extensions ?? {};
    const rest = subscribe<ItemsSubscription, object>(server, document, {}, { after, limit });
    expect((await rest.take(2)).map(keyOf)).toEqual(['b', 'c']);
    expect(await rest.next()).toBeUndefined();
  });

  it('extensions with `after: null` begin at the beginning, where the arguments name a cursor', async () => {
    const server = await serverWith('a', 'b');
    const { cursor } = server.map.get('b') ?? {};
    const [first] = await subscribe(server, ItemsDocument, { after: cursor }, { after: null }).take(1);
    expect(keyOf(first)).toBe('a');
  });

  it('extensions with a limit of 0 end the stream at once', async () => {
    const server = await serverWith('a');
    expect(await subscribe(server, ItemsDocument, {}, { limit: 0 }).next()).toBeUndefined();
  });

  it.each([
    [{ after: 7 }, 'after'],
    [{ after: 'nonsense' }, 'after'],
    [{ after: '' }, 'after'],
    [{ limit: -1 }, 'limit'],
    [{ limit: 1.5 }, 'limit'],
    [{ limit: '3' }, 'limit'],
    [{ limit: 2 ** 31 }, 'limit'],
  ])('are refused with their path when they are nonsense: %j', async (extensions, name) => {
    const server = await serverWith('a');
    const result = await subscribe(server, ItemsDocument, {}, extensions).next();
    expect(result?.errors?.[0]?.extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      issues: [{ path: ['extensions', name] }],
    });
  });
});

it('extensions page a query that names no cursor', async () => {
  const server = await serverWith('a', 'b');
  const { cursor: after } = server.map.get('a') ?? {};
  const query = '{ items { edges { node { key } } } }';
  expect((await request(server, query, {}, { after })).data).toEqual({ items: { edges: [{ node: { key: 'b' } }] } });
});
