/** Limits of what clients' texts make the server keep, compare, coerce and look at. */
import { describe, expect, it, vi } from 'vitest';
import type { Result } from '../../support/clients/clients.ts';
import { post, resultOf } from '../../support/clients/requests.ts';
import { connect, openSocket, type RawSocket, subscribeMessage } from '../../support/sockets/raw-sockets.ts';
import { startServer } from '../../support/server/server.ts';

const INSERT = 'mutation ($input: InsertItemInput!) { insertItem(input: $input) { key } }';
const BATCH = 'mutation ($inputs: [InsertItemInput!]!) { insertItems(inputs: $inputs) { key } }';
const CHANGES = 'subscription ($filter: ItemFilter) { itemChanges(filter: $filter) { cursor } }';
const COMMENT = `#${'x'.repeat(900_000)}`;

const times = (count: number, textOf: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => textOf(index)).join(' ');

const seen = ({ errors }: Result<unknown>): unknown =>
  errors?.map(({ message, extensions: { code } }) => ({ message, code }));

describe('a document', () => {
  it.each([
    ['repeats a field 700 times', `{ ${times(700, () => 'stream { epoch }')} }`],
    ['repeats a field in fields that it repeats', `{ ${times(30, () => `stream { ${times(20, () => 'epoch')} }`)} }`],
    [
      'spreads 175 fragments with the same field',
      `{ ${times(175, (n) => `...F${n}`)} } ${times(175, (n) => `fragment F${n} on Query { stream { epoch } }`)}`,
    ],
  ])('a document that %s is refused before its fields are compared', async (_, query) => {
    const server = await startServer();
    const text = 'the document repeats its fields or spreads fragments too often: select each field once';
    expect(seen(await resultOf(await post(server, { query })))).toEqual([
      { code: 'GRAPHQL_VALIDATION_FAILED', message: text },
    ]);
  });

  it('a document that asks for the schema may have 2 aliases, because nothing counts what they multiply', async () => {
    const server = await startServer();
    const parts = (count: number): string => `{ ${times(count, (n) => `a${n}: __type(name: "Item") { name }`)} }`;
    expect(seen(await resultOf(await post(server, { query: parts(2) })))).toBeUndefined();
    const nested = '{ __schema { a: types { ...T } b: types { ...T } } } fragment T on __Type { c: fields { name } }';
    for (const [query, count] of [
      [parts(3), 3],
      [nested, 3],
    ] as const)
      expect(seen(await resultOf(await post(server, { query })))).toEqual([
        {
          code: 'GRAPHQL_VALIDATION_FAILED',
          message: `the document asks for the schema and has ${count} aliases, more than 2: ask for each part by itself`,
        },
      ]);
  });

  it('a document of 100 aliases with all fields of an item each is executed', async () => {
    const server = await startServer();
    const fields = 'key id value timestamp expiresAt cursor __typename';
    const query = `{ ${times(100, (n) => `a${n}: item(key: "k${n}") { ${fields} }`)} }`;
    expect(seen(await resultOf(await post(server, { query })))).toBeUndefined();
  });
});

