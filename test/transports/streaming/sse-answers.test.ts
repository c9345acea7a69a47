import { describe, expect, it } from 'vitest';
import { ItemsDocument } from '../../../schema/documents/graphql.ts';
import { JSON_BODY, post } from '../../support/clients/requests.ts';
import { startServer } from '../../support/server/server.ts';
import { eventsOf, openStream } from '../../support/clients/streams.ts';
import { ACCEPT, byGet, byPost, foreignCursor, idHeader, insert, KEYS, keysOf } from './sse-streams.ts';

describe('SSE', () => {
  it.each([
    ['{', 'GRAPHQL_PARSE_FAILED'],
    ['subscription { nope }', 'GRAPHQL_VALIDATION_FAILED'],
    ['subscription { items(limit: -1) { key } }', 'BAD_USER_INPUT'],
    ['subscription { items(after: "nonsense") { key } }', 'BAD_USER_INPUT'],
  ])('%s ends with next, whose error is %s, and complete', async (query, code) => {
    const server = await startServer();
    const [next, complete, ...rest] = eventsOf(await (await byPost(server, { query })).end());
    expect(JSON.parse(next?.data ?? '')).toMatchObject({ errors: [{ extensions: { code } }] });
    expect(complete?.event).toBe('complete');
    expect(rest).toEqual([]);
  });

  it('an expired after ends with next, whose error is CURSOR_EXPIRED, and complete', async () => {
    const server = await startServer();
    const variables = { after: await foreignCursor() };
    const events = eventsOf(await (await byPost(server, { query: String(ItemsDocument), variables })).end());
    expect(events).toMatchObject([{ event: 'next' }, { event: 'complete' }]);
    expect(events[0]?.data).toContain('CURSOR_EXPIRED');
  });

  it('a subscription with Accept: */* is answered by SSE', async () => {
    const server = await startServer();
    await insert(server, 'a');
    const stream = await openStream(server.url, {
      method: 'POST',
      headers: { ...JSON_BODY, accept: '*/*' },
      body: JSON.stringify({ query: KEYS, variables: { limit: 1 } }),
    });
    expect(stream.response.headers.get('content-type')).toContain('text/event-stream');
    expect(keysOf(await stream.end())).toEqual(['a']);
  });

  it('a subscription that may only be answered as JSON is refused with 406', async () => {
    const server = await startServer();
    const response = await post(server, { query: KEYS }, { accept: 'application/json' });
    expect(response.status).toBe(406);
  });

  it('a mutation by GET is not run', async () => {
    const server = await startServer();
    const stream = await byGet(server, { query: 'mutation { insertItem(input: { key: "a", value: 1 }) { key } }' });
    expect(await stream.end()).toContain('errors');
    expect(server.map.get('a')).toBeUndefined();
  });

  it('another origin of allowOrigins gets the end of a stream with CORS headers: without them its EventSource would retry for ever', async () => {
    const server = await startServer({ allowOrigins: ['https://a.example'] });
    await insert(server, 'a');
    const headers = { ...JSON_BODY, ...ACCEPT, origin: 'https://a.example' };
    const body = JSON.stringify({ query: KEYS, variables: { limit: 1 } });
    const stream = await openStream(server.url, { method: 'POST', headers, body });
    expect(stream.response.headers.get('access-control-allow-origin')).toBe('https://a.example');
    const lastEventId = eventsOf(await stream.end()).at(-1)?.id;
    const again = await fetch(server.url, { method: 'POST', headers: { ...headers, ...idHeader(lastEventId) }, body });
    expect(again.status).toBe(204);
    expect(again.headers.get('access-control-allow-origin')).toBe('https://a.example');
  });
});
