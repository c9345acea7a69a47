/** With a manifest only its documents run, whichever door a request comes through. */
import { createHash } from 'node:crypto';
import { getIntrospectionQuery } from 'graphql';
import { describe, expect, it } from 'vitest';
import { ItemChangesDocument, ItemsDocument, StreamDocument } from '../../../schema/documents/graphql.ts';
import { resumable } from '../../../src/client/index.ts';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { overClient, readEvents, request, type Result, webSocketClient } from '../../support/clients/clients.ts';
import { PROTOTYPE_NAMES } from '../../support/fuzz/hostile.ts';
import { connect, type Message } from '../../support/sockets/raw-sockets.ts';
import { post, resultOf } from '../../support/clients/requests.ts';
import { startServer } from '../../support/server/server.ts';
import { openStream } from '../../support/clients/streams.ts';

const SIZE = '{ stream { size } }';
const KEYS = 'subscription { items(limit: 1) { key } }';
const FOREIGN = '{ stream { window } }';

const hashOf = (document: string): string => createHash('sha256').update(document).digest('hex');

/** As codegen's client preset writes it. */
const manifestOf = (...documents: readonly (string | object)[]): Record<string, string> =>
  Object.fromEntries(documents.map((document) => [hashOf(String(document)), String(document)]));

async function trustingServer(...documents: readonly (string | object)[]): Promise<SeamlineServer> {
  const server = await startServer({ trustedDocuments: manifestOf(SIZE, KEYS, ...documents) });
  await server.map.insert({ key: 'a', value: 1 });
  return server;
}

/** What names a document in a request. */
interface Naming {
  readonly query?: string | null;
  readonly documentId?: unknown;
  readonly extensions?: object;
}

const persisted = (sha256Hash: unknown): object => ({ persistedQuery: { version: 1, sha256Hash } });

interface Door {
  readonly name: string;
  /** What it is for. */
  readonly document: string;
  readonly answer: unknown;
  /** The first result. */
  ask(server: SeamlineServer, naming: Naming): Promise<Result<unknown>>;
}

async function overHttp(server: SeamlineServer, naming: Naming): Promise<Result<unknown>> {
  return resultOf(await post(server, naming));
}

async function byGet(server: SeamlineServer, naming: Naming): Promise<Result<unknown>> {
  const url = new URL(server.url);
  for (const [name, value] of Object.entries(naming))
    url.searchParams.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  return resultOf(await fetch(url, { headers: { accept: 'application/json' } }));
}

async function overSse(server: SeamlineServer, naming: Naming): Promise<Result<unknown>> {
  const events = readEvents(server, naming as { query: string });
  for await (const { event, data = '' } of events) if (event === 'next') return JSON.parse(data) as Result<unknown>;
  throw new Error('no result');
}

async function overMultipart(server: SeamlineServer, naming: Naming): Promise<Result<unknown>> {
  const stream = await openStream(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'multipart/mixed; subscriptionSpec=1.0, application/json' },
    body: JSON.stringify(naming),
  });
  const [line = ''] = /\{.*"(?:data|errors)".*\}/.exec(await stream.until(/"(?:data|errors)".*\n|"errors".*\}$/)) ?? [];
  const parsed = JSON.parse(line) as Result<unknown> & { payload?: Result<unknown> };
  return parsed.payload ?? parsed;
}

async function overWebSocket(server: SeamlineServer, naming: Naming): Promise<Result<unknown>> {
  const socket = await connect(server);
  socket.send({ type: 'subscribe', id: '1', payload: { query: '', ...naming } });
  return resultIn(await socket.next());
}

function resultIn(message: Message | undefined): Result<unknown> {
  if (message?.type === 'next') return message.payload as Result<unknown>;
  if (message?.type === 'error') return { errors: message.payload } as Result<unknown>;
  throw new Error(`no result but ${JSON.stringify(message)}`);
}

const DOORS: readonly Door[] = [
  { name: 'HTTP POST', document: SIZE, answer: { stream: { size: 1 } }, ask: overHttp },
  { name: 'HTTP GET', document: SIZE, answer: { stream: { size: 1 } }, ask: byGet },
  { name: 'SSE', document: KEYS, answer: { items: { key: 'a' } }, ask: overSse },
  { name: 'multipart', document: KEYS, answer: { items: { key: 'a' } }, ask: overMultipart },
  { name: 'WebSocket', document: KEYS, answer: { items: { key: 'a' } }, ask: overWebSocket },
];

