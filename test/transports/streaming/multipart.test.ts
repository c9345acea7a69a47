import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ItemChangesDocument, ItemsDocument } from '../../../schema/documents/graphql.ts';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { JSON_BODY, post } from '../../support/clients/requests.ts';
import { startServer } from '../../support/server/server.ts';
import { eventsOf, openStream, type TextStream } from '../../support/clients/streams.ts';

const ACCEPT = 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/json';
const DELIMITER = '\r\n--graphql';

const subscribe = (server: SeamlineServer, body: object, accept = ACCEPT): Promise<TextStream> =>
  openStream(server.url, { method: 'POST', headers: { ...JSON_BODY, accept }, body: JSON.stringify(body) });

/** The parts that their delimiter has ended, as JSON; the text before the first delimiter is none. */
function partsOf(text: string): unknown[] {
  return text
    .split(DELIMITER)
    .slice(1, -1)
    .map((part) => {
      expect(part).toMatch(/^\r\ncontent-type: application\/json(; ?charset=utf-8)?\r\n\r\n/i);
      return JSON.parse(part.slice(part.indexOf('\r\n\r\n'))) as unknown;
    });
}

const isHeartbeat = (part: unknown): boolean => JSON.stringify(part) === '{}';

const insert = async (server: SeamlineServer, ...keys: string[]): Promise<void> => {
  for (const key of keys) await server.map.insert({ key, value: key });
};

describe('multipart subscriptions', () => {
  it('multipart subscriptions deliver the current items and then insertions, each as a payload, and end with the closing delimiter', async () => {
    const server = await startServer();
    await insert(server, 'a');
    const stream = await subscribe(server, { query: 'subscription { items(limit: 2) { key } }' });
    expect(stream.response.status).toBe(200);
    expect(stream.response.headers.get('content-type')).toBe(
      'multipart/mixed; boundary="graphql"; subscriptionSpec=1.0',
    );
    expect(stream.response.headers.get('x-accel-buffering')).toBe('no');
    expect(stream.response.headers.get('cache-control')).toBe('no-cache, no-transform');
    await stream.until((text) => partsOf(text).length === 1);
    await insert(server, 'b');
    const text = await stream.end();
    expect(partsOf(text)).toEqual(['a', 'b'].map((key) => ({ payload: { data: { items: { key } } } })));
    expect(text).toMatch(/\r\n--graphql--(\r\n)?$/);
  });

  it('the delimiter follows each part at once, because a client holds a part back until it comes', async () => {
    const server = await startServer();
    await insert(server, 'a');
    const stream = await subscribe(server, { query: 'subscription { items { key } }' });
    // Nothing else is ever sent, so this ends only if the delimiter came with the part.
    expect(await stream.until(/"a".*\r\n--graphql/s)).toMatch(/"a"\}\}\}\}\r\n--graphql$/);
  });

  it('Apollo’s client for iOS, which compares texts, reads the parts', async () => {
    const server = await startServer();
    await insert(server, 'a');
    const stream = await subscribe(server, { query: 'subscription { items(limit: 1) { key } }' });
    const directives = (stream.response.headers.get('content-type') ?? '').split(';').map((part) => part.trim());
    expect(directives.filter((directive) => directive.includes('Spec='))).toEqual(['subscriptionSpec=1.0']);
    const boundary = directives
      .find((directive) => directive.startsWith('boundary='))
      ?.slice(9)
      .replaceAll('"', '');
    const [, part = ''] = (await stream.end()).split(`--${boundary}`);
    const lines = part.split('\r\n\r\n').map((line) => line.trim());
    // Earlier versions know no other case, and no charset.
    expect(lines).toEqual(['content-type: application/json', '{"payload":{"data":{"items":{"key":"a"}}}}']);
  });

  it('a heartbeat is {}, which is not a payload', async () => {
    const server = await startServer({ keepAliveMs: 20 });
    await insert(server, 'a');
    const stream = await subscribe(server, { query: 'subscription { items { key } }' });
    const text = await stream.until((text) => partsOf(text).filter(isHeartbeat).length >= 3);
    expect(partsOf(text).filter((part) => !isHeartbeat(part))).toEqual([
      { payload: { data: { items: { key: 'a' } } } },
    ]);
  });

  it('multipart subscriptions have the same sequence as SSE, for items and for itemChanges', async () => {
    const server = await startServer();
    await insert(server, 'a', 'b', 'a');
    await server.map.remove('b');
    for (const query of [String(ItemsDocument), String(ItemChangesDocument)]) {
      const body = { query, variables: { limit: 3 } };
      const count = query === String(ItemsDocument) ? 3 : 2;
      const multipart = await subscribe(server, body);
      const sse = await subscribe(server, body, 'text/event-stream');
      await Promise.all([multipart.until(/payload/), sse.until(/data/)]);
      await insert(server, 'c');
      if (count === 3) await insert(server, 'd');
      const shown = partsOf(await multipart.until((text) => partsOf(text).length >= count));
      const events = eventsOf(await sse.until((text) => eventsOf(text).length >= count)).slice(0, count);
      expect(shown).toEqual(events.map(({ data = '' }) => ({ payload: JSON.parse(data) as unknown })));
      expect(shown).toHaveLength(count);
      multipart.leave();
      sse.leave();
    }
  });

  it('multipart subscriptions resume by extensions.after, and have cursors when asked to (G4)', async () => {
    const server = await startServer();
    await insert(server, 'a', 'b');
    const [a, b] = ['a', 'b'].map((key) => server.map.get(key)?.cursor);
    const query = 'subscription { items(limit: 1) { key } }';
    const stream = await subscribe(server, { query, extensions: { after: a, cursors: true } });
    expect(partsOf(await stream.end())).toEqual([
      { payload: { data: { items: { key: 'b' } }, extensions: { cursor: b } } },
    ]);
  });

  it('multipart subscriptions end with LAGGED as a payload, and the closing delimiter (G5)', async () => {
    const server = await startServer({ window: 2 });
    await insert(server, 'a');
    const after = server.map.get('a')?.cursor;
    await insert(server, 'b', 'c', 'd', 'e');
    const query = 'subscription ($after: String) { items(after: $after, onLag: FAIL) { key } }';
    const stream = await subscribe(server, { query, variables: { after } });
    const text = await stream.end();
    expect(partsOf(text)).toMatchObject([{ payload: { errors: [{ extensions: { code: 'LAGGED' } }] } }]);
    expect(text).toMatch(/--graphql--(\r\n)?$/);
  });

  it('a request that fails before it becomes a subscription is answered as JSON', async () => {
    const server = await startServer();
    for (const [query, code] of [
      ['{', 'GRAPHQL_PARSE_FAILED'],
      ['subscription { nope }', 'GRAPHQL_VALIDATION_FAILED'],
      ['subscription { items(limit: -1) { key } }', 'BAD_USER_INPUT'],
    ]) {
      const response = await post(server, { query }, { accept: ACCEPT });
      expect(response.headers.get('content-type')).toContain('json');
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code } }] });
    }
  });

  it('multipart subscriptions break without the closing delimiter when the server drains, so that it does not look like the end (G9)', async () => {
    const server = await startServer();
    await insert(server, 'a');
    const stream = await subscribe(server, { query: 'subscription { items { key } }' });
    await stream.until(/"a"/);
    const drained = server.drain();
    expect(await stream.broken()).not.toContain('--graphql--');
    await drained;
  });

  it('multipart subscriptions release their subscription when the client leaves (G10)', async () => {
    const server = await startServer();
    await insert(server, 'a');
    const stream = await subscribe(server, { query: 'subscription { items { key } }' });
    await stream.until(/"a"/);
    expect(server.map.subscriptions).toBe(1);
    stream.leave();
    await expect.poll(() => server.map.subscriptions).toBe(0);
  });
});

