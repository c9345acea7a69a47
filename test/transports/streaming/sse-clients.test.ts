import { Client, fetchExchange } from '@urql/core';
import { createClient } from 'graphql-sse';
import { describe, expect, it, onTestFinished } from 'vitest';
import { InsertItemDocument, ItemsDocument, StreamDocument } from '../../../schema/documents/graphql.ts';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { pausedStream, untilFull } from '../../support/clients/paused-stream.ts';
import { JSON_BODY } from '../../support/clients/requests.ts';
import { startServer } from '../../support/server/server.ts';
import { eventsOf, openStream } from '../../support/clients/streams.ts';

const ACCEPT = { accept: 'text/event-stream' };

describe('keep-alive comments', () => {
  it('keep-alive comments come while nothing happens', async () => {
    const server = await startServer({ keepAliveMs: 20 });
    const stream = await openStream(server.url, {
      method: 'POST',
      headers: { ...JSON_BODY, ...ACCEPT },
      body: JSON.stringify({ query: String(ItemsDocument) }),
    });
    expect(await stream.until(/(:\n\n){4}/)).toMatch(/^(:\n\n)+$/);
  });

  it('keep-alive comments continue after a slow reader has filled the stream, and split no result', async () => {
    const server = await startServer({ keepAliveMs: 20 });
    const value = 'x'.repeat(60_000);
    const keys = Array.from({ length: 400 }, (_, index) => `k${index}`);
    for (const key of keys) await server.map.insert({ key, value });
    const response = await pausedStream(server);
    await untilFull(server);
    expect(server.map.counters.deliveries).toBeLessThan(keys.length);

    let text = '';
    for await (const chunk of response.setEncoding('utf8')) {
      text += chunk as string;
      if (text.length > keys.length * value.length && text.endsWith('\n\n:\n\n:\n\n:\n\n')) break;
    }
    const delivered = eventsOf(text).map(({ data }) => data);
    expect(delivered).toEqual(keys.map((key) => JSON.stringify({ data: { items: { key, value } } })));
  });
});

describe('a reader that is so slow that the stream is full', () => {
  it('a slow reader that disconnects without a word leaves no subscription (G10)', async () => {
    const server = await startServer({ keepAliveMs: 20 });
    for (let index = 0; index < 400; index++) await server.map.insert({ key: `k${index}`, value: 'x'.repeat(60_000) });
    const response = await pausedStream(server);
    await untilFull(server);
    response.destroy();
    await expect.poll(() => server.map.subscriptions).toBe(0);
    const metrics = await (await fetch(new URL('/metrics', server.url))).text();
    expect(metrics).toContain('seamline_connections{transport="sse"} 0');
  });
});

describe('urql', () => {
  const urqlClient = (server: SeamlineServer, responses: Response[]): Client =>
    new Client({
      url: server.url,
      preferGetMethod: false,
      exchanges: [fetchExchange],
      fetchSubscriptions: true,
      fetch: async (input, init) => {
        const response = await fetch(input, init);
        responses.push(response.clone());
        return response;
      },
    });

  it('urql names event streams besides JSON in the Accept of a mutation, and gets JSON', async () => {
    const server = await startServer();
    const responses: Response[] = [];
    const client = urqlClient(server, responses);
    const { data, error } = await client
      .mutation(String(InsertItemDocument), { input: { key: 'a', value: 1 } })
      .toPromise();
    expect(error).toBeUndefined();
    expect(data).toMatchObject({ insertItem: { key: 'a' } });
    expect(responses[0]?.headers.get('content-type')).toMatch(/json/);
  });

  it('urql subscribes over SSE by its fetchExchange', async () => {
    const server = await startServer();
    await server.map.insert({ key: 'a', value: 1 });
    const responses: Response[] = [];
    const client = urqlClient(server, responses);
    const first = await new Promise((resolve) => {
      const { unsubscribe } = client.subscription(String(ItemsDocument), {}).subscribe(resolve);
      onTestFinished(unsubscribe);
    });
    expect(first).toMatchObject({ data: { items: { key: 'a', value: 1 } } });
    expect(responses[0]?.headers.get('content-type')).toContain('text/event-stream');
  });
});

describe('the stock graphql-sse client in distinct connections mode', () => {
  const sseClient = (server: SeamlineServer) => {
    const client = createClient({ url: server.url, singleConnection: false, retryAttempts: 0 });
    onTestFinished(() => client.dispose());
    return client;
  };

  it('subscribes until the end', async () => {
    const server = await startServer();
    await server.map.insert({ key: 'a', value: 1 });
    const iterator = sseClient(server).iterate({ query: String(ItemsDocument), variables: { limit: 2 } });
    expect(await iterator.next()).toMatchObject({ value: { data: { items: { key: 'a' } } } });
    await server.map.insert({ key: 'b', value: 1 });
    expect(await iterator.next()).toMatchObject({ value: { data: { items: { key: 'b' } } } });
    expect(await iterator.next()).toEqual({ value: undefined, done: true });
  });

  it('queries and mutates', async () => {
    const server = await startServer();
    const client = sseClient(server);
    const only = async (query: string, variables?: Record<string, unknown>): Promise<unknown[]> => {
      const results: unknown[] = [];
      for await (const result of client.iterate({ query, ...(variables && { variables }) })) results.push(result);
      return results;
    };
    expect(await only(String(InsertItemDocument), { input: { key: 'a', value: 1 } })).toMatchObject([
      { data: { insertItem: { key: 'a' } } },
    ]);
    expect(await only(String(StreamDocument))).toMatchObject([{ data: { stream: { size: 1 } } }]);
  });

  it.each([
    ['{', 'GRAPHQL_PARSE_FAILED'],
    ['subscription { nope }', 'GRAPHQL_VALIDATION_FAILED'],
    ['subscription { items(limit: -1) { key } }', 'BAD_USER_INPUT'],
  ])('gets the errors of %s as a result', async (query, code) => {
    const server = await startServer();
    const iterator = sseClient(server).iterate({ query });
    expect(await iterator.next()).toMatchObject({ value: { errors: [{ extensions: { code } }] } });
    expect(await iterator.next()).toMatchObject({ done: true });
  });

  it('the graphql-sse client leaves no subscription (G10)', async () => {
    const server = await startServer();
    await server.map.insert({ key: 'a', value: 1 });
    const iterator = sseClient(server).iterate({ query: String(ItemsDocument) });
    await iterator.next();
    expect(server.map.subscriptions).toBe(1);
    await iterator.return?.();
    await expect.poll(() => server.map.subscriptions).toBe(0);
  });
});
