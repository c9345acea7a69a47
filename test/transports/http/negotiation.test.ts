/** Answers by `Accept`, method and body: the same on the fast path and on the plain one. */
import { describe, expect, it } from 'vitest';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { post } from '../../support/clients/requests.ts';
import { startServer } from '../../support/server/server.ts';

const JSON_TYPE = 'application/json';
const GRAPHQL = 'application/graphql-response+json';
const SSE = 'text/event-stream';
const MULTIPART = 'multipart/mixed;subscriptionSpec=1.0';
const SIZE = '{ stream { size } }';
const COMPLETE = 'subscription { items(limit: 0) { key } }';
const INSERT = 'mutation ($input: InsertItemInput!) { insertItem(input: $input) { key } }';

const typeOf = ({ headers }: Response): string | undefined => headers.get('content-type')?.split(';')[0];

const get = (server: SeamlineServer, query: string, accept: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${server.url}?${new URLSearchParams({ query }).toString()}`, { ...init, headers: { accept } });

/** The kinds that an answer may have; 406 where there is none. */
const CASES: readonly (readonly [accept: string, ofQuery: string | 406, ofSubscription: string | 406])[] = [
  ['*/*', JSON_TYPE, SSE],
  [JSON_TYPE, JSON_TYPE, 406],
  [GRAPHQL, GRAPHQL, 406],
  [`${GRAPHQL}, ${JSON_TYPE}`, GRAPHQL, 406],
  [`${JSON_TYPE}, ${GRAPHQL}`, JSON_TYPE, 406],
  [`${JSON_TYPE};q=0.9, ${GRAPHQL}`, GRAPHQL, 406],
  [`${GRAPHQL};q=0.8, ${JSON_TYPE};q=0.9`, JSON_TYPE, 406],
  [`${GRAPHQL}, ${JSON_TYPE};q=0`, GRAPHQL, 406],
  ['application/*', JSON_TYPE, 406],
  [`*/*, ${JSON_TYPE};q=0`, GRAPHQL, SSE],
  [`${GRAPHQL};q=0, */*;q=0.1`, JSON_TYPE, SSE],
  [SSE, SSE, SSE],
  ['text/*', SSE, SSE],
  [`${SSE}, ${JSON_TYPE}`, JSON_TYPE, SSE],
  [`${SSE};q=0, ${JSON_TYPE}`, JSON_TYPE, 406],
  [`${SSE};q=0, */*`, JSON_TYPE, 406],
  [`${SSE}, ${JSON_TYPE};q=0.5`, SSE, SSE],
  [`${SSE};q=0.5, ${JSON_TYPE}`, JSON_TYPE, SSE],
  [`TEXT/EVENT-STREAM ; Q=0.5 , Application/JSON ; q=0.4`, SSE, SSE],
  [`${MULTIPART}, ${JSON_TYPE}`, JSON_TYPE, 'multipart/mixed'],
  ['multipart/mixed;boundary="graphql,;";subscriptionSpec="1.0",application/json', JSON_TYPE, 'multipart/mixed'],
  [`${MULTIPART}, ${SSE}, ${JSON_TYPE}`, JSON_TYPE, 'multipart/mixed'],
  [`${MULTIPART};q=0.5, ${SSE}, ${JSON_TYPE}`, JSON_TYPE, SSE],
  [`${MULTIPART};q=0, ${JSON_TYPE}`, JSON_TYPE, 406],
  [`multipart/mixed, ${JSON_TYPE}`, JSON_TYPE, 406],
  [`${JSON_TYPE};charset=utf-8`, JSON_TYPE, 406],
  [`${JSON_TYPE};charset=utf-16, ${GRAPHQL}`, GRAPHQL, 406],
  [`${JSON_TYPE};q=x`, JSON_TYPE, 406],
  // As urql, Apollo 3 and Apollo 4 ask.
  [
    'application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed',
    GRAPHQL,
    SSE,
  ],
  ['application/graphql-response+json,application/json;q=0.9', GRAPHQL, 406],
  [
    'multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/graphql-response+json,application/json;q=0.9',
    GRAPHQL,
    'multipart/mixed',
  ],
  ['text/plain', 406, 406],
  ['image/png, text/html;q=0.9', 406, 406],
  ['*/*;q=0', 406, 406],
  [`${JSON_TYPE};q=0`, 406, 406],
  [';;;,,,', 406, 406],
];

