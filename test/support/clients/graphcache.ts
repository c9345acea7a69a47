/** A urql client with Graphcache, and open views of its cache. */
import { type Client, type Exchange, gql, type OperationResult } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { expect } from 'vitest';
import type { TypedDocumentString } from '../../../schema/documents/graphql.ts';
import * as documents from '../../../schema/documents/graphql.ts';
import { graphcacheConfig } from '../../../src/client/urql/urql.ts';
import { ask } from './clients.ts';
import { startServer } from '../server/server.ts';
import { resultsOf, urqlOverWebSocket } from './urql.ts';

const documentOf = <Data, Variables>(text: TypedDocumentString<Data, Variables>) => gql<Data, object>(String(text));
export const PAGE = documentOf(documents.ItemPageDocument);
export const ITEM = documentOf(documents.ItemDocument);
export const INSERT = documentOf(documents.InsertItemDocument);
export const INSERT_MANY = documentOf(documents.InsertItemsDocument);
export const REMOVE = documentOf(documents.RemoveItemDocument);
export const ITEMS = documentOf(documents.ItemsDocument);
export const CHANGES = documentOf(documents.ItemChangesDocument);

type Nodes = readonly [string, unknown][];

const nodesOf = ({ data }: OperationResult): Nodes =>
  data?.items.edges.map(({ node }: { node: { key: string; value: unknown } }) => [node.key, node.value]) ?? [];

export async function world(before: readonly Exchange[] = [cacheExchange(graphcacheConfig())]) {
  const server = await startServer();
  const client = urqlOverWebSocket.client(server.url, { before });
  const insert = (key: string, value: unknown = 1) =>
    ask(server, documents.InsertItemDocument, { input: { key, value } });
  const remove = (key: string) => ask(server, documents.RemoveItemDocument, { key });
  return { server, client, insert, remove };
}

/** An open list that waits until it shows these keys. */
export function openList(client: Client, variables: object = {}) {
  const results = resultsOf(client.query(PAGE, variables));
  const shows = async (...nodes: Nodes) => {
    const shown = await results.until((result) => JSON.stringify(nodesOf(result)) === JSON.stringify(nodes));
    expect(nodesOf(shown)).toEqual(nodes);
    return shown;
  };
  return { shows };
}

/** An open view of one item that waits until it shows this value; undefined for no item. */
export function openItem(client: Client, key: string) {
  const results = resultsOf(client.query(ITEM, { key }));
  return {
    shows: (value: unknown) => results.until(({ data }) => data !== undefined && data?.item?.value === value),
  };
}

export const cached = async (client: Client, key: string): Promise<unknown> =>
  (await client.query(ITEM, { key }, { requestPolicy: 'cache-only' })).data?.item;
