/** Mirrors with a document of their own, with a real server. */
import { gql } from '@apollo/client';
import { describe, expect, it } from 'vitest';
import { InsertItemDocument, ItemChangesDocument, RemoveItemDocument } from '../../schema/documents/graphql.ts';
import type { ChangesMessage } from '../../src/client/mirror-document.ts';
import { mirror, type TypedMirror } from '../../src/client/mirror.ts';
import type { Payload, SubscriptionClient } from '../../src/client/resuming/resumable.ts';
import { ask, reconnectingClient } from '../support/clients/clients.ts';
import { askAs, createQuotes, quoteSchema, serve } from '../support/server/quotes.ts';
import { startServer } from '../support/server/server.ts';
import { networkTo } from '../support/sockets/proxy.ts';

/** Resolves when it is live with these keys. */
function shows<Changes extends ChangesMessage>(mirrored: TypedMirror<Changes>, keys: string) {
  return new Promise<ReturnType<typeof mirrored.getSnapshot>>((resolve) => {
    const look = (): void => {
      const snapshot = mirrored.getSnapshot();
      if (snapshot.status !== 'live' || [...snapshot.items.keys()].join(' ') !== keys) return;
      queueMicrotask(() => stop());
      resolve(snapshot);
    };
    const stop = mirrored.subscribe(look);
    look();
  });
}

/** Resolves with the error of a mirror that fails. */
const failureOf = <Changes extends ChangesMessage>(mirrored: TypedMirror<Changes>): Promise<unknown> =>
  new Promise((resolve) => {
    mirrored.subscribe(() => mirrored.state.status === 'failed' && resolve(mirrored.state.error));
  });

/** Collects the payloads of subscriptions. */
function recording(client: SubscriptionClient) {
  const payloads: Payload[] = [];
  const subscribe: SubscriptionClient['subscribe'] = (payload, sink) => {
    payloads.push(structuredClone(payload));
    return client.subscribe(payload, sink);
  };
  return { payloads, client: { subscribe } };
}

const SMALL = `subscription Small($filter: ItemFilter) {
  changes: itemChanges(filter: $filter) {
    reset upserted { id value cursor } removed { key } caughtUp cursor follows size checksum
  }
}`;

async function world() {
  const server = await startServer();
  const network = await networkTo(server.url);
  const insert = (key: string, value: unknown = 1) => ask(server, InsertItemDocument, { input: { key, value } });
  const remove = (key: string) => ask(server, RemoveItemDocument, { key });
  return { server, network, insert, remove, client: reconnectingClient(network.url) };
}