describe('Accept', () => {
  it.each(CASES)('%j: a query is answered with %s, a subscription with %s', async (accept, ofQuery, ofSubscription) => {
    const server = await startServer({ graphiql: false });
    for (const [query, kind] of [
      [SIZE, ofQuery],
      [COMPLETE, ofSubscription],
    ] as const)
      for (const response of [await post(server, { query }, { accept }), await get(server, query, accept)]) {
        expect(response.status).toBe(kind === 406 ? 406 : 200);
        if (kind === 406)
          expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
        else expect(typeOf(response)).toBe(kind);
        if (!response.bodyUsed) await response.text();
      }
  });

  it.each(CASES)(
    '%j chooses for a mutation what it chooses for a query, also on the fast path',
    async (accept, kind) => {
      const server = await startServer({ graphiql: false });
      const variables = { input: { key: 'a', value: 1 } };
      // The first is learnt from.
      await post(server, { query: INSERT, variables });
      const response = await post(server, { query: INSERT, variables }, { accept });
      expect(response.status).toBe(kind === 406 ? 406 : 200);
      if (kind !== 406) expect(typeOf(response)).toBe(kind);
      await response.text();
      // What can't be answered isn't done either.
      expect(server.map.replica.head.position).toBe(kind === 406 ? 1 : 2);
    },
  );

  it('a refusal names the Accept that would be right', async () => {
    const server = await startServer();
    const messageOf = async (query: string, accept: string): Promise<string> => {
      const response = await post(server, { query }, { accept });
      expect(typeOf(response)).toBe(accept.includes('json') ? accept : JSON_TYPE);
      return ((await response.json()) as { errors: { message: string }[] }).errors[0]?.message ?? '';
    };
    for (const accept of [JSON_TYPE, GRAPHQL])
      expect(await messageOf(COMPLETE, accept)).toMatch(
        /text\/event-stream.*multipart\/mixed;subscriptionSpec=1\.0.*graphql-transport-ws/,
      );
    expect(await messageOf(SIZE, 'text/plain')).toMatch(/application\/json.*text\/event-stream/);
    expect(server.map.subscriptions).toBe(0);
  });

  it.each([
    ['text/html', 'text/html'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8', 'text/html'],
    [`${JSON_TYPE}, text/html;q=0.5`, JSON_TYPE],
    [`text/html;q=0, ${JSON_TYPE}`, JSON_TYPE],
    ['*/*', JSON_TYPE],
  ])('%s shows GraphiQL where a page is wanted most', async (accept, kind) => {
    expect(typeOf(await get(await startServer(), SIZE, accept))).toBe(kind);
  });
});

describe.each([JSON_TYPE, GRAPHQL, SSE, `${MULTIPART}, ${JSON_TYPE}`, 'text/plain'])(
  'a request that takes %s',
  (accept) => {
    it.each(['PUT', 'DELETE', 'PATCH', 'HEAD', 'LOCK'])(
      'the method %s gets 405, and what is allowed',
      async (method) => {
        const response = await fetch((await startServer()).url, { method, headers: { accept } });
        expect(response.status).toBe(405);
        expect(response.headers.get('allow')).toBe('GET, POST');
        if (method !== 'HEAD')
          expect(await response.json()).toMatchObject({
            errors: [{ message: expect.stringContaining(method) as string }],
          });
      },
    );

    it.skipIf(accept === 'text/plain')('a mutation by GET gets 405, and what is allowed', async () => {
      const server = await startServer();
      const response = await get(server, 'mutation { insertItem(input: { key: "a", value: 1 }) { key } }', accept);
      expect(response.status).toBe(405);
      expect(response.headers.get('allow')).toBe('POST');
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
      expect(server.map.get('a')).toBeUndefined();
    });

    it.skipIf(accept === 'text/plain')('a body that is too large gets 413', async () => {
      const response = await post(await startServer({ maxMessageBytes: 100 }), { query: SIZE.padEnd(200) }, { accept });
      expect(response.status).toBe(413);
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'PAYLOAD_TOO_LARGE' } }] });
    });
  },
);

