/** A client that names its document by a hash only is told to send it, in the words that its link knows. */
import { createHash } from 'node:crypto';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { connect } from '../../support/sockets/raw-sockets.ts';
import { post } from '../../support/clients/requests.ts';
import { startServer } from '../../support/server/server.ts';
import { eventsOf, openStream } from '../../support/clients/streams.ts';

const SIZE = '{ stream { size } }';
const REFUSAL = {
  errors: [{ message: 'PersistedQueryNotSupported', extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED' } }],
};

const hashOf = (document: string): string => createHash('sha256').update(document).digest('hex');
const persistedQuery = { version: 1, sha256Hash: hashOf(SIZE) };

const NAMINGS: readonly object[] = [
  { extensions: { persistedQuery } },
  { extensions: { persistedQuery }, query: '' },
  { extensions: { persistedQuery }, query: null },
  { documentId: hashOf(SIZE) },
];

const getUrl = ({ url }: SeamlineServer, naming: object): string => {
  const fields = Object.entries(naming).filter(([, value]) => value !== null) as [string, unknown][];
  const texts = fields.map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]);
  return `${url}?${new URLSearchParams(Object.fromEntries(texts) as Record<string, string>).toString()}`;
};

describe.each(NAMINGS)('%j gets PERSISTED_QUERY_NOT_SUPPORTED', (naming) => {
  it.each([
    '*/*',
    'application/json',
    'application/graphql-response+json',
    'multipart/mixed;subscriptionSpec=1.0,application/json',
  ])('over HTTP, with a status that every client reads, to %s', async (accept) => {
    const server = await startServer();
    const answers = [
      await post(server, naming, { accept }),
      await fetch(getUrl(server, naming), { headers: { accept } }),
    ];
    for (const response of answers) {
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual(REFUSAL);
    }
  });

  it('over SSE a hash without a document gets PERSISTED_QUERY_NOT_SUPPORTED', async () => {
    const server = await startServer();
    const stream = await openStream(getUrl(server, naming), { headers: { accept: 'text/event-stream' } });
    const [next, complete] = eventsOf(await stream.end());
    expect(JSON.parse(next?.data ?? '')).toEqual(REFUSAL);
    expect(complete?.event).toBe('complete');
  });

  it('over WebSocket a hash without a document gets PERSISTED_QUERY_NOT_SUPPORTED, and other operations continue', async () => {
    const socket = await connect(await startServer());
    socket.send({ type: 'subscribe', id: '1', payload: naming });
    expect(await socket.next()).toEqual({ type: 'error', id: '1', payload: REFUSAL.errors });
    socket.send({ type: 'subscribe', id: '2', payload: { query: SIZE } });
    expect(await socket.next()).toMatchObject({ type: 'next', id: '2' });
  });
});

describe('a hash beside its document', () => {
  it('a hash with its document is ignored', async () => {
    const server = await startServer();
    const body = { query: SIZE, extensions: { persistedQuery } };
    expect(await (await post(server, body)).json()).toEqual({ data: { stream: { size: 0 } } });
    const socket = await connect(server);
    socket.send({ type: 'subscribe', id: '1', payload: body });
    expect(await socket.next()).toMatchObject({ payload: { data: { stream: { size: 0 } } } });
  });

  it('a request without a document and without a hash is not taken for a persisted query', async () => {
    const server = await startServer();
    for (const body of [{}, { extensions: {} }, { extensions: { persistedQuery: null } }, { query: null }]) {
      const response = await post(server, body);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
    }
    for (const body of ['7', 'null', '"x"', '[]', 'true']) expect((await post(server, body)).status).toBe(400);
  });
});

describe('Apollo’s PersistedQueryLink', () => {
  it.each([false, true])(
    'sends the document once it has heard that, with GET for hashes %s',
    async (useGETForHashedQueries) => {
      const server = await startServer();
      await server.map.insert({ key: 'a', value: 1 });
      const sent: boolean[] = [];
      const http = new HttpLink({
        uri: server.url,
        fetch: (input, init) => {
          sent.push(`${String(input)}${String(init?.body)}`.includes('size'));
          return fetch(input, init);
        },
      });
      const link = new PersistedQueryLink({ sha256: hashOf, useGETForHashedQueries }).concat(http);
      const client = new ApolloClient({ link, cache: new InMemoryCache() });
      onTestFinished(() => client.stop());
      const query = gql(SIZE);
      for (const count of [2, 3]) {
        const { data } = await client.query({ query, fetchPolicy: 'network-only' });
        expect(data).toMatchObject({ stream: { size: 1 } });
        expect(sent).toHaveLength(count);
      }
      // It doesn't try again with hashes.
      expect(sent).toEqual([false, true, true]);
    },
  );
});
