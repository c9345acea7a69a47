import { type AuditResult, serverAudits } from 'graphql-http';
import { describe, expect, it } from 'vitest';
import {
  InsertItemDocument,
  InsertItemsDocument,
  ItemDocument,
  StreamDocument,
} from '../../../schema/documents/graphql.ts';
import { ask, request } from '../../support/clients/clients.ts';
import { post, postChunked, resultOf } from '../../support/clients/requests.ts';
import { startServer } from '../../support/server/server.ts';

const INSERT = 'mutation { insertItem(input: { key: "a", value: 1 }) { key } }';

describe('GraphQL over HTTP', () => {
  let url = '';
  it.each(serverAudits({ url: () => url }))('passes graphql-http’s audit $id: $name', async ({ fn }) => {
    ({ url } = await startServer());
    const result: AuditResult = await fn();
    expect({ status: result.status, reason: 'reason' in result ? result.reason : '' }).toEqual({
      status: 'ok',
      reason: '',
    });
  });

  it('graphql-http has audits', () => {
    expect(serverAudits({ url }).length).toBeGreaterThan(50);
  });
});

describe('mutations over HTTP', () => {
  it.each([
    [
      'multipart/form-data; boundary=x',
      `--x\r\nContent-Disposition: form-data; name="query"\r\n\r\n${INSERT}\r\n--x--\r\n`,
    ],
    ['application/x-www-form-urlencoded', new URLSearchParams({ query: INSERT }).toString()],
    ['application/graphql', INSERT],
    ['text/plain', JSON.stringify({ query: INSERT })],
    ['text/plain; charset=application/json', JSON.stringify({ query: INSERT })],
    ['application/jsonp', JSON.stringify({ query: INSERT })],
  ])('refuses a body of %s with 415 and inserts nothing', async (type, body) => {
    const server = await startServer();
    const response = await post(server, body, { 'content-type': type });
    expect(response.status).toBe(415);
    expect(server.map.get('a')).toBeUndefined();
  });

  it('a body without a content type is refused', async () => {
    const server = await startServer();
    const body = new TextEncoder().encode(JSON.stringify({ query: INSERT }));
    const response = await fetch(server.url, { method: 'POST', body });
    expect(response.status).toBe(415);
    expect(server.map.get('a')).toBeUndefined();
  });

  it('application/json with a charset is accepted in upper and lower case', async () => {
    const server = await startServer();
    const response = await post(server, { query: INSERT }, { 'content-type': 'Application/JSON; charset=UTF-8' });
    expect(await resultOf(response)).toEqual({ data: { insertItem: { key: 'a' } } });
  });

  it('a mutation by GET is refused with 405 and inserts nothing', async () => {
    const server = await startServer();
    const response = await fetch(`${server.url}?${new URLSearchParams({ query: INSERT }).toString()}`);
    expect(response.status).toBe(405);
    expect(server.map.get('a')).toBeUndefined();
  });

  it.each(['PUT', 'DELETE', 'PATCH'])('the method %s is refused', async (method) => {
    const server = await startServer();
    const response = await fetch(server.url, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: INSERT }),
    });
    expect(response.status).toBe(405);
    expect(server.map.get('a')).toBeUndefined();
  });

  it('a query by GET is answered', async () => {
    const server = await startServer();
    const response = await fetch(`${server.url}?${new URLSearchParams({ query: '{ stream { size } }' }).toString()}`);
    expect(await resultOf(response)).toEqual({ data: { stream: { size: 0 } } });
  });
});

describe('the size of a body', () => {
  const tooLarge = JSON.stringify({ query: INSERT, variables: { padding: 'x'.repeat(2000) } });

  it('a body whose Content-Length exceeds maxMessageBytes is refused with 413', async () => {
    const server = await startServer({ maxMessageBytes: 1000 });
    const response = await post(server, tooLarge);
    expect(response.status).toBe(413);
    expect((await resultOf(response)).errors?.[0]?.extensions).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    expect(server.map.get('a')).toBeUndefined();
  });

  it('a chunked body above maxMessageBytes is refused with 413', async () => {
    const server = await startServer({ maxMessageBytes: 1000 });
    const { status, text } = await postChunked(server, [tooLarge.slice(0, 600), tooLarge.slice(600)]);
    expect(status).toBe(413);
    expect(JSON.parse(text)).toMatchObject({ errors: [{ extensions: { code: 'PAYLOAD_TOO_LARGE' } }] });
    expect(server.map.get('a')).toBeUndefined();
  });

  it('a body of exactly maxMessageBytes is accepted, also in chunks', async () => {
    const body = JSON.stringify({ query: INSERT });
    const server = await startServer({ maxMessageBytes: body.length });
    expect((await post(server, body)).status).toBe(200);
    expect((await postChunked(server, [body.slice(0, 10), body.slice(10)])).status).toBe(200);
    expect((await post(server, `${body} `)).status).toBe(413);
  });
});

