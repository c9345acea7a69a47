/** Writes of tenants, attempts to learn about others by writing, and similar prefixes. */
import { describe, expect, it } from 'vitest';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { type Result } from '../../support/clients/clients.ts';
import { query } from '../../support/clients/doors.ts';
import { connect, subscribeMessage } from '../../support/sockets/raw-sockets.ts';
import { startServer } from '../../support/server/server.ts';
import { tenant, wires } from '../../support/server/tenants.ts';
import { bearer, READ, SECRET, sign, WRITE } from '../../support/server/tokens.ts';

const INSERT = 'mutation ($input: InsertItemInput!) { insertItem(input: $input) { key value } }';
const INSERT_MANY = 'mutation ($inputs: [InsertItemInput!]!) { insertItems(inputs: $inputs) { key value } }';
const REMOVE = `mutation ($key: ID!, $ifCursor: String, $idempotencyKey: String) {
  removeItem(key: $key, ifCursor: $ifCursor, idempotencyKey: $idempotencyKey) { key reason }
}`;
const ITEMS = 'subscription { items { key } }';
const FORBIDDEN = [{ extensions: { code: 'FORBIDDEN' } }];
const guarded = (options = {}): Promise<SeamlineServer> => startServer({ jwtSecret: SECRET, ...options });
const positionOf = ({ map }: SeamlineServer): number => map.replica.head.position;

describe('a tenant', () => {
  it.each(['a:1', 'b', 'B:1', ' b:1', 'xb:1', 'b：1', 'b\u200d:1', '\ufeffb:1', 'toString', '__proto__'])(
    'a tenant writes and removes nothing under %j',
    async (key) => {
      const server = await guarded();
      const b = await tenant(server, 'b:');
      await server.map.insert({ key, value: 0 });
      for (const result of [
        await b.request(INSERT, { input: { key, value: 1 } }),
        await b.request(INSERT_MANY, { inputs: [{ key, value: 1 }] }),
        await b.request(REMOVE, { key }),
      ])
        expect(result).toMatchObject({ errors: FORBIDDEN });
      const socket = await connect(server, { headers: bearer(b.token) });
      socket.send(subscribeMessage('1', INSERT, { variables: { input: { key, value: 1 } } }));
      expect(await socket.next()).toMatchObject({ payload: { errors: FORBIDDEN } });
      expect(positionOf(server)).toBe(1);
      expect(server.map.get(key)?.value).toBe(0);
    },
  );

  it('a tenant writes and removes under its own prefix', async () => {
    const server = await guarded();
    const b = await tenant(server, 'b:');
    for (const key of ['b:', 'b:1', 'b:a:1'])
      expect(await b.ask(INSERT, { input: { key, value: 1 } })).toEqual({ insertItem: { key, value: 1 } });
    expect(await b.ask(REMOVE, { key: 'b:1' })).toEqual({ removeItem: { key: 'b:1', reason: 'REMOVED' } });
  });

  it.each([0, 1, 500, 999])('a tenant writes nothing of a batch whose key %i is another’s', async (at) => {
    const server = await guarded();
    const b = await tenant(server, 'b:');
    const inputs = Array.from({ length: 1000 }, (_, index) => ({
      key: `${index === at ? 'a' : 'b'}:${index}`,
      value: 1,
    }));
    expect(await b.request(INSERT_MANY, { inputs })).toMatchObject({ errors: FORBIDDEN });
    expect(positionOf(server)).toBe(0);
  });

  it('a tenant that is refused one field of a document has the others executed, and only those', async () => {
    const server = await guarded();
    const b = await tenant(server, 'b:');
    const insert = (key: string): string => `insertItem(input: { key: "${key}", value: 1 }) { key }`;
    const { errors } = await b.request(
      `mutation { one: ${insert('b:1')} two: ${insert('a:1')} three: ${insert('b:2')} }`,
    );
    expect(errors).toMatchObject(FORBIDDEN);
    expect(server.map.get('a:1')).toBeUndefined();
    expect(server.map.get('b:1')).toBeDefined();
  });

  it('a tenant shares no idempotency key with others', async () => {
    const server = await guarded();
    const [a, b] = [await tenant(server, 'a:'), await tenant(server, 'b:')];
    const inputOf = (key: string, value: unknown) => ({ input: { key, value, idempotencyKey: 'same' } });
    await a.ask(INSERT, inputOf('a:1', 'secret'));
    expect(await b.ask(INSERT, inputOf('b:1', 'mine'))).toEqual({ insertItem: { key: 'b:1', value: 'mine' } });
    expect(await b.request(INSERT, inputOf('a:1', 'secret'))).toMatchObject({ errors: FORBIDDEN });
    // Concatenated with its idempotency key this key reads like another pair.
    const tricky = { key: 'b:1', value: 'other', idempotencyKey: '' };
    expect(await b.request(INSERT, { input: tricky })).toMatchObject({
      errors: [{ extensions: { code: 'BAD_USER_INPUT' } }],
    });
  });
});

