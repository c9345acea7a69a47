/** Clients with typed documents, which run in a page: a stream of quotes, and a live list of them. */
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { print } from 'graphql';
import { createClient, type SubscribePayload } from 'graphql-ws';
import { createTypePolicies, resumableLink, updateItems } from '../../../src/client/apollo/apollo.ts';
import { mirror, persistent, resumable } from '../../../src/client/index.ts';
import { graphcacheConfig, resumeExchange } from '../../../src/client/urql/urql.ts';
import {
  QuoteChangesDocument,
  QuoteDocument,
  type QuoteFieldsFragment,
  QuotePageDocument,
  type QuotesSubscription,
  QuotesDocument,
} from '../typed/documents/graphql.ts';

export interface TypedPage {
  /** The prices that the stream has delivered, in order. */
  readonly seen: readonly number[];
  /** The live list, as `symbol price`. */
  list(): readonly string[];
  /** The price of a quote, from the cache alone; null: it is not there. Undefined without a cache. */
  one(symbol: string): Promise<number | null | undefined>;
  /** The entities of quotes in the cache. */
  entities(): readonly string[];
}

const collections = ['Quote'];

const line = ({ symbol, price }: QuoteFieldsFragment): string => `${symbol} ${price}`;
const webSocketUrl = (url: string): string => url.replace('http', 'ws');

function apollo(url: string): TypedPage {
  const socket = createClient({ url: webSocketUrl(url), ...persistent() });
  const cache = new InMemoryCache({ typePolicies: createTypePolicies({ collections }) });
  const link = ApolloLink.split(
    ({ operationType }) => operationType === 'subscription',
    resumableLink().concat(new GraphQLWsLink(socket)),
    new HttpLink({ uri: url }),
  );
  const client = new ApolloClient({ cache, link });
  const seen: number[] = [];
  client.subscribe({ query: QuotesDocument }).subscribe(({ data }) => data && seen.push(data.quotes.price));

  let list: readonly string[] = [];
  const pages = client.watchQuery({ query: QuotePageDocument });
  let isLive = false;
  pages.subscribe(({ data, dataState }) => {
    if (dataState !== 'complete') return;
    list = data.quotes.edges.map(({ node }) => line(node));
    if (isLive) return;
    isLive = true;
    const variables = { after: data.quotes.cursor };
    pages.subscribeToMore({ document: QuoteChangesDocument, variables, updateQuery: updateItems });
  });
  return {
    seen,
    list: () => list,
    one: (symbol) => {
      const quote = cache.readQuery({ query: QuoteDocument, variables: { symbol } })?.quote;
      return Promise.resolve(quote && quote.price);
    },
    entities: () => Object.keys(cache.extract()).filter((id) => id.startsWith('Quote:')),
  };
}

function urql(url: string): TypedPage {
  const socket = createClient({ url: webSocketUrl(url), ...persistent() });
  const stored: Record<string, unknown> = {};
  const storage = {
    writeData: (entries: object) => Promise.resolve(void Object.assign(stored, entries)),
    readData: () => Promise.resolve({}),
  };
  const client = new Client({
    url,
    preferGetMethod: false,
    exchanges: [
      cacheExchange({ ...graphcacheConfig({ collections }), storage }),
      resumeExchange(),
      subscriptionExchange({
        forwardSubscription: (request) => ({
          subscribe: (sink) => ({ unsubscribe: socket.subscribe(request as SubscribePayload, sink as never) }),
        }),
      }),
      fetchExchange,
    ],
  });
  const seen: number[] = [];
  client.subscription(QuotesDocument, {}).subscribe(({ data }) => data && seen.push(data.quotes.price));

  let list: readonly string[] = [];
  let isLive = false;
  client.query(QuotePageDocument, {}).subscribe(({ data }) => {
    if (!data) return;
    list = data.quotes.edges.map(({ node }) => line(node));
    if (isLive) return;
    isLive = true;
    client.subscription(QuoteChangesDocument, { after: data.quotes.cursor }).subscribe(() => {});
  });
  return {
    seen,
    list: () => list,
    one: async (symbol) => {
      const { data } = await client.query(QuoteDocument, { symbol }, { requestPolicy: 'cache-only' }).toPromise();
      return data?.quote && data.quote.price;
    },
    // The names of stored fields begin with their entity.
    entities: () => [
      ...new Set(
        Object.keys(stored)
          .map((name) => /^Quote:[^\t.]+/.exec(name)?.[0])
          .filter((entity) => entity !== undefined),
      ),
    ],
  };
}

function graphqlWs(url: string): TypedPage {
  const socket = createClient({ url: webSocketUrl(url), ...persistent() });
  const seen: number[] = [];
  resumable(socket).subscribe<QuotesSubscription>(
    { query: print(QuotesDocument) },
    {
      next: ({ data }) => void (data && seen.push(data.quotes.price)),
      // The page reports what is thrown outside.
      error: (error) =>
        queueMicrotask(() => {
          throw error;
        }),
      complete: () => {},
    },
  );
  const quotes = mirror(socket, {}, QuoteChangesDocument);
  quotes.subscribe(() => {});
  return {
    seen,
    list: () => [...quotes.items.values()].map(line),
    one: () => Promise.resolve(undefined),
    entities: () => [],
  };
}

export const typedClients = { apollo, urql, 'graphql-ws': graphqlWs };
