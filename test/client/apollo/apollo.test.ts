import { ApolloLink, gql, HttpLink } from '@apollo/client';
import { CombinedGraphQLErrors } from '@apollo/client/errors';
import { Observable } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { InsertItemDocument, ItemDocument, ItemsDocument } from '../../../schema/documents/graphql.ts';
import { resumableLink } from '../../../src/client/apollo/apollo.ts';
import {
  apollo,
  apolloClient,
  type ApolloOptions,
  apolloTransports,
  overGraphQLWs,
  overHttpLink,
  watch,
} from '../../support/clients/apollo.ts';
import { ask } from '../../support/clients/clients.ts';
import { networkTo } from '../../support/sockets/proxy.ts';
import { startServer } from '../../support/server/server.ts';

const ITEMS = apollo(ItemsDocument);
/** Makes each subscription a stream of its own, because Apollo shares one stream among equal subscriptions. */
const ALONE = { queryDeduplication: false };

async function world(transport = overHttpLink, options: ApolloOptions = {}) {
  const server = await startServer();
  const network = await networkTo(server.url);
  const client = apolloClient(transport, network.url, options);
  const insert = async (...keys: string[]): Promise<void> => {
    for (const key of keys) await ask(server, InsertItemDocument, { input: { key, value: key } });
  };
  const watchItems = (variables: { limit?: number; after?: string } = {}) =>
    watch(client.subscribe({ query: ITEMS, variables, context: ALONE }));
  return { server, network, client, insert, watchItems };
}

const keysOf = (results: readonly { data?: unknown }[]): string[] =>
  results.map(({ data }) => (data as { items: { key: string } }).items.key);

const numbered = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `k${from + i}`);