/** Every request by which a tenant may try to learn about another's keys. */
const PROBES: readonly (readonly [document: string, variables: object])[] = [
  ...['a:1', 'a:none'].flatMap((key) => [
    ['query ($key: ID!) { item(key: $key) { id key value timestamp expiresAt cursor } }', { key }] as const,
    [INSERT, { input: { key, value: 1 } }] as const,
    [INSERT, { input: { key, value: 'secret', idempotencyKey: 'once' } }] as const,
    [INSERT, { input: { key, value: 'other', idempotencyKey: 'once' } }] as const,
    [INSERT, { input: { key, value: 1, ifAbsent: true } }] as const,
    [INSERT, { input: { key, value: 'x'.repeat(70_000) } }] as const,
    [INSERT, { input: { key, value: null } }] as const,
    [
      INSERT_MANY,
      {
        inputs: [
          { key: 'b:new', value: 1 },
          { key, value: 1, ifAbsent: true },
        ],
      },
    ] as const,
    [
      INSERT_MANY,
      {
        inputs: [
          { key: 'b:own', value: 1, ifAbsent: true },
          { key, value: 1 },
        ],
      },
    ] as const,
    [REMOVE, { key }] as const,
    [REMOVE, { key, idempotencyKey: 'once' }] as const,
    [
      'query ($keys: [ID!]) { items(filter: { keys: $keys }) { edges { node { key } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }',
      { keys: [key, 'b:none'] },
    ] as const,
  ]),
  ...['a', 'a:', 'a:1', '', 'b', 'b:'].map(
    (keyPrefix) =>
      [
        'query ($keyPrefix: String) { items(first: 1, filter: { keyPrefix: $keyPrefix }) { edges { node { key value } } pageInfo { hasNextPage hasPreviousPage } } }',
        { keyPrefix },
      ] as const,
  ),
  ['{ stream { size checksum window engine } }', {}],
  [INSERT, { input: { key: 'b:own', value: 1, ifAbsent: true } }],
  [REMOVE, { key: 'b:none' }],
];

it('a tenant’s answers are the same whether another has items or not', async () => {
  const answersOf = async (others: readonly string[]): Promise<Result<unknown>[]> => {
    const server = await guarded();
    await server.map.insert({ key: 'b:own', value: 1 });
    for (const key of others) await server.map.insert({ key, value: 'secret', idempotencyKey: 'once' });
    const b = await tenant(server, 'b:');
    const answers: Result<unknown>[] = [];
    for (const [document, variables] of PROBES) answers.push(await b.request(document, variables));
    const { epoch } = server.map.replica;
    // Cursors contain the epoch, which differs between servers, and a digest.
    const text = JSON.stringify(answers).replace(new RegExp(`${epoch}-[0-9a-z-]+`, 'g'), 'CURSOR');
    return JSON.parse(text) as Result<unknown>[];
  };
  const [with1, without] = [await answersOf(['a:1', 'a:2', 'c:1']), await answersOf(['c:1', 'c:2', 'c:3'])];
  for (const [index, probe] of PROBES.entries())
    expect(with1[index], `with ${JSON.stringify(probe)}`).toEqual(without[index]);
  expect(JSON.stringify(with1)).not.toContain('secret');
});

it('a tenant that knows the cursor of another’s item gains nothing from it', async () => {
  const server = await guarded();
  const b = await tenant(server, 'b:');
  const { cursor } = await server.map.insert({ key: 'a:1', value: 'secret' });
  await server.map.insert({ key: 'b:1', value: 1 });
  expect(await b.request(INSERT, { input: { key: 'a:1', value: 2, ifCursor: cursor } })).toMatchObject({
    errors: FORBIDDEN,
  });
  expect(await b.request(REMOVE, { key: 'a:1', ifCursor: cursor })).toMatchObject({ errors: FORBIDDEN });
  const own = server.map.get('b:1')?.cursor;
  // A conflict reveals the own item only.
  expect(await b.request(INSERT, { input: { key: 'b:1', value: 2, ifCursor: cursor } })).toMatchObject({
    errors: [{ extensions: { code: 'CONFLICT', cursor: own } }],
  });
  expect(await b.request(REMOVE, { key: 'b:none', ifCursor: cursor })).not.toMatchObject({
    errors: [{ extensions: { cursor } }],
  });
  expect(server.map.get('a:1')?.value).toBe('secret');
});

