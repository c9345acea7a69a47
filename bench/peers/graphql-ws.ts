/** graphql-ws on ws, with the pub-sub of graphql-subscriptions, as in https://the-guild.dev/graphql/ws/get-started. It has no HTTP. */
import { buildSchema } from 'graphql';
import { PubSub } from 'graphql-subscriptions';
import { useServer } from 'graphql-ws/use/ws';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { type Item, type ItemInput, NaiveCache, TYPE_DEFS } from './naive.ts';
import { serve } from './peer.ts';

const cache = new NaiveCache();
const pubSub = new PubSub<{ ITEM: { items: Item } }>();

async function insert(input: ItemInput): Promise<Item> {
  const item = cache.insert(input);
  await pubSub.publish('ITEM', { items: item });
  return item;
}

const roots = {
  query: { items: () => cache.current() },
  mutation: {
    insertItem: ({ input }: { input: ItemInput }) => insert(input),
    insertItems: ({ inputs }: { inputs: readonly ItemInput[] }) => Promise.all(inputs.map(insert)),
  },
  subscription: {
    async *items() {
      const live: AsyncIterable<{ items: Item }> = pubSub.asyncIterableIterator('ITEM');
      for (const item of cache.current()) yield { items: item };
      yield* live;
    },
  },
};

const wsServer = new WebSocketServer({ host: '127.0.0.1', port: 0, path: '/graphql' });
useServer({ schema: buildSchema(TYPE_DEFS), roots }, wsServer);
await once(wsServer, 'listening');
serve({ port: (wsServer.address() as AddressInfo).port, fill: cache.fill });
