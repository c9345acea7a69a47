/** A token with its connections: the WebSocket for the live map, and urql for queries and mutations. */
import { Client, fetchExchange } from 'urql';
import { Connection } from './connection.ts';
import { Feed } from './feed.ts';
import { Samples } from './samples.ts';

export interface Session {
  readonly token: string | undefined;
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

export function openSession(token: string | undefined): Session {
  const connection = new Connection(url.href.replace(/^http/, 'ws'), token);
  const feed = new Feed(connection);
  const samples = new Samples(feed);
  const graphql = new Client({
    url: url.href,
    exchanges: [fetchExchange],
    preferGetMethod: false,
    fetchOptions: { headers: token === undefined ? {} : { Authorization: `Bearer ${token}` } },
  });
  return {
    token,
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