describe('a result without data', () => {
  it.each<[string, object, number]>([
    [
      'variables that don’t fit',
      { query: 'query ($f: Int) { items(first: $f) { cursor } }', variables: { f: 'x' } },
      400,
    ],
    ['a variable that is missing', { query: INSERT }, 400],
    ['extensions that make no sense', { query: SIZE, extensions: { after: 'nonsense' } }, 400],
    ['a document that doesn’t parse', { query: '{' }, 400],
    ['a document that isn’t valid', { query: '{ nope }' }, 400],
  ])(`of %s has a status of 4xx as ${GRAPHQL}, and 200 as ${JSON_TYPE}`, async (_what, body, status) => {
    const server = await startServer();
    const [strict, legacy] = [
      await post(server, body, { accept: GRAPHQL }),
      await post(server, body, { accept: JSON_TYPE }),
    ];
    expect([strict.status, legacy.status]).toEqual([status, 200]);
    const result = (await strict.json()) as object;
    expect(result).not.toHaveProperty('data');
    expect(result).not.toHaveProperty('extensions');
    expect(await legacy.json()).toEqual(result);
  });

  it.each([
    { query: 'subscription ($l: Int!) { items(limit: $l) { key } }', variables: { l: 'x' } },
    { query: 'subscription ($l: Int!) { items(limit: $l) { key } }' },
    { query: 'subscription { items(limit: -1) { key } }' },
    { query: 'subscription { items(after: "nonsense") { key } }' },
  ])('of a subscription that can’t begin has 400, and 200 as JSON: %j', async (body) => {
    const server = await startServer();
    const response = await post(server, body, { accept: `${MULTIPART}, ${GRAPHQL}` });
    expect(response.status).toBe(400);
    expect((await post(server, body, { accept: `${MULTIPART}, ${JSON_TYPE}` })).status).toBe(200);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
  });

  it('errors with data null are a result: 200', async () => {
    const response = await post(await startServer(), { query: '{ items(first: 0) { cursor } }' }, { accept: GRAPHQL });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ data: null, errors: [{}] });
  });
});

describe('the body of a request', () => {
  const variables = { input: { key: 'a', value: 1 } };

  it.each<[string, Record<string, string>, object, number]>([
    ['members that nobody knows', {}, { id: 7, doc_id: 'x', query_hash: {}, __proto__x: 1 }, 200],
    ['a coding of its own', { 'content-encoding': 'gzip' }, {}, 415],
    ['none, said so', { 'content-encoding': 'identity' }, {}, 200],
    ['another character set', { 'content-type': 'application/json; charset=utf-16' }, {}, 415],
    ['its character set', { 'content-type': 'application/json;charset="UTF-8"' }, {}, 200],
    ['the id of a stream that has ended, where none is wanted', { 'last-event-id': '.0', accept: JSON_TYPE }, {}, 200],
    ['the id of a stream that has ended', { 'last-event-id': '.0' }, {}, 204],
  ])('with %s is answered alike the first time and again', async (_what, headers, rest, status) => {
    const server = await startServer();
    const body = { query: INSERT, variables, ...rest };
    const first = await post(server, body, headers);
    await post(server, { query: INSERT, variables });
    const { position } = server.map.replica.head;
    const again = await post(server, body, headers);
    expect([first.status, again.status]).toEqual([status, status]);
    expect(await again.text()).toBe(await first.text());
    expect(server.map.replica.head.position).toBe(position + (status === 200 ? 1 : 0));
  });
});
