/**
 * GraphQL Yoga with its pub-sub and SSE, and graphql-ws, as in https://the-guild.dev/graphql/yoga-server/docs/features/subscriptions.
 */
import { useServer } from 'graphql-ws/use/ws';
import type { ExecutionArgs } from 'graphql';
import { createPubSub, createSchema, createYoga } from 'graphql-yoga';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { type Filter, topicOf, topicsOf } from './interests.ts';
import { type Item, type ItemInput, NaiveCache, TYPE_DEFS } from './naive.ts';
import { serve } from './peer.ts';

const cache = new NaiveCache();
const pubSub = createPubSub<{ item: [topic: string, item: Item] }>();

function insert(input: ItemInput): Item {
  const item = cache.insert(input);
  for (const topic of topicsOf(item.key)) pubSub.publish('item', topic, item);
  return item;
}

const schema = createSchema({
  typeDefs: TYPE_DEFS,
  resolvers: {
    Query: { items: () => cache.current() },
    Mutation: {
      insertItem: (_root: unknown, { input }: { input: ItemInput }) => insert(input),
      insertItems: (_root: unknown, { inputs }: { inputs: readonly ItemInput[] }) => inputs.map(insert),
    },
    Subscription: {
      items: {
        async *subscribe(_root: unknown, { filter }: { filter?: Filter | null }) {
          const live = pubSub.subscribe('item', topicOf(filter));
          for (const item of cache.current(filter)) yield { items: item };
          for await (const item of live) yield { items: item };
        },
      },
    },
  },
});

const yoga = createYoga({ schema, graphiql: { subscriptionsProtocol: 'WS' } });
const httpServer = createServer((request, response) => void yoga(request, response));
const wsServer = new WebSocketServer({ server: httpServer, path: yoga.graphqlEndpoint });

interface Envelop {
  readonly execute: (args: ExecutionArgs) => ReturnType<ReturnType<typeof yoga.getEnveloped>['execute']>;
  readonly subscribe: (args: ExecutionArgs) => ReturnType<ReturnType<typeof yoga.getEnveloped>['subscribe']>;
}

useServer(
  {
    execute: (args) => (args.rootValue as Envelop).execute(args),
    subscribe: (args) => (args.rootValue as Envelop).subscribe(args),
    async onSubscribe(context, _id, params) {
      const { schema, execute, subscribe, contextFactory, parse, validate } = yoga.getEnveloped({
        ...context,
        req: context.extra.request,
        socket: context.extra.socket,
        params,
      });
      const args = {
        schema,
        operationName: params.operationName,
        document: parse(params.query),
        variableValues: params.variables,
        contextValue: await contextFactory(),
        rootValue: { execute, subscribe },
      };
      const errors = validate(args.schema, args.document);
      return errors.length > 0 ? errors : args;
    },
  },
  wsServer,
);

httpServer.listen(0, '127.0.0.1');
await once(httpServer, 'listening');
serve({ port: (httpServer.address() as AddressInfo).port, fill: cache.fill });
