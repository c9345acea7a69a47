/** Names that mean something to an object come back as what they are: keys and values, and no prototype has more than before. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createServer, type SeamlineServer } from '../../src/server/server.ts';
import { overSse, overWebSocket, readEvents, request, type Result } from '../support/clients/clients.ts';
import { isPolluted, POISON, PROTOTYPE_NAMES, prototypes } from '../support/fuzz/hostile.ts';
import { connect, openSocket } from '../support/sockets/raw-sockets.ts';
import { post, resultOf } from '../support/clients/requests.ts';
import { startServer } from '../support/server/server.ts';

const INSERT = 'mutation ($input: InsertItemInput!) { insertItem(input: $input) { key value cursor } }';
const ITEM = 'query ($key: ID!) { item(key: $key) { key value } }';
const PAGE = 'query ($filter: ItemFilter) { items(filter: $filter) { edges { node { key } } } }';

let before: ReturnType<typeof prototypes>;

beforeAll(async () => {
  // What is loaded and changed by the first operation is none of the client's.
  const server = await createServer({ port: 0 });
  await request(server, '{ stream { size } }');
  await server.drain();
  before = prototypes();
});

afterEach(() => {
  expect(isPolluted()).toBe(false);
  expect(prototypes()).toEqual(before);
});

/** A body made of text: a literal with `__proto__` would set a prototype. */
async function send(server: SeamlineServer, query: string, variables: string): Promise<Result<never>> {
  return resultOf(await post(server, `{"query":${JSON.stringify(query)},"variables":${variables}}`));
}

