import { createRequest, type Exchange, gql, type Operation } from '@urql/core';
import { makeSubject, merge, onPush, pipe } from 'wonka';
import { describe, expect, it, vi } from 'vitest';
import {
  InsertItemDocument,
  ItemChangesDocument,
  ItemDocument,
  ItemsDocument,
} from '../../../schema/documents/graphql.ts';
import { ask } from '../../support/clients/clients.ts';
import { networkTo } from '../../support/sockets/proxy.ts';
import { startServer } from '../../support/server/server.ts';
import { keyOf, type Results, resultsOf, type UrqlOptions, urqlTransports } from '../../support/clients/urql.ts';

const ITEMS = gql(String(ItemsDocument));
const FOUR = gql`
  subscription Four {
    items(limit: 4) {
      key
      value
    }
  }
`;

async function keysOf(results: Results, count: number): Promise<(string | undefined)[]> {
  const keys = [];
  for (let taken = 0; taken < count; taken++) keys.push(keyOf(await results.next()));
  return keys;
}

describe.each(urqlTransports)('resumeExchange before $name', (transport) => {
  async function world(options?: UrqlOptions) {
    const server = await startServer();
    const network = await networkTo(server.url);
    const insert = async (...keys: string[]) => {
      for (const key of keys) await ask(server, InsertItemDocument, { input: { key, value: 1 } });
    };
    const onReset = vi.fn();
    const client = transport.client(network.url, { onReset, ...options });
    return { server, network, insert, onReset, client };
  }

  it('resumeExchange delivers the same results with repeated cuts during writes as without cuts (G2, G4)', async () => {
    const { network, insert, client } = await world();
    await insert('a', 'b');
    const results = resultsOf(client.subscription(ITEMS, {}));
    expect(await keysOf(results, 2)).toEqual(['a', 'b']);
    for (const cut of ['1', '2', '3', '4', '5']) {
      const writing = insert(`x${cut}`, 'a', `y${cut}`, 'a');
      network.cut();
      await network.refusal();
      await writing;
      network.mend();
      expect(await keysOf(results, 4)).toEqual([`x${cut}`, 'a', `y${cut}`, 'a']);
    }
  });

  it.each([
    ['a variable', ITEMS, { limit: 4 }],
    ['a literal', FOUR, {}],
  ])(
    'delivers exactly as many as the limit says, also across cuts, and ends: limit is %s (G8)',
    async (_, document, variables) => {
      const { network, insert, client } = await world();
      await insert('a', 'b');
      const results = resultsOf(client.subscription(document, variables));
      expect(await keysOf(results, 2)).toEqual(['a', 'b']);
      network.cut();
      await network.refusal();
      await insert('c', 'a', 'e');
      network.mend();
      expect(await keysOf(results, 2)).toEqual(['c', 'a']);
      expect(await results.next()).toBeUndefined();
    },
  );

  it('resumeExchange starts over and calls onReset when the server has lost its log', async () => {
    const { network, insert, client, onReset } = await world();
    await insert('a');
    const results = resultsOf(client.subscription(ITEMS, { limit: 3 }));
    expect(keyOf(await results.next())).toBe('a');
    network.cut();
    const other = await startServer();
    for (const key of ['y', 'z', 'z']) await ask(other, InsertItemDocument, { input: { key, value: 1 } });
    network.mend(other.url);
    expect(await keysOf(results, 2)).toEqual(['y', 'z']);
    expect(await results.next()).toBeUndefined();
    expect(onReset).toHaveBeenCalledOnce();
    expect(onReset.mock.lastCall).toMatchObject([{ kind: 'subscription', variables: { limit: 3 } }]);
  });

  it('resumeExchange starts over also when the network fails again before the first result', async () => {
    const { network, insert, client, onReset } = await world();
    await insert('a');
    const results = resultsOf(client.subscription(ITEMS, {}));
    expect(keyOf(await results.next())).toBe('a');
    const reset = new Promise<void>((resolve) => onReset.mockImplementation(resolve));
    network.cut();
    const other = await startServer();
    network.mend(other.url);
    await reset;
    network.cut();
    await network.refusal();
    network.mend();
    await ask(other, InsertItemDocument, { input: { key: 'z', value: 1 } });
    expect(keyOf(await results.next())).toBe('z');
    expect(onReset).toHaveBeenCalledOnce();
  });

  it('executing an operation again without a teardown delivers one stream, from the start', async () => {
    const again = makeSubject<Operation>();
    const seen: Operation[] = [];
    const before: Exchange[] = [
      ({ forward }) =>
        (operations$) =>
          forward(
            merge([
              pipe(
                operations$,
                onPush<Operation>((operation) => void seen.push(operation)),
              ),
              again.source,
            ]),
          ),
    ];
    const { insert, client } = await world({ before });
    await insert('a');
    const results = resultsOf(client.subscription(ITEMS, {}));
    expect(keyOf(await results.next())).toBe('a');
    for (const operation of seen.splice(0)) again.next(operation);
    expect(keyOf(await results.next())).toBe('a');
    await insert('b', 'c');
    expect(await keysOf(results, 2)).toEqual(['b', 'c']);
  });

  it('the same operation mounted again starts from the beginning', async () => {
    const { insert, client } = await world();
    await insert('a', 'b');
    const first = resultsOf(client.subscription(ITEMS, {}));
    expect(await keysOf(first, 2)).toEqual(['a', 'b']);
    first.leave();
    await insert('c');
    const second = resultsOf(client.subscription(ITEMS, {}));
    expect(await keysOf(second, 3)).toEqual(['a', 'b', 'c']);
  });

  it('resumeExchange starts after the cursor of the caller, given as an argument or in extensions', async () => {
    const { server, insert, client } = await world();
    await insert('a', 'b');
    const { item } = await ask(server, ItemDocument, { key: 'a' });
    const byArgument = resultsOf(client.subscription(ITEMS, { after: item?.cursor }));
    expect(keyOf(await byArgument.next())).toBe('b');
    const byExtensions = resultsOf(client.executeSubscription(createRequest(ITEMS, {}, { after: item?.cursor })));
    expect(keyOf(await byExtensions.next())).toBe('b');
  });

  it('resumeExchange passes errors other than broken connections to the caller', async () => {
    const { client } = await world();
    const results = resultsOf(client.subscription(ITEMS, { limit: -1 }));
    expect((await results.next())?.error?.graphQLErrors[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  it('resumeExchange passes queries and mutations through unchanged', async () => {
    const { network, client } = await world();
    const input = { key: 'a', value: 1 };
    const { data } = await client.mutation(gql(String(InsertItemDocument)), { input });
    expect(data).toMatchObject({ insertItem: { key: 'a' } });
    const { extensions, error } = await client.query(gql(String(ItemDocument)), { key: 'a' });
    expect({ extensions, error }).toEqual({ extensions: undefined, error: undefined });
    network.cut();
    const failed = await client.query(gql(String(ItemDocument)), { key: 'b' });
    expect(failed.error?.networkError).toBeInstanceOf(TypeError);
  });

  it('itemChanges continues after a cut without a reset (G6)', async () => {
    const { network, insert, client } = await world();
    await insert('a');
    const results = resultsOf(client.subscription(gql(String(ItemChangesDocument)), {}));
    const upserts = (key: string) =>
      results.until(({ data }) => data.itemChanges.upserted.some((item: { key: string }) => item.key === key));
    expect((await upserts('a')).data.itemChanges.reset).toBe(true);
    network.cut();
    await network.refusal();
    await insert('b');
    network.mend();
    expect((await upserts('b')).data.itemChanges.reset).toBe(false);
  });
});
