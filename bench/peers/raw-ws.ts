/** No GraphQL: `ws`, a map, and one prepared text for all subscribers. This is the least that any server on `ws` costs. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Item, type ItemInput, NaiveCache } from './naive.ts';
import { serve } from './peer.ts';

const cache = new NaiveCache();
const clients = new Set<WebSocket>();
const textOf = (item: Item): string => JSON.stringify({ id: '1', type: 'next', payload: { data: { items: item } } });

const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
server.on('connection', (client) => {
  client.on('message', (bytes: Buffer) => {
    const input = JSON.parse(bytes.toString()) as ItemInput | 'subscribe';
    if (input === 'subscribe') {
      for (const item of cache.current()) client.send(textOf(item));
      clients.add(client);
    } else {
      const text = textOf(cache.insert(input));
      for (const subscriber of clients) subscriber.send(text);
    }
  });
  client.on('close', () => clients.delete(client));
});
await once(server, 'listening');
serve({ port: (server.address() as AddressInfo).port, fill: cache.fill });
