import { gql } from '@urql/core';
import { describe, expect, it, vi } from 'vitest';
import { InsertItemDocument, ItemsDocument } from '../../../schema/documents/graphql.ts';
import { ask } from '../../support/clients/clients.ts';
import { networkTo } from '../../support/sockets/proxy.ts';
import { startServer } from '../../support/server/server.ts';
import { keyOf, resultsOf, urqlOverSse } from '../../support/clients/urql.ts';

const ITEMS = gql(String(ItemsDocument));

describe('resumeExchange over fetch', () => {
  async function cutWorld(retryWait: (retries: number) => Promise<void>) {
    const server = await startServer();
    const network = await networkTo(server.url);
    const client = urqlOverSse.client(network.url, { retryWait });
    const insert = (key: string) => ask(server, InsertItemDocument, { input: { key, value: 1 } });
    await insert('a');
    return { network, client, insert, server };
  }

  it('resumeExchange waits longer after each failed attempt, and resets the wait after a result', async () => {
    const waits: number[] = [];
    let enough = Promise.withResolvers<void>();
    const { network, client, insert } = await cutWorld((retries) => {
      waits.push(retries);
      if (retries === 2) enough.resolve();
      return new Promise((resolve) => setImmediate(resolve));
    });
    const results = resultsOf(client.subscription(ITEMS, {}));
    expect(keyOf(await results.next())).toBe('a');
    for (const key of ['b', 'c']) {
      network.cut();
      await enough.promise;
      enough = Promise.withResolvers();
      network.mend();
      await insert(key);
      expect(keyOf(await results.next())).toBe(key);
    }
    expect(waits.filter((retries) => retries === 0)).toHaveLength(2);
  });

  it('giving up after a drain ends the subscription with an error and repeats no result (G2)', async () => {
    const { client, server } = await cutWorld(() => Promise.reject(new Error('enough')));
    const results = resultsOf(client.subscription(ITEMS, {}));
    expect(keyOf(await results.next())).toBe('a');
    await server.drain();
    const last = await results.next();
    expect(last?.data).toBeUndefined();
    expect(last?.error?.networkError).toBeInstanceOf(TypeError);
    expect(await results.next()).toBeUndefined();
  });

  it('resumeExchange resumes after an end without complete, as some servers and proxies send it (G2)', async () => {
    const { client } = await cutWorld(() => Promise.reject(new Error('enough')));
    const result = { data: { items: { __typename: 'Item', key: 'a' } }, extensions: { cursor: 'c' } };
    const headers = { 'content-type': 'text/event-stream' };
    const fetch = () => Promise.resolve(new Response(`event: next\ndata: ${JSON.stringify(result)}\n\n`, { headers }));
    const results = resultsOf(client.subscription(ITEMS, {}, { fetch }));
    expect(keyOf(await results.next())).toBe('a');
    const last = await results.next();
    expect(last?.data).toBeUndefined();
    expect(last?.error?.message).toContain('enough');
  });

  it('a subscription that is torn down during the wait makes no further attempt', async () => {
    const waiting = Promise.withResolvers<void>();
    const wait = Promise.withResolvers<void>();
    const { network, client } = await cutWorld(() => {
      waiting.resolve();
      return wait.promise;
    });
    const results = resultsOf(client.subscription(ITEMS, {}));
    await results.next();
    network.cut();
    await waiting.promise;
    results.leave();
    const requests: unknown[] = [];
    network.mend();
    client.subscribeToDebugTarget?.(({ type }) => requests.push(type));
    wait.resolve();
    expect(keyOf(await resultsOf(client.subscription(ITEMS, { limit: 1 })).next())).toBe('a');
    expect(requests.filter((type) => type === 'fetchRequest')).toHaveLength(1);
  });

  it('giving up passes the last failure to the subscriber', async () => {
    const { network, client } = await cutWorld(() => Promise.reject(new Error('enough')));
    const results = resultsOf(client.subscription(ITEMS, {}));
    await results.next();
    network.cut();
    expect((await results.next())?.error?.networkError).toBeInstanceOf(TypeError);
    expect(await results.next()).toBeUndefined();
  });

  it('resumeExchange connects to a server that starts later', async () => {
    const { network, client } = await cutWorld(() => new Promise((resolve) => setImmediate(resolve)));
    network.cut();
    const results = resultsOf(client.subscription(ITEMS, {}));
    await network.refusal();
    network.mend();
    expect(keyOf(await results.next())).toBe('a');
  });

  it.each([502, 503, 504])('resumeExchange retries after status %i', async (status) => {
    const { server } = await cutWorld(() => Promise.resolve());
    const answers = [new Response('not now', { status })];
    const client = urqlOverSse.client(server.url);
    const context = { fetch: async (...args: Parameters<typeof fetch>) => answers.pop() ?? fetch(...args) };
    expect(keyOf(await resultsOf(client.subscription(ITEMS, {}, context)).next())).toBe('a');
  });

  it('resumeExchange resumes on another server when a draining server ends its stream, also before the first result (G9)', async () => {
    const { server, network, client } = await cutWorld(() => new Promise((resolve) => setImmediate(resolve)));
    const other = await startServer();
    const waiting = resultsOf(client.subscription(ITEMS, { filter: { keys: ['later'] } }));
    const results = resultsOf(client.subscription(ITEMS, {}));
    expect(keyOf(await results.next())).toBe('a');
    network.mend(other.url);
    await server.drain();
    await ask(other, InsertItemDocument, { input: { key: 'later', value: 1 } });
    expect(keyOf(await waiting.next())).toBe('later');
    expect(keyOf(await results.next())).toBe('later');
  });

  it.each([
    ['a variable', ITEMS, { limit: 0 }],
    ['a literal', gql(`subscription { items(limit: 0) { key } }`), {}],
  ])('a subscription with limit 0 as %s ends at once (G8)', async (_, document, variables) => {
    const { client } = await cutWorld(() => Promise.reject(new Error('no retry')));
    expect(await resultsOf(client.subscription(document, variables)).next()).toBeUndefined();
  });

  it('a stream that ends with LAGGED stays ended (onLag: FAIL, G5)', async () => {
    const retryWait = vi.fn(() => Promise.resolve());
    const client = urqlOverSse.client('http://127.0.0.1/graphql', { retryWait });
    const error = { message: 'lagged', extensions: { code: 'LAGGED' } };
    const body = [
      { data: { items: { __typename: 'Item', key: 'a' } }, extensions: { cursor: 'c' } },
      { data: null, errors: [error] },
    ].map((result) => `event: next\ndata: ${JSON.stringify(result)}\n\n`);
    const headers = { 'content-type': 'text/event-stream' };
    const fetch = () => Promise.resolve(new Response(`${body.join('')}event: complete\ndata:\n\n`, { headers }));
    const results = resultsOf(client.subscription(ITEMS, {}, { fetch }));
    expect(keyOf(await results.next())).toBe('a');
    const last = await results.until(({ hasNext }) => !hasNext);
    expect(last.error?.graphQLErrors[0]?.extensions).toMatchObject(error.extensions);
    expect(await results.next()).toBeUndefined();
    expect(retryWait).not.toHaveBeenCalled();
  });
});
