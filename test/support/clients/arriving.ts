/** A urql client with Graphcache and without a server: results arrive in the order that the test chooses. */
import { type AnyVariables, Client, type DocumentInput, fetchExchange, subscriptionExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { graphcacheConfig, type GraphcacheOptions } from '../../../src/client/urql/urql.ts';
import { resultsOf } from './urql.ts';

type Document = DocumentInput<Record<string, unknown>, AnyVariables>;

export interface Arriving {
  readonly client: Client;
  /** A mutation whose answer is this. Resolves to what the cache makes of it. */
  answer(mutation: Document, data: object): Promise<unknown>;
  /** A page or an item of a query. */
  load(query: Document, data: object, variables?: object): Promise<unknown>;
  /** A message of a subscription. Resolves when the cache has it. */
  arrive(subscription: Document, data: object, variables?: object): Promise<unknown>;
  /** What the cache has; undefined if it lacks a part. */
  cached(query: Document, variables?: object): Promise<Record<string, unknown> | undefined>;
}

export function arriving(options: GraphcacheOptions): Arriving {
  let message: object = {};
  const client = new Client({
    url: 'http://127.0.0.1:9/graphql',
    preferGetMethod: false,
    exchanges: [
      cacheExchange(graphcacheConfig(options)),
      subscriptionExchange({
        forwardSubscription: () => ({
          subscribe: (sink) => {
            sink.next({ data: message });
            return { unsubscribe: () => {} };
          },
        }),
      }),
      fetchExchange,
    ],
  });
  const withAnswer = (data: object) => ({
    requestPolicy: 'network-only' as const,
    fetch: () => Promise.resolve(Response.json({ data })),
  });
  return {
    client,
    answer: async (mutation, data) => (await client.mutation(mutation, {}, withAnswer(data)).toPromise()).data,
    load: async (query, data, variables = {}) =>
      (await client.query(query, variables, withAnswer(data)).toPromise()).data,
    async arrive(subscription, data, variables = {}) {
      message = data;
      const results = resultsOf(client.subscription(subscription, variables));
      const first = await results.next();
      results.leave();
      return first?.data;
    },
    cached: async (query, variables = {}) =>
      (await client.query(query, variables, { requestPolicy: 'cache-only' }).toPromise()).data ?? undefined,
  };
}