describe('variables', () => {
  it.each<[string, string, object, string]>([
    [
      'a list of 2,001 inputs',
      BATCH,
      { inputs: Array.from({ length: 2001 }, () => ({})) },
      'variable "$inputs" has a list of 2001 entries, more than 2000',
    ],
    [
      'a filter of 2,001 keys',
      CHANGES,
      { filter: { keys: Array.from({ length: 2001 }, () => 1) } },
      'variable "$filter" has a list of 2001 entries, more than 2000',
    ],
    [
      'an input with 11 unknown members',
      INSERT,
      { input: Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`x${n}`, 1])) },
      'variable "$input" has more than 10 members that InsertItemInput doesn\'t have: ' +
        'it has idempotencyKey, ifAbsent, ifCursor, key, ttl, value',
    ],
  ])('%s gets one error, and is not coerced', async (_, query, variables, message) => {
    const server = await startServer();
    const answer = await post(server, { query, variables }, { accept: 'application/json, text/event-stream;q=0.5' });
    expect(seen(await resultOf(answer))).toEqual([{ code: 'BAD_USER_INPUT', message }]);
  });

  it('a list that is a little too long, and an unknown member, get the errors of their own rules', async () => {
    const server = await startServer();
    const inputs = Array.from({ length: 1001 }, () => ({ key: 'a', value: 1 }));
    expect(seen(await resultOf(await post(server, { query: BATCH, variables: { inputs } })))).toEqual([
      { code: 'BAD_USER_INPUT', message: 'inputs: must have 1 to 1000 entries, has 1001' },
    ]);
    const variables = { input: { key: 'a', value: 1, kye: 2 } };
    expect(seen(await resultOf(await post(server, { query: INSERT, variables })))).toEqual([
      {
        code: 'BAD_USER_INPUT',
        message: expect.stringMatching(/"kye".* Did you mean "key"\?/) as string,
      },
    ]);
  });

  it('a value may have any members and lists of any length', async () => {
    const server = await startServer();
    const value = {
      list: Array.from({ length: 5000 }, () => 1),
      ...Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`x${n}`, n])),
    };
    const variables = { input: { key: 'a', value } };
    expect(seen(await resultOf(await post(server, { query: INSERT, variables })))).toBeUndefined();
  });
});

