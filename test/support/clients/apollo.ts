/** Apollo Client over each of its transports and a network that can break. */
import {
  ApolloClient,
  type ApolloLink,
  type DocumentNode,
  gql,
  HttpLink,
  InMemoryCache,
  type TypedDocumentNode,
} from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { createClient } from 'graphql-ws';
import { from, type ObservableInput } from 'rxjs';
import { expect, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import {
  InsertItemDocument,
  ItemChangesDocument,
  ItemDocument,
  ItemPageDocument,
  type ItemPageQuery,
  ItemsDocument,
  RemoveItemDocument,
  type TypedDocumentString,
} from '../../../schema/documents/graphql.ts';
import { resumableLink, type ResumableLinkOptions, typePolicies } from '../../../src/client/apollo/apollo.ts';
import { networkTo } from '../sockets/proxy.ts';
import { startServer } from '../server/server.ts';

export interface ApolloTransport {
  readonly name: string;
  /** The link that sends. */
  link(url: string): ApolloLink;
}

export const overGraphQLWs: ApolloTransport = {
  name: 'GraphQLWsLink',
  link(url) {
    const client = createClient({
      url: url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      retryAttempts: Infinity,
      shouldRetry: () => true,
      retryWait: atOnce,
    });
    // `dispose` rejects during a reconnect.
    onTestFinished(() => Promise.resolve(client.dispose()).catch(() => {}));
    return new GraphQLWsLink(client);
  },
};

export const overHttpLink: ApolloTransport = { name: 'HttpLink', link: (uri) => new HttpLink({ uri }) };

export const apolloTransports: readonly ApolloTransport[] = [overGraphQLWs, overHttpLink];

export interface ApolloOptions extends ResumableLinkOptions {
  readonly cache?: InMemoryCache;
}

export function apolloClient(
  transport: ApolloTransport,
  url: string,
  { cache = new InMemoryCache({ typePolicies }), ...options }: ApolloOptions = {},
): ApolloClient {
  const link = resumableLink({ retryWait: atOnce, ...options }).concat(transport.link(url));
  const client = new ApolloClient({ link, cache });
  onTestFinished(() => client.stop());
  return client;
}

export const atOnce = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A document in the form that Apollo takes. */
export const apollo = <Data, Variables>(
  document: TypedDocumentString<Data, Variables>,
): TypedDocumentNode<Data, Variables & Record<string, unknown>> => gql(String(document));

/** The results of an observable so far, with promises for later ones. */
export interface Watched<Result> {
  readonly results: readonly Result[];
  readonly errors: readonly unknown[];
  /** Resolves with the results when there are `count`. */
  have(count: number): Promise<readonly Result[]>;
  /** Resolves with the latest result that fulfils the condition. */
  until(isSo: (result: Result) => boolean): Promise<Result>;
  /** Resolves when it has completed or failed. */
  readonly ended: Promise<void>;
  leave(): void;
}

export function watch<Result>(source: ObservableInput<Result>): Watched<Result> {
  const results: Result[] = [];
  const errors: unknown[] = [];
  const waiting = new Set<() => void>();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const subscription = from(source).subscribe({
    next(result) {
      results.push(result);
      for (const look of waiting) look();
    },
    error(error) {
      errors.push(error);
      end();
    },
    complete: end,
  });
  onTestFinished(() => subscription.unsubscribe());
  const when = <T>(find: () => T | undefined): Promise<T> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = find();
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  return {
    results,
    errors,
    have: (count) => when(() => (results.length >= count ? results : undefined)),
    async until(isSo) {
      const found = await when(() =>
        results.length > 0 && isSo(results.at(-1) as Result) ? results.at(-1) : undefined,
      );
      expect(isSo(found)).toBe(true);
      return found;
    },
    ended,
    leave: () => subscription.unsubscribe(),
  };
}

export const ITEM = apollo(ItemDocument);
export const PAGE = apollo(ItemPageDocument);
export const ITEMS = apollo(ItemsDocument);
export const CHANGES = apollo(ItemChangesDocument);
export const INSERT = apollo(InsertItemDocument);
export const REMOVE = apollo(RemoveItemDocument);

/** A client over a network, and another client with a cache of its own. */
export async function cacheWorld() {
  const server = await startServer();
  const network = await networkTo(server.url);
  const client = apolloClient(overGraphQLWs, network.url);
  const other = apolloClient(overHttpLink, server.url, { cache: new InMemoryCache() });
  const insert = async (key: string, value: unknown = key) => {
    const variables = { input: { key, value } };
    const { data } = await other.mutate({ mutation: INSERT, variables, fetchPolicy: 'no-cache' });
    return data?.insertItem;
  };
  const remove = async (key: string) => {
    const { data } = await other.mutate({ mutation: REMOVE, variables: { key }, fetchPolicy: 'no-cache' });
    return data?.removeItem;
  };
  const page = (first?: number, filter?: { keyPrefix?: string; where?: object }) =>
    client.watchQuery({ query: PAGE, variables: { ...(first && { first }), ...(filter && { filter }) } });
  return { server, network, client, other, insert, remove, page };
}

export const itemsOf = ({ data }: { data?: unknown }): ItemPageQuery['items'] => (data as ItemPageQuery).items;

export const keysOf = (data: unknown): string[] =>
  ((data as Partial<ItemPageQuery> | null)?.items?.edges ?? []).map(({ node }) => node.key);
export const valueOf = (client: ApolloClient, key: string): unknown =>
  client.readQuery({ query: ITEM, variables: { key } })?.item?.value;
export const shown = (client: ApolloClient): string[] => keysOf(client.readQuery({ query: PAGE }));
export const has =
  (...keys: string[]) =>
  ({ data }: { data?: unknown }): boolean =>
    keysOf(data).join() === keys.join();

/** Applies a mutation's result to the client's cache, at a time that the test chooses. */
export const answer = (client: ApolloClient, query: DocumentNode, result: object) =>
  client.cache.write({ query, dataId: 'ROOT_MUTATION', result: { ...result } });
export const arrive = (client: ApolloClient, query: DocumentNode, result: object) =>
  client.cache.write({ query, dataId: 'ROOT_SUBSCRIPTION', result: { ...result } });

export const message = (part: object) => ({
  itemChanges: {
    __typename: 'ItemChanges',
    reset: false,
    upserted: [],
    removed: [],
    caughtUp: true,
    cursor: 'x',
    follows: null,
    size: null,
    checksum: null,
    ...part,
  },
});
