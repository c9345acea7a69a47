/** No GraphQL: `ws`, a map, one prepared text for all subscribers, and a set of clients for each topic. This is the least that any server on `ws` costs. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Filter, topicOf, topicsOf } from './interests.ts';
import { type Item, type ItemInput, NaiveCache } from './naive.ts';
import { serve } from './peer.ts';

const cache = new NaiveCache();
const followers = new Map<string, Set<WebSocket>>();
const textOf = (item: Item): string => JSON.stringify({ id: '1', type: 'next', payload: { data: { items: item } } });

const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
server.on('connection', (client) => {
  const topics: string[] = [];
  client.on('message', (bytes: Buffer) => {
    const message = JSON.parse(bytes.toString()) as ItemInput | { subscribe: Filter };
    if ('subscribe' in message) {
      const topic = topicOf(message.subscribe);
      for (const item of cache.current(message.subscribe)) client.send(textOf(item));
      topics.push(topic);
      const clients = followers.get(topic) ?? new Set();
      followers.set(topic, clients.add(client));
    } else {
      const text = textOf(cache.insert(message));
      for (const topic of topicsOf(message.key))
        for (const subscriber of followers.get(topic) ?? []) subscriber.send(text);
    }
  });
  client.on('close', () => {
    for (const topic of topics) followers.get(topic)?.delete(client);
  });
});
await once(server, 'listening');
serve({ port: (server.address() as AddressInfo).port, fill: cache.fill });