describe('a stock Apollo Client with a plain HttpLink', () => {
  const apollo = (server: SeamlineServer): ApolloClient => {
    const client = new ApolloClient({ link: new HttpLink({ uri: server.url }), cache: new InMemoryCache() });
    onTestFinished(() => client.stop());
    return client;
  };

  it('subscribes, until the end', async () => {
    const server = await startServer({ keepAliveMs: 20 });
    await insert(server, 'a');
    const keys: unknown[] = [];
    const query = gql('subscription { items(limit: 3) { id key } }');
    await new Promise<void>((resolve, reject) => {
      apollo(server)
        .subscribe<{ items: { key: string } }>({ query })
        .subscribe({
          next: ({ data, error }) => {
            keys.push(data?.items.key ?? error);
            if (keys.length === 1) void insert(server, 'b', 'c');
          },
          error: reject,
          complete: resolve,
        });
    });
    expect(keys).toEqual(['a', 'b', 'c']);
  });

  it('gets the code of a terminal error', async () => {
    const server = await startServer();
    const query = gql('subscription { items(after: "nonsense") { key } }');
    const error = await new Promise<unknown>((resolve, reject) => {
      apollo(server)
        .subscribe({ query })
        .subscribe({
          next: ({ error }) => resolve(error),
          error: resolve,
          complete: () => reject(new Error('completed')),
        });
    });
    expect(error).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
  });

  it('queries and mutates', async () => {
    const server = await startServer();
    const client = apollo(server);
    const mutation = gql('mutation { insertItem(input: { key: "a", value: 1 }) { id key } }');
    expect((await client.mutate({ mutation })).data).toMatchObject({ insertItem: { key: 'a' } });
    expect((await client.query({ query: gql('{ item(key: "a") { id value } }') })).data).toMatchObject({
      item: { id: 'a', value: 1 },
    });
  });
});
