import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { connect, subscribeMessage } from '../../support/sockets/raw-sockets.ts';
import { post, resultOf } from '../../support/clients/requests.ts';
import { startServer } from '../../support/server/server.ts';
import { bearer, type Claims, part, READ, SECRET, sign, WRITE } from '../../support/server/tokens.ts';

const guarded = (): Promise<SeamlineServer> => startServer({ jwtSecret: SECRET });

describe('a scope', () => {
  const READS = ['{ item(key: "a") { key } }', '{ items { cursor } }', '{ stream { epoch } }'];
  const STREAMS = ['subscription { items { key } }', 'subscription { itemChanges { reset } }'];
  const WRITES = [
    'mutation { insertItem(input: { key: "a", value: 1 }) { key } }',
    'mutation { insertItems(inputs: [{ key: "a", value: 1 }]) { key } }',
    'mutation { removeItem(key: "a") { key } }',
  ];
  const FORBIDDEN = { extensions: { code: 'FORBIDDEN' } };
  const POLLUTING = `{"__proto__":{"scope":"${READ} ${WRITE}"}}`;

  const ask = async (server: SeamlineServer, document: string, scope: unknown) =>
    resultOf(
      await post(
        server,
        { query: document },
        { accept: 'text/event-stream, application/json', ...bearer(await sign({ scope })) },
      ),
    );
  /** The first message of an operation, over WebSocket. */
  const askOverSocket = async (server: SeamlineServer, document: string, scope: unknown) => {
    const socket = await connect(server, { headers: bearer(await sign({ scope })) });
    socket.send(subscribeMessage('1', document));
    return socket.next();
  };

  it.each([...READS, ...STREAMS])('the scope items:read is required for %s', async (document) => {
    const server = await guarded();
    for (const scope of [
      undefined,
      WRITE,
      'items',
      'items:read:own',
      'Items:Read',
      'items:readitems:write',
      [],
      [WRITE],
      [[READ]],
      [{ READ }, 1, null],
      { READ },
      { 0: READ, length: 1 },
      1,
      true,
    ]) {
      expect(await askOverSocket(server, document, scope), `with ${String(scope)}`).toMatchObject(
        STREAMS.includes(document) ? { type: 'error', payload: [FORBIDDEN] } : { payload: { errors: [FORBIDDEN] } },
      );
      if (READS.includes(document))
        expect(await ask(server, document, scope), `with ${String(scope)}`).toMatchObject({ errors: [FORBIDDEN] });
    }
    await server.map.insert({ key: 'a', value: 1 });
    expect(await askOverSocket(server, document, `openid ${READ}`)).toMatchObject({
      type: 'next',
      payload: { data: {} },
    });
  });

  it.each(STREAMS)('the scope items:read is required for %s over SSE', async (document) => {
    const server = await guarded();
    const response = await post(
      server,
      { query: document },
      { accept: 'text/event-stream', ...bearer(await sign({ scope: WRITE })) },
    );
    expect(await response.text()).toMatch(/event: next\ndata: .*"FORBIDDEN".*\n\nevent: complete/);
  });

  it.each(WRITES)('the scope items:write is required for %s', async (document) => {
    const server = await guarded();
    await server.map.insert({ key: 'a', value: 0 });
    for (const scope of [undefined, READ, 'items:writer', 'xitems:write', ['items:writer'], [READ]]) {
      expect(await ask(server, document, scope), `with ${String(scope)}`).toMatchObject({ errors: [FORBIDDEN] });
      expect(await askOverSocket(server, document, scope)).toMatchObject({ payload: { errors: [FORBIDDEN] } });
    }
    expect(server.map.replica.head.position).toBe(1);
    const allowed = await ask(server, document, WRITE);
    expect(allowed.errors).toBeUndefined();
    expect(server.map.replica.head.position).toBe(2);
  });

  it.each<[string, Claims]>([
    ['scope as text', { scope: `openid ${READ}  ${WRITE}` }],
    ['scope as a list', { scope: ['openid', READ, WRITE] }],
    ['scope as a list with a text of several', { scope: [`openid ${READ}`, WRITE] }],
    ['scope as a list with something else in it', { scope: [1, null, READ, { a: 1 }, WRITE] }],
    ['scp as text', { scope: undefined, scp: `openid ${READ} ${WRITE}` }],
    ['scp as a list', { scope: undefined, scp: [READ, WRITE] }],
    ['scp beside a scope of null', { scope: null, scp: [READ, WRITE] }],
  ])('scopes are read from %s', async (_name, claims) => {
    const server = await guarded();
    const headers = bearer(await sign(claims));
    const written = await resultOf(await post(server, { query: WRITES[0] ?? '' }, headers));
    expect(written).toEqual({ data: { insertItem: { key: 'a' } } });
    expect(await resultOf(await post(server, { query: READS[0] ?? '' }, headers))).toEqual({
      data: { item: { key: 'a' } },
    });
  });

  it('scp is used only when there is no claim scope', async () => {
    const server = await guarded();
    for (const scope of ['', [], 1, {}, 'openid', false])
      for (const scp of [READ, [READ]])
        expect(
          await resultOf(await post(server, { query: READS[2] ?? '' }, bearer(await sign({ scope, scp })))),
          `with ${JSON.stringify({ scope, scp })}`,
        ).toMatchObject({ errors: [FORBIDDEN] });
  });

  it.each([[[WRITE]], [1], [{ READ }], [[[READ]]], [true]])('a claim scp of %j grants no reading', async (scp) => {
    const server = await guarded();
    const headers = bearer(await sign({ scope: undefined, scp }));
    expect(await resultOf(await post(server, { query: READS[2] ?? '' }, headers))).toMatchObject({
      errors: [FORBIDDEN],
    });
  });

  it('scopes come from the token’s own claims and not from a prototype', async () => {
    const server = await guarded();
    const body = `${part({ alg: 'HS256' })}.${part(POLLUTING)}`;
    const token = `${body}.${createHmac('sha256', SECRET).update(body).digest('base64url')}`;
    const { errors } = await resultOf(await post(server, { query: READS[2] ?? '' }, bearer(token)));
    expect(errors).toMatchObject([FORBIDDEN]);
  });

  it('a missing scope for one field leaves the other fields of the operation unaffected', async () => {
    const server = await guarded();
    const document = `mutation { __typename insertItem(input: { key: "a", value: 1 }) { key } }`;
    expect(await ask(server, document, READ)).toMatchObject({ errors: [{ path: ['insertItem'], ...FORBIDDEN }] });
    expect(await ask(server, '{ __typename }', '')).toEqual({ data: { __typename: 'Query' } });
  });
});