describe.each(DOORS)('over $name a manifest', ({ name, document, answer, ask }) => {
  const isGet = name === 'HTTP GET';

  it.each<[string, Naming]>([
    ['documentId', { documentId: hashOf(document) }],
    ['documentId beside an empty query', { documentId: hashOf(document), query: '' }],
    ['documentId, whatever the query beside it says', { documentId: hashOf(document), query: FOREIGN }],
    ['extensions.persistedQuery.sha256Hash', { extensions: persisted(hashOf(document)) }],
    ['the hash, whatever the query beside it says', { extensions: persisted(hashOf(document)), query: FOREIGN }],
    ['its text', { query: document }],
    ['its text, whatever the hash beside it says', { query: document, extensions: persisted('0'.repeat(64)) }],
  ])('runs a document by %s', async (_how, naming) => {
    const { data, errors } = await ask(await trustingServer(), naming);
    expect(errors).toBeUndefined();
    expect(data).toEqual(answer);
  });

  it.each<[string, Naming]>([
    ['another document', { query: FOREIGN }],
    ['a document of the manifest with a space more', { query: `${document} ` }],
    ['an alias in it', { query: document.replace('{ ', '{ x: ') }],
    ['another fragment after it', { query: `${document} fragment F on Item { value }` }],
    ['a hash that isn’t there', { documentId: hashOf(FOREIGN) }],
    [
      'a hash for another document, as Apollo registers them',
      { query: FOREIGN, extensions: persisted(hashOf(FOREIGN)) },
    ],
    ['a hash that is no string', { documentId: isGet ? '' : [hashOf(document)] }],
    ['a persistedQuery of null', { query: FOREIGN, extensions: { persistedQuery: null } }],
    ['a persistedQuery that is no object', { query: FOREIGN, extensions: { persistedQuery: hashOf(document) } }],
    ['introspection', { query: '{ __schema { queryType { name } } }' }],
    ['GraphiQL’s introspection', { query: getIntrospectionQuery() }],
    ['__typename', { query: '{ __typename }' }],
    ['a document that can’t be parsed', { query: '{' }],
    ...PROTOTYPE_NAMES.map((id): [string, Naming] => [`documentId ${id}`, { documentId: id }]),
    ...PROTOTYPE_NAMES.map((id): [string, Naming] => [`the hash ${id}`, { extensions: persisted(id) }]),
  ])('refuses %s with FORBIDDEN', async (_what, naming) => {
    const { data, errors } = await ask(await trustingServer(), naming);
    expect(data ?? null).toBeNull();
    expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  });
});

describe('a manifest', () => {
  it('a document outside of the manifest is answered 403 over HTTP', async () => {
    const server = await trustingServer();
    expect((await post(server, { query: FOREIGN })).status).toBe(403);
    expect((await post(server, {})).status).toBe(403);
    expect((await post(server, { query: SIZE })).status).toBe(200);
  });

  it('a mutation outside of the manifest is refused, and nothing is inserted', async () => {
    const server = await trustingServer();
    const query = 'mutation { insertItem(input: { key: "b", value: 1 }) { key } }';
    expect((await request(server, query)).errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    expect(resultIn(await sent(server, { query })).errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    expect(server.map.get('b')).toBeUndefined();
  });

  it('a mutation of the manifest is not run by GET', async () => {
    const mutation = 'mutation { insertItem(input: { key: "b", value: 1 }) { key } }';
    const server = await trustingServer(mutation);
    await byGet(server, { documentId: hashOf(mutation) });
    expect(server.map.get('b')).toBeUndefined();
  });

  it('a refusal leaves the other operations of its WebSocket alone', async () => {
    const server = await trustingServer();
    const socket = await connect(server);
    socket.send({ type: 'subscribe', id: '1', payload: { query: FOREIGN } });
    expect(await socket.next()).toMatchObject({ type: 'error', id: '1' });
    socket.send({ type: 'subscribe', id: '2', payload: { query: SIZE } });
    expect(await socket.next()).toMatchObject({ type: 'next', id: '2' });
  });

  it('a subscribe message may name its document by documentId, without a query', async () => {
    const server = await trustingServer();
    const message = await sent(server, { documentId: hashOf(SIZE) });
    expect(resultIn(message).data).toEqual({ stream: { size: 1 } });
  });

  it('an empty manifest refuses every document', async () => {
    const server = await startServer({ trustedDocuments: {} });
    for (const query of [SIZE, '', '{ __typename }'])
      expect((await request(server, query)).errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  });

  it('the named operation of a manifest’s document runs', async () => {
    const two = 'query A { stream { size } } query B { stream { engine } }';
    const server = await trustingServer(two);
    const naming = { documentId: hashOf(two), operationName: 'B' };
    expect(await overHttp(server, naming)).toEqual({ data: { stream: { engine: 'memory' } } });
    expect(await overWebSocket(server, naming)).toEqual({ data: { stream: { engine: 'memory' } } });
  });

  it('the ready page and the counters work with a manifest', async () => {
    const server = await trustingServer();
    for (const path of ['/health', '/ready', '/metrics'])
      expect((await fetch(new URL(path, server.url))).status).toBe(200);
  });
});

describe('without a manifest', () => {
  it('a document with a documentId is run without a manifest', async () => {
    const server = await startServer();
    const naming = { query: SIZE, documentId: hashOf(SIZE) };
    for (const ask of [overHttp, byGet, overWebSocket])
      expect(await ask(server, naming)).toEqual({ data: { stream: { size: 0 } } });
  });
});

describe('seamline/client with a manifest of its documents', () => {
  it('seamline/client subscribes and resumes with a manifest, because extensions don’t change the document', async () => {
    const server = await trustingServer(ItemsDocument, ItemChangesDocument, StreamDocument);
    const client = resumable(webSocketClient(server));
    const feed = overClient<{ items: { key: string } }>(client, {
      query: String(ItemsDocument),
      variables: { limit: 2 },
    });
    const [first] = await feed.take(1);
    await server.map.insert({ key: 'b', value: 2 });
    const [second] = await feed.take(1);
    expect([first, second].map((result) => result?.data?.items.key)).toEqual(['a', 'b']);
    expect(await feed.next()).toBeUndefined();
  });
});

async function sent(server: SeamlineServer, payload: object): Promise<Message | undefined> {
  const socket = await connect(server);
  socket.send({ type: 'subscribe', id: '1', payload });
  return socket.next();
}
