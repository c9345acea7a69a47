/** One token, and what is asked with it: the live connection, and urql for the rest. */
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

/** Beside the page, wherever a proxy shows it. */
const url = new URL('graphql', document.baseURI);

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

const KEPT = 'seamline.token';

/** In this tab only, and never in an address. */
export const keptToken = (): string | undefined => sessionStorage.getItem(KEPT) ?? undefined;

export function keepToken(token: string | undefined): void {
  if (token === undefined) sessionStorage.removeItem(KEPT);
  else sessionStorage.setItem(KEPT, token);
}
