/** Mercurius on Fastify with its pub-sub, as in its documentation of subscriptions. */
import Fastify from 'fastify';
import mercurius, { type MercuriusContext } from 'mercurius';
import type { AddressInfo } from 'node:net';
import { type Filter, topicOf, topicsOf } from '../interests.ts';
import { type Item, type ItemInput, NaiveCache, TYPE_DEFS } from '../naive.ts';
import { serve } from '../peer.ts';

const cache = new NaiveCache();

async function insert(input: ItemInput, { pubsub }: MercuriusContext): Promise<Item> {
  const item = cache.insert(input);
  await Promise.all(topicsOf(item.key).map((topic) => pubsub.publish({ topic, payload: { items: item } })));
  return item;
}

const app = Fastify();
await app.register(mercurius, {
  schema: TYPE_DEFS,
  resolvers: {
    Query: { items: () => cache.current() },
    Mutation: {
      insertItem: (_root: unknown, { input }: { input: ItemInput }, context: MercuriusContext) =>
        insert(input, context),
      insertItems: (_root: unknown, { inputs }: { inputs: readonly ItemInput[] }, context: MercuriusContext) =>
        Promise.all(inputs.map((input) => insert(input, context))),
    },
    Subscription: {
      items: {
        async *subscribe(_root: unknown, { filter }: { filter?: Filter | null }, { pubsub }: MercuriusContext) {
          const live = await pubsub.subscribe<{ items: Item }>(topicOf(filter));
          for (const item of cache.current(filter)) yield { items: item };
          yield* live;
        },
      },
    },
  },
  // Allows mutations over WebSocket.
  subscription: { fullWsTransport: true },
});
await app.listen({ host: '127.0.0.1', port: 0 });
serve({ port: (app.server.address() as AddressInfo).port, fill: cache.fill });