describe('a mirror with a document', () => {
  it.each([
    ['a text', SMALL],
    ['a TypedDocumentString', ItemChangesDocument],
    ['a syntax tree', gql(SMALL)],
    ['a syntax tree with fragments', gql(String(ItemChangesDocument))],
  ])('a mirror with %s as its document follows the map, also across a cut (G4, G6)', async (_form, document) => {
    const { network, insert, remove, client } = await world();
    for (const key of ['a/1', 'b', 'a/2']) await insert(key);
    const mirrored = mirror(client, { filter: { keyPrefix: 'a/' } }, document);
    mirrored.subscribe(() => {});
    const { items } = await shows(mirrored, 'a/1 a/2');
    expect([...items.values()]).toMatchObject([
      { id: 'a/1', value: 1 },
      { id: 'a/2', value: 1 },
    ]);
    network.cut();
    await remove('a/1');
    await insert('a/3', 3);
    await insert('a/2', 2);
    await network.refusal();
    network.mend();
    const after = await shows(mirrored, 'a/3 a/2');
    expect(after.items.get('a/2')).toMatchObject({ value: 2 });
    expect(after).toMatchObject({ repairs: 0, missed: 0, error: undefined });
  });

  it('mirrors share a subscription only with an equal document and equal variables', async () => {
    const { insert, client } = await world();
    await insert('a');
    const recorded = recording(client);
    const variables = { filter: { keys: ['a'], where: { path: '/x', exists: false } } };
    const reordered = { filter: { where: { exists: false, path: '/x' }, keys: ['a'] } };
    const mirrors = [
      mirror(recorded.client, variables, SMALL),
      mirror(recorded.client, reordered, SMALL),
      mirror(recorded.client, { filter: { keys: ['a'] } }, SMALL),
      mirror(recorded.client, variables, ItemChangesDocument),
      // Without a document, so it is another subscription although its text is equal.
      mirror(recorded.client, variables) as unknown as TypedMirror<never>,
    ];
    for (const each of mirrors) each.subscribe(() => {});
    for (const each of mirrors) await shows(each, 'a');
    expect(recorded.payloads.map(({ query }) => /subscription (\w+)/.exec(query)?.[1])).toEqual([
      'Small',
      'Small',
      'ItemChanges',
      'ItemChanges',
    ]);
    expect(mirrors[0]?.items).toBe(mirrors[1]?.items);
  });

  it.each([
    ['reset', 'reset'],
    ['upserted', 'upserted { id value cursor }'],
    ['removed', 'removed { key }'],
    ['caughtUp', 'caughtUp'],
    ['cursor', 'cursor follows', 'follows'],
    ['id of upserted', 'id value', 'value'],
    ['cursor of upserted', 'value cursor', 'value'],
    ['key of removed', 'removed { key }', 'removed { reason }'],
  ])('a mirror fails with a clear error when its document doesn’t select the %s', async (what, part, rest = '') => {
    const { server, insert, remove, client } = await world();
    await insert('a');
    await insert('b');
    const mirrored = mirror(client, {}, SMALL.replace(part, rest));
    let updates = 0;
    mirrored.subscribe(() => updates++);
    const failure = failureOf(mirrored);
    if (what === 'key of removed') {
      await shows(mirrored, 'a b');
      updates = 0;
      await remove('a');
    }
    expect(await failure).toEqual(new Error(`the document of the mirror must select ${what}`));
    expect(updates).toBe(1);
    await expect.poll(() => openSubscriptions(server.url)).toBe(0);
  });

  it('a mirror fails with the error of the server when its document is wrong', async () => {
    const { client } = await world();
    const failure = await failureOf(mirror(client, {}, SMALL.replace('follows', 'follow')));
    expect(failure).toMatchObject([{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }]);
  });

  it('a mirror notices that its copy is wrong by the checksum of its own document', async () => {
    const { insert, client } = await world();
    await insert('a', { name: 'x' });
    const mirrored = mirror(client, {}, SMALL, { key: ({ value }) => (value as { name: string }).name });
    const lost = new Promise((resolve) =>
      mirrored.subscribe(() => mirrored.state.repairs > 0 && resolve(mirrored.state.error)),
    );
    expect(await lost).toEqual(new Error('the copy differs from the map of the server, and is loaded again'));
  });

  it('a mirror of a stream of typed values finds the key by its option, also across a cut and a lost removal', async () => {
    const quotes = await createQuotes();
    const server = await serve(quoteSchema(quotes));
    const network = await networkTo(server.url);
    const insert = (symbol: string, price: number) =>
      askAs(server, 'x', `mutation { insertQuote(input: { symbol: "${symbol}", price: ${price} }) { price } }`);
    for (const symbol of ['ACME', 'OTHER']) await insert(symbol, 1);
    const mirrored = mirror<{ quoteChanges: QuoteChanges }>(
      reconnectingClient(network.url),
      {},
      'subscription { quoteChanges { reset upserted { symbol price } removed { key } caughtUp cursor follows size } }',
      { key: ({ symbol }) => symbol },
    );
    mirrored.subscribe(() => {});
    await shows(mirrored, 'ACME OTHER');
    network.cut();
    await quotes.remove('OTHER');
    await insert('NEW', 2);
    await network.refusal();
    network.mend();
    const { items, repairs, missed } = await shows(mirrored, 'ACME NEW');
    expect([items.get('NEW'), repairs, missed]).toEqual([{ symbol: 'NEW', price: 2 }, 0, 0]);
  });
});

interface QuoteChanges extends ChangesMessage {
  readonly upserted: readonly { readonly symbol: string; readonly price: number }[];
}

async function openSubscriptions(url: string): Promise<number> {
  const metrics = await (await fetch(new URL('/metrics', url))).text();
  return Number(/^seamline_subscriptions\{transport="websocket"\} (\d+)$/m.exec(metrics)?.[1]);
}