it('an error quotes at most 4,096 characters', async () => {
  const server = await startServer();
  const { errors } = await resultOf(await post(server, { query: `{ ${'x'.repeat(900_000)} }` }));
  const [message = ''] = errors?.map((error) => error.message) ?? [];
  expect(message.length).toBe(4097);
  expect(message).toMatch(/^Cannot query field "x+…$/);
  const variables = { n: 'y'.repeat(900_000) };
  const wrong = await resultOf(
    await post(server, { query: 'query ($n: Int) { items(first: $n) { cursor } }', variables }),
  );
  expect(JSON.stringify(wrong).length).toBeLessThan(10_000);
});

it.each([
  ['before connection_init', 'only subscribe messages may have more than 65536 bytes'],
  ['after it', 'the message is nested too deep'],
])('a message that only nests closes the WebSocket with 4400, %s', async (when, reason) => {
  const server = await startServer();
  const socket = when === 'after it' ? await connect(server) : await openSocket(server);
  socket.send('['.repeat(500_000));
  expect(await socket.closed).toEqual({ code: 4400, reason });
});

it.each([
  ['connection_init', openSocket],
  ['ping', connect],
] as const)(
  'a message of type %s may have 64 KiB, and a longer one closes the WebSocket with 4400',
  async (type, open) => {
    const server = await startServer();
    const [short, long] = [await open(server), await open(server)];
    const message = (bytes: number): string => {
      const text = JSON.stringify({ type, payload: { a: '' } });
      return text.replace('""', JSON.stringify('x'.repeat(bytes - text.length)));
    };
    short.send(message(65_536));
    expect(await short.next()).toMatchObject({ type: type === 'ping' ? 'pong' : 'connection_ack' });
    long.send(message(65_537));
    expect(await long.closed).toEqual({ code: 4400, reason: 'only subscribe messages may have more than 65536 bytes' });
  },
);

it('an id of 512 characters is taken, and a longer one closes the WebSocket with 4400', async () => {
  const socket = await connect(await startServer());
  socket.send(subscribeMessage('x'.repeat(512), '{ stream { size } }'));
  expect(await socket.next()).toMatchObject({ type: 'next' });
  expect(await socket.next()).toMatchObject({ type: 'complete' });
  socket.send(subscribeMessage('x'.repeat(513), '{ stream { size } }'));
  expect(await socket.closed).toEqual({
    code: 4400,
    reason: 'the id of an operation may have 512 characters, not 513',
  });
});

describe('what open subscriptions keep', () => {
  async function open(socket: RawSocket, id: string, query: string, variables?: object): Promise<unknown> {
    socket.send(subscribeMessage(id, query, { variables }));
    const answer = await socket.next();
    return answer?.type === 'next' ? 'open' : answer?.payload;
  }

  it('long documents that differ are refused beyond 32 MiB, short ones are not, and there is room when their client leaves', async () => {
    const server = await startServer({ maxSubscriptions: 200, fanOut: true });
    const socket = await connect(server);
    const long = (n: number): string => `subscription { itemChanges { a${n}: cursor } } ${COMMENT}`;
    let count = 0;
    let refusal: unknown = 'open';
    for (; refusal === 'open' && count < 100; count++) refusal = await open(socket, `${count}`, long(count));
    expect(count).toBe(38);
    const message = /^open subscriptions keep 33\d{6} bytes of documents and filters: subscribe with shorter ones, or /;
    expect(refusal).toMatchObject([
      { message: expect.stringMatching(message) as string, extensions: { code: 'TOO_MANY_SUBSCRIPTIONS' } },
    ]);
    expect(server.map.subscriptions).toBe(37);
    expect(await open(socket, 'short', CHANGES)).toBe('open');
    // An equal one is of a group that exists.
    expect(await open(socket, 'equal', long(0))).toBe('open');
    socket.close();
    await socket.closed;
    const next = await connect(server);
    expect(await open(next, '1', long(100))).toBe('open');
  });

  it('without fan-out, each subscription counts, equal ones as well, and there is room when one has ended', async () => {
    const server = await startServer({ maxSubscriptions: 200, fanOut: false });
    const socket = await connect(server);
    const long = `subscription { itemChanges { cursor } } ${COMMENT}`;
    let count = 0;
    let answer: unknown = 'open';
    for (; answer === 'open' && count < 100; count++) answer = await open(socket, `${count}`, long);
    expect(count).toBe(38);
    expect(answer).toMatchObject([{ extensions: { code: 'TOO_MANY_SUBSCRIPTIONS' } }]);
    const stream = await post(server, { query: long }, { accept: 'text/event-stream' });
    expect(await stream.text()).toContain('TOO_MANY_SUBSCRIPTIONS');
    expect(await open(socket, 'short', CHANGES)).toBe('open');
    socket.send({ type: 'complete', id: '0' });
    await vi.waitFor(() => expect(server.map.subscriptions).toBe(37));
    expect(await open(socket, 'next', long)).toBe('open');
  });
});

describe('what a query looks at', () => {
  it('a query that looks at more than 1,000,000 items is PAYLOAD_TOO_LARGE, and says what to do', async () => {
    const server = await startServer();
    for (let batch = 0; batch < 11; batch++)
      await server.map.insertMany(Array.from({ length: 1000 }, (_, n) => ({ key: `k${batch}-${n}`, value: 1 })));
    const items = (count: number): string =>
      `{ ${times(count, (n) => `a${n}: items(first: 1, filter: { keyPrefix: "z" }) { cursor }`)} }`;
    expect(seen(await resultOf(await post(server, { query: items(90) })))).toBeUndefined();
    const refused = {
      code: 'PAYLOAD_TOO_LARGE',
      message: 'the query looks at more than 1000000 items: divide its root fields among several queries',
    };
    const errors = seen(await resultOf(await post(server, { query: items(91) })));
    expect(errors).toContainEqual(refused);
  });

  it('each key of a filter costs as much as 20 items', async () => {
    const server = await startServer();
    const keys = Array.from({ length: 1000 }, (_, n) => `${n}`);
    const query = (count: number): string =>
      `query ($keys: [ID!]) { ${times(count, (n) => `a${n}: items(first: 1, filter: { keys: $keys }) { cursor }`)} }`;
    expect(seen(await resultOf(await post(server, { query: query(50), variables: { keys } })))).toBeUndefined();
    expect(seen(await resultOf(await post(server, { query: query(51), variables: { keys } })))).toMatchObject([
      { code: 'PAYLOAD_TOO_LARGE' },
    ]);
  });
});
