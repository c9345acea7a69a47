/** A token and a collection with their connections: the WebSocket for the live map, and urql for queries and mutations. */
import { Client, fetchExchange } from 'urql';
import type { Collection } from '../server/collections.ts';
import { Connection } from '../server/connection.ts';
import { Feed } from '../feed/feed.ts';
import { Samples } from '../feed/samples.ts';

export interface Session {
  readonly token: string | undefined;
  readonly collection: Collection;
  readonly connection: Connection;
  readonly feed: Feed;
  readonly samples: Samples;
  readonly graphql: Client;
  close(): void;
}

/** Relative to the page, because a proxy may serve it under any path. */
const url = new URL('graphql', document.baseURI);

/** The URL of GraphQL, for commands that the user copies. */
export const graphqlUrl = url.href.replaceAll("'", '%27');

export function openSession(token: string | undefined, collection: Collection): Session {
  const connection = new Connection(url.href.replace(/^http/, 'ws'), token);
  const feed = new Feed(connection, collection);
  const samples = new Samples(feed);
  const graphql = new Client({
    url: url.href,
    exchanges: [fetchExchange],
    preferGetMethod: false,
    fetchOptions: { headers: token === undefined ? {} : { Authorization: `Bearer ${token}` } },
  });
  return {
    token,
    collection,
    connection,
    feed,
    samples,
    graphql,
    close() {
      samples.close();
      feed.close();
      connection.close();
    },
  };
}

const STORAGE_KEY = 'seamline.token';

/** The token is stored for this tab only. */
export const storedToken = (): string | undefined => sessionStorage.getItem(STORAGE_KEY) ?? undefined;

export function storeToken(token: string | undefined): void {
  if (token === undefined) sessionStorage.removeItem(STORAGE_KEY);
  else sessionStorage.setItem(STORAGE_KEY, token);
}