/** Prefixes that could be confused with one another. */
const ALIKE: readonly (readonly [name: string, one: string, other: string])[] = [
  ['composed and decomposed', '\u00e9:', 'e\u0301:'],
  ['a letter and a sign that normalises to it', 'K:', '\u212a:'],
  ['capital and small', 'A:', 'a:'],
  ['sharp s and double s', 'ß:', 'ss:'],
  ['wide and narrow', 'a:', 'a：'],
  ['ligature and letters', 'ﬁ:', 'fi:'],
  ['emoji that share a surrogate', '\u{1f600}', '\u{1f601}'],
  ['with and without a trailing space', 'a:', 'a :'],
  ['with and without what is invisible', 'a:', 'a\u200b:'],
  ['an own separator', 'a:b:', 'a:c:'],
  ['with and without a zero', 'a:', 'a\0:'],
  ['Latin and Cyrillic', 'a:', 'а:'],
];

const BOTH_WAYS = ALIKE.flatMap(([name, one, other]) => [
  [name, one, other] as const,
  [`${name}, the other way round`, other, one] as const,
]);

describe.each(wires)('over %s', (wire) => {
  it.each(BOTH_WAYS)('tenants with similar prefixes stay apart: %s', async (_name, own, others) => {
    const server = await guarded();
    const reader = await tenant(server, own);
    for (const key of [`${others}1`, `${own}1`, `${others}2`]) await server.map.insert({ key, value: 1 });
    const feed = reader.subscribe<{ items: { key: string } }>(wire, ITEMS);
    expect((await feed.take(1))[0]?.data?.items.key).toBe(`${own}1`);
    for (const key of [`${others}1`, `${others}3`, `${own}2`]) await server.map.insert({ key, value: 1 });
    expect((await feed.take(1))[0]?.data?.items.key).toBe(`${own}2`);
    const written = await reader.request(INSERT, { input: { key: `${others}1`, value: 2 } });
    expect(written).toMatchObject({ errors: FORBIDDEN });
    const page = 'query ($keyPrefix: String) { items(filter: { keyPrefix: $keyPrefix }) { edges { node { key } } } }';
    expect(await reader.ask(page, { keyPrefix: others })).toEqual({ items: { edges: [] } });
  });
});

it('half a surrogate pair is no prefix: such a token and such a filter are refused', async () => {
  const server = await guarded();
  await server.map.insert({ key: '\u{1f600}1', value: 'secret' });
  for (const keyPrefix of ['\ud83d', 'a\ud83d', '\ude00']) {
    expect(await query.knock(server, { headers: bearer(await sign({ keyPrefix })) })).toMatchObject({ status: 401 });
  }
  const b = await tenant(server, '\u{1f601}');
  const page = 'query ($keyPrefix: String) { items(filter: { keyPrefix: $keyPrefix }) { edges { node { key } } } }';
  expect(await b.request(page, { keyPrefix: '\ud83d' })).toMatchObject({
    errors: [{ extensions: { code: 'BAD_USER_INPUT' } }],
  });
});

it('a token’s prefix limits its scopes, and each scope counts separately', async () => {
  const server = await guarded();
  await server.map.insert({ key: 'b:1', value: 1 });
  const [reader, writer] = [await tenant(server, 'b:', { scope: READ }), await tenant(server, 'b:', { scope: WRITE })];
  expect(await reader.ask('{ item(key: "b:1") { key } }')).toEqual({ item: { key: 'b:1' } });
  expect(await reader.request(INSERT, { input: { key: 'b:1', value: 2 } })).toMatchObject({ errors: FORBIDDEN });
  expect(await writer.request('{ item(key: "b:1") { key } }')).toMatchObject({ errors: FORBIDDEN });
  expect(await writer.ask(INSERT, { input: { key: 'b:1', value: 2 } })).toMatchObject({ insertItem: { value: 2 } });
});
