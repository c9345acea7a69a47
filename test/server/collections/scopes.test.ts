/** Scopes that name a collection, on all transports. */
import { describe, expect, it } from 'vitest';
import { post, resultOf } from '../../support/clients/requests.ts';
import { mapOf, startCollections } from '../../support/server/collections.ts';
import { bearer, type Claims, SECRET, sign } from '../../support/server/tokens.ts';
import { connect, subscribeMessage } from '../../support/sockets/raw-sockets.ts';
import type { SeamlineServer } from '../../../src/server/server.ts';

const guarded = (): Promise<SeamlineServer> => startCollections({ jwtSecret: SECRET, jwtCookie: 'token' });

type Ask = (server: SeamlineServer, query: string, claims: Claims) => Promise<string>;

/** The first answer as text. Streams are asked for with `limit: 0`, so that they end. */
const overHttp =
  (accept: string): Ask =>
  async (server, query, claims) =>
    (await post(server, { query }, { accept, ...bearer(await sign(claims)) })).text();

const overSocket: Ask = async (server, query, claims) => {
  const socket = await connect(server, { headers: bearer(await sign(claims)) });
  socket.send(subscribeMessage('1', query));
  return JSON.stringify(await socket.next());
};

const TRANSPORTS: Readonly<Record<string, Ask>> = {
  HTTP: overHttp('application/json'),
  SSE: overHttp('text/event-stream'),
  multipart: overHttp('multipart/mixed;subscriptionSpec=1.0, application/json'),
  WebSocket: overSocket,
};

const READS = ['{ quotes { cursor } }', '{ quote(symbol: "a") { id } }', '{ quoteStream { epoch } }'];
const STREAMS = ['subscription { quotes(limit: 0) { id } }', 'subscription { quoteChanges { reset } }'];
const WRITES = [
  'mutation { insertQuote(input: { symbol: "a", price: 1 }) { id } }',
  'mutation { insertQuotes(inputs: [{ symbol: "a", price: 1 }]) { id } }',
  'mutation { removeQuote(symbol: "b") { key } }',
];

describe.each(Object.entries(TRANSPORTS))('a scope that names a collection, over %s', (name, ask) => {
  const isStream = name !== 'HTTP';
  const documents = [...READS, ...(isStream ? STREAMS : [])];

  it('reading needs the scope of the collection or items:read, and the error names the missing scope', async () => {
    const server = await guarded();
    for (const query of documents)
      for (const scope of ['orders:read', 'quotes:write items:write', 'quote:read', ''])
        expect(await ask(server, query, { scope }), `${query} with ${scope}`).toMatch(
          /not allowed: requires scope quotes:read.*"FORBIDDEN"/,
        );
    for (const query of READS)
      for (const scope of ['quotes:read', 'items:read'])
        expect(await ask(server, query, { scope }), `${query} with ${scope}`).not.toContain('FORBIDDEN');
  });

  it('writing needs the scope of the collection or items:write, and the error names the missing scope', async () => {
    const server = await guarded();
    for (const query of WRITES) {
      for (const scope of ['orders:write', 'quotes:read items:read', ''])
        expect(await ask(server, query, { scope }), `${query} with ${scope}`).toMatch(
          /not allowed: requires scope quotes:write.*"FORBIDDEN"/,
        );
      for (const scope of ['quotes:write', 'items:write'])
        expect(await ask(server, query, { scope }), `${query} with ${scope}`).not.toContain('errors');
    }
  });

  it('a key prefix limits reading and writing of each collection', async () => {
    const server = await guarded();
    await mapOf(server, 'quotes').insertMany(['a/1', 'b/1'].map((key) => ({ key, value: { symbol: key, price: 1 } })));
    const claims = { scope: 'quotes:read quotes:write', keyPrefix: 'a/' };
    const read = await ask(server, '{ quotes { edges { node { symbol } } } }', claims);
    expect(read).toContain('a/1');
    expect(read).not.toContain('b/1');
    const write = (symbol: string) => `mutation { insertQuote(input: { symbol: "${symbol}", price: 1 }) { id } }`;
    expect(await ask(server, write('a/2'), claims)).not.toContain('errors');
    expect(await ask(server, write('b/2'), claims)).toMatch(/requires keys that begin with/);
  });
});

describe('a cookie', () => {
  it('a cookie reads a typed collection and never writes to it', async () => {
    const server = await guarded();
    const headers = { cookie: `token=${await sign({ scope: 'quotes:read quotes:write' })}` };
    expect(await resultOf(await post(server, { query: '{ quoteStream { engine } }' }, headers))).toEqual({
      data: { quoteStream: { engine: 'memory' } },
    });
    for (const query of WRITES)
      expect(await resultOf(await post(server, { query }, headers))).toMatchObject({
        errors: [{ message: 'not allowed: requires scope quotes:write', extensions: { code: 'FORBIDDEN' } }],
      });
  });
});