describe('CORS', () => {
  const preflight = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' };
  const allowed = (response: Response): string | null => response.headers.get('access-control-allow-origin');

  it('no other origin is allowed by default', async () => {
    const server = await startServer();
    const origin = 'https://example.org';
    expect(allowed(await post(server, { query: '{ __typename }' }, { origin }))).toBeNull();
    expect(allowed(await fetch(server.url, { method: 'OPTIONS', headers: { ...preflight, origin } }))).toBeNull();
  });

  it('an origin of allowOrigins is reflected, and named to caches', async () => {
    const server = await startServer({ allowOrigins: ['https://a.example', 'https://b.example'] });
    for (const origin of ['https://a.example', 'https://b.example']) {
      const answer = await post(server, { query: '{ __typename }' }, { origin });
      expect(allowed(answer)).toBe(origin);
      expect(answer.headers.get('vary') ?? '').toMatch(/\borigin\b/i);
      const asked = await fetch(server.url, { method: 'OPTIONS', headers: { ...preflight, origin } });
      expect(allowed(asked)).toBe(origin);
      expect(asked.headers.get('access-control-allow-headers')).toContain('content-type');
    }
  });

  it.each([
    'https://c.example',
    'http://a.example',
    'https://a.example:8443',
    'https://a.example.evil.example',
    'null',
  ])('says nothing to %s, which is not in the list', async (origin) => {
    const server = await startServer({ allowOrigins: ['https://a.example'] });
    expect(allowed(await post(server, { query: '{ __typename }' }, { origin }))).toBeNull();
    expect(allowed(await fetch(server.url, { method: 'OPTIONS', headers: { ...preflight, origin } }))).toBeNull();
  });
});

describe('extensions of a request', () => {
  it('with cursors: true, a query’s result has the cursor of the position at which it was read', async () => {
    const server = await startServer();
    await ask(server, InsertItemDocument, { input: { key: 'a', value: 1 } });
    const { data, extensions } = await request(server, StreamDocument, {}, { cursors: true });
    expect(extensions).toEqual({ cursor: data?.stream.cursor });
  });

  it('with cursors: true, a mutation’s result has the cursor of its change', async () => {
    const server = await startServer();
    const inserted = await request(server, InsertItemDocument, { input: { key: 'a', value: 1 } }, { cursors: true });
    expect(inserted.extensions).toEqual({ cursor: inserted.data?.insertItem.cursor });
    const inputs = [
      { key: 'b', value: 1 },
      { key: 'c', value: 1 },
    ];
    const batch = await request(server, InsertItemsDocument, { inputs }, { cursors: true });
    expect(batch.extensions).toEqual({ cursor: batch.data?.insertItems[1]?.cursor });
  });

  it.each([{}, { cursors: false }, { cursors: 'true' }])('%j asks for no cursor', async (extensions) => {
    const server = await startServer();
    const result = await request(server, StreamDocument, {}, extensions);
    expect(result.data?.stream.size).toBe(0);
    expect(result.extensions).toBeUndefined();
  });

  it('an after that is not a cursor makes the request BAD_USER_INPUT at that path', async () => {
    const server = await startServer();
    for (const after of ['nonsense', '', 7, {}]) {
      const { data, errors } = await request(server, ItemDocument, { key: 'a' }, { after });
      expect(data ?? null).toBeNull();
      expect(errors?.[0]?.extensions).toMatchObject({
        code: 'BAD_USER_INPUT',
        issues: [{ path: ['extensions', 'after'] }],
      });
    }
  });
});

describe('introspection', () => {
  const query = '{ __schema { queryType { name } } }';

  it('introspection is answered by default', async () => {
    const server = await startServer();
    expect((await request(server, query)).data).toEqual({ __schema: { queryType: { name: 'Query' } } });
  });

  it('introspection is a validation error when it is off, and __typename is still answered', async () => {
    const server = await startServer({ introspection: false });
    for (const asked of [query, '{ __type(name: "Item") { name } }']) {
      const { data, errors } = await request(server, asked);
      expect(data).toBeUndefined();
      expect(errors?.[0]?.extensions).toEqual({ code: 'GRAPHQL_VALIDATION_FAILED' });
    }
    expect((await request(server, '{ __typename }')).data).toEqual({ __typename: 'Query' });
  });
});