describe.each(apolloTransports)('resumableLink over $name', (transport) => {
  it('resumableLink delivers each insertion once and in order across repeated cuts (G2, G4)', async () => {
    const { network, insert, watchItems } = await world(transport);
    await insert(...numbered(0, 3));
    const items = watchItems();
    for (let cut = 1; cut <= 4; cut++) {
      await items.have(cut * 10 - 7);
      // Cut while items are in flight; more are inserted while the connection is down.
      const writing = insert(...numbered(cut * 10 - 7, cut * 10));
      network.cut();
      await network.refusal();
      await writing;
      await insert(...numbered(cut * 10, cut * 10 + 3));
      network.mend();
    }
    expect(keysOf(await items.have(43))).toEqual(numbered(0, 43));
    await insert('last');
    expect(keysOf(await items.have(44)).at(-1)).toBe('last');
    expect(items.results).toHaveLength(44);
  });

  it.each(['variables', 'a literal in the document'])(
    'resumableLink delivers exactly the limit, given by %s, across cuts (G8)',
    async (where) => {
      const { client, network, insert } = await world(transport);
      await insert('a', 'b');
      const items = watch(
        where === 'variables'
          ? client.subscribe({ query: ITEMS, variables: { limit: 5 }, context: ALONE })
          : client.subscribe({ query: gql('subscription { items(limit: 5) { key } }'), context: ALONE }),
      );
      await items.have(2);
      for (const keys of [['c'], ['d', 'e', 'f', 'g']]) {
        network.cut();
        await network.refusal();
        await insert(...keys);
        network.mend();
        await items.have(keys[0] === 'c' ? 3 : 5);
      }
      await items.ended;
      expect(keysOf(items.results)).toEqual(['a', 'b', 'c', 'd', 'e']);
    },
  );

  it('resumableLink starts over and calls onReset once when the server has lost its log', async () => {
    const onReset = vi.fn();
    const { network, insert, watchItems } = await world(transport, { onReset });
    await insert('a', 'b');
    const items = watchItems();
    await items.have(2);
    network.cut();
    const other = await startServer();
    await ask(other, InsertItemDocument, { input: { key: 'z', value: 1 } });
    network.mend(other.url);
    expect(keysOf(await items.have(3))).toEqual(['a', 'b', 'z']);
    expect(onReset).toHaveBeenCalledOnce();
    expect(onReset.mock.calls[0]?.[0]).toMatchObject({ operationName: 'Items' });
    await ask(other, InsertItemDocument, { input: { key: 'y', value: 1 } });
    expect(keysOf(await items.have(4)).at(-1)).toBe('y');
  });

  it('resumableLink starts after the cursor in the extensions of the caller', async () => {
    const { server, client, insert } = await world(transport);
    await insert('a');
    const { insertItem } = await ask(server, InsertItemDocument, { input: { key: 'b', value: 1 } });
    await insert('c');
    const extensions = { after: insertItem.cursor };
    const items = watch(client.subscribe({ query: ITEMS, extensions, context: ALONE }));
    expect(keysOf(await items.have(1))).toEqual(['c']);
    expect(extensions).toEqual({ after: insertItem.cursor });
  });

  it('resumableLink resumes on another server when a draining server closes the connection (G9)', async () => {
    const { server, network, insert, watchItems } = await world(transport);
    await insert('a');
    const items = watchItems();
    await items.have(1);
    const other = await startServer();
    await ask(other, InsertItemDocument, { input: { key: 'b', value: 1 } });
    network.mend(other.url);
    await server.drain();
    expect(keysOf(await items.have(2))).toEqual(['a', 'b']);
  });

  it('resumableLink tracks the cursor of each subscription separately, also of equal subscriptions', async () => {
    const { server, network, client, insert, watchItems } = await world(transport);
    await insert('a', 'b', 'c');
    const first = watchItems();
    await first.have(3);
    const second = watch(client.subscribe({ query: ITEMS, variables: { limit: 4 }, context: ALONE }));
    const third = watch(
      apolloClient(transport, network.url).subscribe({ query: ITEMS, variables: {}, context: ALONE }),
    );
    await Promise.all([second.have(3), third.have(3)]);
    network.cut();
    await network.refusal();
    await insert('d', 'e');
    network.mend(server.url);
    expect(keysOf(await first.have(5))).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(keysOf(await third.have(5))).toEqual(['a', 'b', 'c', 'd', 'e']);
    await second.ended;
    expect(keysOf(second.results)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('resumableLink passes on errors that a retry can’t fix', async () => {
    const { watchItems } = await world(transport);
    const items = watchItems({ limit: -1 });
    const [result] = await items.have(1);
    expect(CombinedGraphQLErrors.is(result?.error) && result.error.errors[0]?.extensions?.['code']).toBe(
      'BAD_USER_INPUT',
    );
    await items.ended;
  });
});

describe('resumableLink', () => {
  it('resumableLink waits longer before each attempt over HTTP, and resets the wait after a result', async () => {
    const retryWait = vi.fn<(retries: number) => Promise<void>>(() => Promise.resolve());
    const { network, insert, watchItems } = await world(overHttpLink, { retryWait });
    await insert('a');
    const items = watchItems();
    await items.have(1);
    network.cut();
    await vi.waitFor(() => expect(retryWait.mock.calls.length).toBeGreaterThan(2), { timeout: 20_000 });
    network.mend();
    await insert('b');
    await items.have(2);
    expect(retryWait.mock.calls.slice(0, 3)).toEqual([[0], [1], [2]]);
    retryWait.mockClear();
    network.cut();
    await network.refusal();
    expect(retryWait.mock.calls[0]).toEqual([0]);
  });

  it('a subscription ends at once when it is unsubscribed during the wait', async () => {
    const waits = Promise.withResolvers<void>();
    const isOver = Promise.withResolvers<void>();
    const retryWait = (): Promise<void> => (waits.resolve(), isOver.promise);
    const server = await startServer();
    const network = await networkTo(server.url);
    const sent = vi.fn((operation: ApolloLink.Operation, forward: ApolloLink.ForwardFunction) => forward(operation));
    const link = ApolloLink.from([resumableLink({ retryWait }), new ApolloLink(sent), overHttpLink.link(network.url)]);
    const { client } = await world();
    network.cut();
    const items = watch(ApolloLink.execute(link, { query: ITEMS }, { client }));
    await waits.promise;
    items.leave();
    isOver.resolve();
    await new Promise(setImmediate);
    expect(sent).toHaveBeenCalledOnce();
  });

  it('unsubscribing closes the subscription on the server', async () => {
    const { server, insert, watchItems } = await world();
    await insert('a');
    const items = watchItems();
    await items.have(1);
    const open = async (): Promise<string | undefined> =>
      /seamline_subscriptions\{transport="multipart"\} (\d+)/.exec(
        await (await fetch(new URL('/metrics', server.url))).text(),
      )?.[1];
    await vi.waitFor(async () => expect(await open()).toBe('1'), { timeout: 20_000 });
    items.leave();
    await vi.waitFor(async () => expect(await open()).toBe('0'), { timeout: 20_000 });
  });

  it('a rejection of retryWait becomes the error of the subscription', async () => {
    const { network, watchItems } = await world(overHttpLink, {
      retryWait: () => Promise.reject(new Error('enough')),
    });
    network.cut();
    expect((await watchItems().have(1))[0]).toMatchObject({ error: new Error('enough') });
  });

  it.each([502, 503, 504])('resumableLink retries after status %i of a gateway', async (status) => {
    const server = await startServer();
    await ask(server, InsertItemDocument, { input: { key: 'a', value: 1 } });
    let attempts = 0;
    const answering: typeof fetch = (input, init) =>
      attempts++ === 0 ? Promise.resolve(new Response('gone', { status })) : fetch(input, init);
    const link = { name: 'HttpLink', link: (uri: string) => new HttpLink({ uri, fetch: answering }) };
    const items = watch(apolloClient(link, server.url).subscribe({ query: ITEMS, context: ALONE }));
    expect(keysOf(await items.have(1))).toEqual(['a']);
    expect(attempts).toBe(2);
  });

  it('resumableLink tracks the cursor of each subscriber separately, also of one execution', async () => {
    const { client, insert } = await world(overGraphQLWs);
    await insert('a', 'b');
    const executed = ApolloLink.execute(client.link, { query: ITEMS }, { client });
    expect(keysOf(await watch(executed).have(2))).toEqual(['a', 'b']);
    expect(keysOf(await watch(executed).have(2))).toEqual(['a', 'b']);
  });

  it('resumableLink passes on errors of a custom fetch, also after a broken stream', async () => {
    const server = await startServer();
    const network = await networkTo(server.url);
    await ask(server, InsertItemDocument, { input: { key: 'a', value: 1 } });
    const refusal = new Error('not signed in');
    let attempts = 0;
    const refusing: typeof fetch = (input, init) => (attempts++ === 0 ? fetch(input, init) : Promise.reject(refusal));
    const link = { name: 'HttpLink', link: (uri: string) => new HttpLink({ uri, fetch: refusing }) };
    const items = watch(apolloClient(link, network.url).subscribe({ query: ITEMS, context: ALONE }));
    await items.have(1);
    network.cut();
    expect((await items.have(2))[1]).toEqual({ data: undefined, error: refusal });
    expect(attempts).toBe(2);
  });

  it('resumableLink passes queries and mutations through unchanged', async () => {
    const { client } = await world();
    const seen: ApolloLink.Operation[] = [];
    const answering = new ApolloLink((operation) => {
      seen.push(operation);
      return new Observable((observer) => observer.error(new TypeError('fetch failed')));
    });
    const passed: ApolloLink.Operation[] = [];
    const before = new ApolloLink((operation, forward) => {
      passed.push(operation);
      return forward(operation);
    });
    const link = ApolloLink.from([before, resumableLink(), answering]);
    const extensions = { mine: true };
    for (const query of [apollo(ItemDocument), apollo(InsertItemDocument)]) {
      const answer = watch(ApolloLink.execute(link, { query, extensions }, { client }));
      await answer.ended;
      expect(answer.errors).toEqual([new TypeError('fetch failed')]);
    }
    expect(seen).toHaveLength(2);
    expect(seen.every((operation, index) => operation === passed[index])).toBe(true);
    expect(seen[0]?.extensions).toEqual({ mine: true });
  });
});
