import { request as httpRequest } from 'node:http';
import { describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { ItemChangesDocument, ItemsDocument } from '../../schema/documents/graphql.ts';
import { memoryLog } from '../../src/logs/memory/memory-log.ts';
import type { SeamlineServer } from '../../src/server/server.ts';
import { overClient, readEvents, transports, webSocketClient } from '../support/clients/clients.ts';
import { seeded } from '../support/random/random.ts';
import { startServer } from '../support/server/server.ts';
import { replaced } from '../support/documents/replaced.ts';

const released = (server: SeamlineServer): Promise<void> =>
  vi.waitFor(() => expect(server.map.subscriptions).toBe(0), { timeout: 20_000, interval: 10 });

const open = (server: SeamlineServer, count: number): Promise<void> =>
  vi.waitFor(() => expect(server.map.subscriptions).toBe(count), { timeout: 20_000, interval: 10 });

/** A client of the bare protocol, which a test can cut at any point. */
function rawWebSocket(server: SeamlineServer): WebSocket {
  const socket = new WebSocket(server.webSocketUrl, 'graphql-transport-ws');
  socket.on('error', () => {});
  socket.on('open', () => socket.send('{"type":"connection_init"}'));
  socket.on('message', (message) => {
    if (!String(message).includes('connection_ack')) return;
    socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: String(ItemsDocument) } }));
  });
  return socket;
}

function rawSse(server: SeamlineServer): { destroy(): void } {
  const query = new URLSearchParams({ query: 'subscription { items { key } }' });
  const sent = httpRequest(`${server.url}?${query}`, { headers: { accept: 'text/event-stream' }, agent: false });
  sent.on('error', () => {});
  sent.on('response', (response) => response.on('error', () => {}).resume());
  sent.end();
  return sent;
}

describe.each(transports)('over $name', ({ subscribe }) => {
  it.each([ItemsDocument, ItemChangesDocument])(
    'G10 releases a subscription that waits, at once, while nothing is published',
    async (document) => {
      const server = await startServer();
      const feed = subscribe<unknown, object>(server, String(document));
      void feed.next().then(() => feed.next());
      await open(server, 1);
      await feed.leave();
      await released(server);
    },
  );

  it('G10 releases a subscription that waits for a cursor ahead of this node', async () => {
    const log = memoryLog({ shared: true });
    const server = await startServer({ log });
    const { cursor } = await server.map.insert({ key: 'a', value: 1 });
    // The log claims to hold more entries than it will ever deliver.
    vi.spyOn(log, 'last').mockResolvedValue(1000 as never);
    const ahead = replaced(cursor, '-11-', '-12-');
    const feed = subscribe(server, ItemsDocument, { after: ahead });
    void feed.next();
    await open(server, 1);
    await feed.leave();
    await released(server);
  });
});

it('G10 releases 300 WebSocket and 300 SSE clients that leave at random moments, with nothing published', async () => {
  const server = await startServer();
  const random = seeded(7);
  const leaving = Array.from({ length: 600 }, async (_, n) => {
    const client = n % 2 === 0 ? rawWebSocket(server) : rawSse(server);
    await new Promise((resolve) => setTimeout(resolve, random() * 400));
    if (client instanceof WebSocket) client.terminate();
    else client.destroy();
  });
  await Promise.all(leaving);
  await released(server);
});

it('G9 ends WebSockets with 1012 when the server drains', async () => {
  const server = await startServer();
  const socket = rawWebSocket(server);
  await open(server, 1);
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  await server.drain();
  expect(await closed).toBe(1012);
});

it('G9 ends SSE streams without `complete` when the server drains, and spreads the reconnects of clients', async () => {
  const server = await startServer();
  const collected: object[] = [];
  const reading = (async () => {
    for await (const event of readEvents(server, { query: String(ItemsDocument) })) collected.push(event);
  })();
  await server.map.insert({ key: 'a', value: 1 });
  await vi.waitFor(() => expect(collected).toHaveLength(1), { timeout: 20_000 });
  await server.drain();
  // The stream is cut, so that no client takes it for the end.
  await expect(reading).rejects.toThrow('terminated');
  expect(collected).toHaveLength(2);
  expect(Object.keys(collected[1] ?? {})).toEqual(['retry']);
});

it('G10 releases one of several subscriptions on a socket when it completes, and leaves the others', async () => {
  const server = await startServer();
  const client = webSocketClient(server);
  const [one, two] = [ItemsDocument, ItemsDocument].map((document) =>
    overClient<{ items: { key: string } }>(client, { query: String(document) }),
  );
  const [first, second] = [one?.next(), two?.next()];
  await open(server, 2);
  await one?.leave();
  await open(server, 1);
  await server.map.insert({ key: 'a', value: 1 });
  expect((await second)?.data?.items.key).toBe('a');
  expect(await first).toBeUndefined();
});