describe.each(PROTOTYPE_NAMES)('%s', (name) => {
  it('the name is a key like any other: inserted, read, filtered, delivered, mirrored and removed', async () => {
    const server = await startServer();
    expect((await request(server, ITEM, { key: name })).data).toEqual({ item: null });
    const input = { key: name, value: name, idempotencyKey: name };
    const first = await request<{ insertItem: object }, object>(server, INSERT, { input });
    expect(first.data?.insertItem).toMatchObject({ key: name, value: name });
    expect(await request(server, INSERT, { input })).toEqual(first);
    expect((await request(server, ITEM, { key: name })).data).toEqual({ item: { key: name, value: name } });
    for (const filter of [{ keys: [name] }, { keyPrefix: name }, { keys: [name], keyPrefix: name.slice(0, 3) }])
      expect((await request(server, PAGE, { filter })).data).toEqual({ items: { edges: [{ node: { key: name } }] } });
    expect((await request(server, PAGE, { filter: { keys: [`${name}x`] } })).data).toEqual({ items: { edges: [] } });
    for (const transport of [overWebSocket, overSse]) {
      const feed = transport.subscribe(server, 'subscription { itemChanges { upserted { key value } size } }');
      expect((await feed.next())?.data).toEqual({ itemChanges: { upserted: [{ key: name, value: name }], size: 1 } });
      await feed.leave();
    }
    const removal = `mutation { removeItem(key: ${JSON.stringify(name)}) { key } }`;
    expect((await request(server, removal)).data).toEqual({ removeItem: { key: name } });
    expect((await request(server, removal)).data).toEqual({ removeItem: null });
  });

  it('the name is a fresh idempotency key, one for each item key', async () => {
    const server = await startServer();
    for (const key of ['a', 'b', name]) {
      const { errors } = await request(server, INSERT, { input: { key, value: key, idempotencyKey: name } });
      expect(errors).toBeUndefined();
    }
    const { errors } = await request(server, INSERT, { input: { key: 'a', value: 'other', idempotencyKey: name } });
    expect(errors).toMatchObject([{ extensions: { code: 'CONFLICT' } }]);
  });

  it('the name comes back within a value, at any depth, as a variable and as a literal', async () => {
    const server = await startServer();
    const value = `{${JSON.stringify(name)}:{"polluted":1},"list":[{${JSON.stringify(name)}:null}]}`;
    await send(server, INSERT, `{"input":{"key":"a","value":${value}}}`);
    const text = await (await post(server, { query: ITEM, variables: { key: 'a' } })).text();
    expect(text).toBe(`{"data":{"item":{"key":"a","value":${value}}}}`);
    const literal = `mutation { insertItem(input: { key: "b", value: { ${name}: { polluted: 1 } } }) { value } }`;
    const answer = await (await post(server, { query: literal })).text();
    expect(answer).toBe(`{"data":{"insertItem":{"value":{"${name}":{"polluted":1}}}}}`);
    const socket = await connect(server);
    socket.send(`{"type":"subscribe","id":"1","payload":{"query":"subscription { items(limit: 1) { value } }"}}`);
    expect(JSON.stringify(await socket.next())).toContain(value);
  });

  it('the name is an id of a subscription like any other', async () => {
    const server = await startServer();
    await server.map.insert({ key: 'a', value: 1 });
    const socket = await connect(server);
    socket.send({ type: 'complete', id: name });
    socket.send({ type: 'subscribe', id: name, payload: { query: 'subscription { items { key } }' } });
    expect(await socket.next()).toMatchObject({ type: 'next', id: name });
    socket.send({ type: 'complete', id: name });
    await expect.poll(() => server.map.subscriptions).toBe(0);
  });

  it('the name is a variable, an operation, a field, an alias or a type like any other, or unknown', async () => {
    const server = await startServer();
    const alias = await request(server, `{ ${name}: stream { ${name}: size } }`);
    // Two underscores are the language's own, but an alias may have them.
    expect(JSON.stringify(alias)).toBe(`{"data":{"${name}":{"${name}":0}}}`);
    const variable = `query ${name}($${name}: ID!) { item(key: $${name}) { key } }`;
    const asked = `{"query":${JSON.stringify(variable)},"operationName":"${name}","variables":{"${name}":"a"}}`;
    const { data, errors = [] } = await resultOf(await post(server, asked));
    // A variable `__proto__` counts as one that wasn't given.
    if (name === '__proto__') expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    else expect(data).toEqual({ item: null });
    for (const query of [
      `{ ${name} }`,
      `{ ... on ${name} { size } }`,
      `{ stream { size @${name} } }`,
      `{ ...${name} }`,
    ])
      expect((await request(server, query)).errors?.[0]?.extensions).toMatchObject({
        code: 'GRAPHQL_VALIDATION_FAILED',
      });
    const unnamed = await resultOf(await post(server, { query: '{ stream { size } }', operationName: name }));
    expect(unnamed.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  });
});

describe('a value full of poison', () => {
  it('a poisoned value comes back byte by byte, from a page, a subscription and a mirror', async () => {
    const server = await startServer();
    await send(server, INSERT, `{"input":{"key":"a","value":${POISON}}}`);
    const texts = [await (await post(server, { query: '{ items { edges { node { value } } } }' })).text()];
    for (const query of [
      'subscription { items(limit: 1) { value } }',
      'subscription { itemChanges { upserted { value } } }',
    ]) {
      const socket = await connect(server);
      socket.send({ type: 'subscribe', id: '1', payload: { query } });
      texts.push(JSON.stringify(await socket.next()));
      for await (const { event, data = '' } of readEvents(server, { query }))
        if (event === 'next') {
          texts.push(data);
          break;
        }
    }
    expect(texts).toHaveLength(5);
    for (const text of texts) expect(text).toContain(POISON);
  });
});

describe('poison beside the document', () => {
  it.each([
    ['a body', `{"query":"{ stream { size } }","__proto__":{"polluted":1}}`],
    ['extensions', `{"query":"{ stream { size } }","extensions":${POISON}}`],
    ['variables', `{"query":"{ stream { size } }","variables":${POISON}}`],
    [
      'extensions that would inherit `cursors`',
      `{"query":"{ stream { size } }","extensions":{"__proto__":{"cursors":true}}}`,
    ],
    ['a persistedQuery', `{"query":"{ stream { size } }","extensions":{"persistedQuery":${POISON}}}`],
  ])('as %s changes nothing', async (_where, body) => {
    const server = await startServer();
    const over = await resultOf(await post(server, body));
    if (over.errors) expect(over.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    else expect(over.data).toEqual({ stream: { size: 0 } });
    expect(over.extensions).toBeUndefined();
    const socket = await connect(server);
    socket.send(`{"type":"subscribe","id":"1","payload":${body},"__proto__":{"polluted":1}}`);
    expect(await socket.next()).toEqual({ type: 'next', id: '1', payload: { data: { stream: { size: 0 } } } });
  });

  it('poison in connectionParams changes nothing, and admits nobody', async () => {
    for (const payload of [
      POISON,
      '{"headers":{"__proto__":{"Authorization":"Bearer x"}}}',
      '{"__proto__":{"Authorization":"Bearer x"}}',
    ]) {
      const open = await openSocket(await startServer());
      open.send(`{"type":"connection_init","payload":${payload}}`);
      expect(await open.next()).toEqual({ type: 'connection_ack' });
      const guarded = await openSocket(await startServer({ jwtSecret: 'a secret that is long enough for HS256' }));
      guarded.send(`{"type":"connection_init","payload":${payload}}`);
      expect(await guarded.closed).toMatchObject({ code: 4403 });
    }
  });

  it.each(['headers', 'authorization'])(
    'in connectionParams as %s within %s, 3,000 deep, breaks nothing',
    async (name) => {
      const server = await startServer();
      const socket = await openSocket(server);
      const deep = `{"${name}":`.repeat(3000) + '{}' + '}'.repeat(3000);
      socket.send(`{"type":"connection_init","payload":${deep}}`);
      expect(await socket.next()).toEqual({ type: 'connection_ack' });
    },
  );

  it('poison in a query string changes nothing', async () => {
    const server = await startServer();
    const url = `${server.url}?query={stream{size}}&__proto__[polluted]=1&constructor[prototype][polluted]=1&__proto__=x`;
    const { status } = await fetch(url, { headers: { accept: 'application/json' } });
    expect(status).toBeLessThan(500);
  });

  it('poison among an input’s members is BAD_USER_INPUT, and nothing is inserted', async () => {
    const server = await startServer();
    for (const input of [
      '{"__proto__":{"key":"a"},"value":1}',
      '{"key":"a","value":1,"constructor":{}}',
      '{"key":{"__proto__":{}},"value":1}',
    ])
      expect((await send(server, INSERT, `{"input":${input}}`)).errors?.[0]?.extensions).toMatchObject({
        code: 'BAD_USER_INPUT',
      });
    expect(server.map.replica.items.size).toBe(0);
  });
});
