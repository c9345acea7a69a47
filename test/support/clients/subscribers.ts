/** Common clients over real sockets with one interface: with `seamline/client`, and without it. */
import { ApolloClient, type ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { Client as UrqlClient, type Exchange, fetchExchange, subscriptionExchange } from '@urql/core';
import type { Client, Sink } from 'graphql-ws';
import { createClient as createSseClient, type Client as SseClient } from 'graphql-sse';
import { onTestFinished } from 'vitest';
import { onEnd, pipe, subscribe } from 'wonka';
import { resumableLink } from '../../../src/client/apollo/apollo.ts';
import { resumable, type SubscriptionClient } from '../../../src/client/index.ts';
import { resumeExchange } from '../../../src/client/urql/urql.ts';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { reconnectingClient } from './clients.ts';

export interface SeenItem {
  readonly key: string;
  readonly value: unknown;
}

/** The results that a caller got, in order. */
export class Seen {
  readonly items: SeenItem[] = [];
  #waiting: { count: number; resolve: () => void }[] = [];
  readonly #ended: PromiseWithResolvers<void> = Promise.withResolvers();

  add(data: unknown): void {
    const { key, value } = (data as { items: SeenItem }).items;
    this.items.push({ key, value });
    for (const { count, resolve } of this.#waiting) if (this.items.length >= count) resolve();
  }

  end(error?: unknown): void {
    if (error === undefined) this.#ended.resolve();
    else this.#ended.reject(error);
  }

  /** Resolves when there are `count` results; rejects if the subscription fails before. */
  async reaches(count: number): Promise<void> {
    if (this.items.length >= count) return;
    const reached = new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
    await Promise.race([reached, this.ended.then(() => reached)]);
  }

  get ended(): Promise<void> {
    return this.#ended.promise;
  }
}

export interface Subscriber {
  readonly name: string;
  subscribe(url: string, query: string): Seen;
}

type Forms = readonly [plain: Subscriber, resuming: Subscriber];

const atOnce = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const sseClient = (url: string): SseClient => {
  const client = createSseClient({ url, retryAttempts: 1e9, retry: atOnce });
  onTestFinished(() => client.dispose());
  return client;
};

function overSubscriptionClient(name: string, connect: (url: string) => SubscriptionClient): Subscriber {
  return {
    name,
    subscribe(url, query) {
      const seen = new Seen();
      const leave = connect(url).subscribe(
        { query },
        {
          next: ({ data, errors }) => (data ? seen.add(data) : seen.end(errors)),
          error: (error) => seen.end(error),
          complete: () => seen.end(),
        },
      );
      onTestFinished(leave);
      return seen;
    },
  };
}

function overApollo(name: string, link: (url: string) => ApolloLink): Subscriber {
  return {
    name,
    subscribe(url, query) {
      const seen = new Seen();
      const client = new ApolloClient({ cache: new InMemoryCache(), link: link(url) });
      onTestFinished(() => client.stop());
      const subscription = client.subscribe({ query: gql(query), fetchPolicy: 'no-cache' }).subscribe({
        next: ({ data, error }) => (data ? seen.add(data) : seen.end(error)),
        error: (error: unknown) => seen.end(error),
        complete: () => seen.end(),
      });
      onTestFinished(() => subscription.unsubscribe());
      return seen;
    },
  };
}

function overUrql(name: string, exchanges: (url: string) => Exchange[]): Subscriber {
  return {
    name,
    subscribe(url, query) {
      const seen = new Seen();
      const client = new UrqlClient({
        url,
        preferGetMethod: false,
        exchanges: exchanges(url),
        fetchSubscriptions: true,
      });
      const { unsubscribe } = pipe(
        client.subscription(query, {}),
        onEnd(() => seen.end()),
        subscribe(({ data, error }) => (error ? seen.end(error) : seen.add(data))),
      );
      onTestFinished(unsubscribe);
      return seen;
    },
  };
}

function forwarding(socket: Client): Exchange {
  return subscriptionExchange({
    forwardSubscription: ({ query = '', ...request }) => ({
      // urql's and graphql-ws' types differ in what may be undefined.
      subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, ...(request as object) }, sink as Sink) }),
    }),
  });
}

const graphqlWs: Forms = [
  overSubscriptionClient('graphql-ws', reconnectingClient),
  overSubscriptionClient('graphql-ws', (url) => resumable<SubscriptionClient>(reconnectingClient(url))),
];

const graphqlSse: Forms = [
  overSubscriptionClient('graphql-sse', (url) => sseClient(url)),
  overSubscriptionClient('graphql-sse', (url) => resumable(sseClient(url) as SubscriptionClient)),
];

const apolloOverWebSocket: Forms = [
  overApollo('Apollo, WebSocket', (url) => new GraphQLWsLink(reconnectingClient(url))),
  overApollo('Apollo, WebSocket', (url) => resumableLink().concat(new GraphQLWsLink(reconnectingClient(url)))),
];

const apolloOverHttp: Forms = [
  overApollo('Apollo, plain HttpLink', (uri) => new HttpLink({ uri })),
  overApollo('Apollo, plain HttpLink', (uri) => resumableLink({ retryWait: atOnce }).concat(new HttpLink({ uri }))),
];

const urqlOverWebSocket: Forms = [
  overUrql('urql, WebSocket', (url) => [forwarding(reconnectingClient(url))]),
  overUrql('urql, WebSocket', (url) => [resumeExchange(), forwarding(reconnectingClient(url))]),
];

const urqlOverSse: Forms = [
  overUrql('urql, SSE', () => [fetchExchange]),
  overUrql('urql, SSE', () => [resumeExchange({ retryWait: atOnce }), fetchExchange]),
];

const all = [graphqlWs, graphqlSse, apolloOverWebSocket, apolloOverHttp, urqlOverWebSocket, urqlOverSse];

export const plainSubscribers: readonly Subscriber[] = all.map(([plain]) => plain);
export const resumingSubscribers: readonly Subscriber[] = all.map(([, resuming]) => resuming);

/** Concurrent insertions over a few keys, so that many are superseded at once. */
export async function write(server: SeamlineServer, count: number, written: SeenItem[]): Promise<void> {
  for (let index = 0; index < count; index++) {
    const item = { key: `k${written.length % 7}`, value: written.length };
    written.push(item);
    await server.map.insert(item);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
