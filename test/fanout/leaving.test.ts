/** G10: a subscriber that leaves releases everything, no matter how it leaves and what it was waiting for. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Group } from '../../src/fanout/group.ts';
import { memoryLog } from '../../src/logs/memory/memory-log.ts';
import type { SeamlineServer } from '../../src/server/server.ts';
import { MULTIPART } from '../support/clients/doors.ts';
import { HeldLog } from '../support/model/held-log.ts';
import { subscribeMessage } from '../support/sockets/raw-sockets.ts';
import { webSocket } from '../support/clients/readers.ts';
import { urlOf } from '../support/clients/requests.ts';
import { startServer } from '../support/server/server.ts';
import { subscribed } from '../support/model/twins.ts';
import { WireSocket } from '../support/sockets/wire-socket.ts';

const ITEMS = 'subscription { items { key value } }';
const CHANGES = 'subscription { itemChanges { cursor upserted { key value } } }';

/** More than the buffers of a connection that nobody reads from. */
async function fill(server: SeamlineServer): Promise<void> {
  const value = 'x'.repeat(1000);
  for (let n = 0; n < 30; n++)
    await server.map.insertMany(Array.from({ length: 400 }, (_, m) => ({ key: `k${n * 400 + m}`, value })));
}

async function gaugesOf(server: SeamlineServer): Promise<number> {
  const text = await (await fetch(urlOf(server, '/metrics'))).text();
  return [...text.matchAll(/^seamline_subscriptions\{.*\} (\d+)$/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
}

/** Nobody is subscribed, nothing counts anybody, and at the next insertion nothing is rendered for who is no more. */
async function expectNobody(server: SeamlineServer): Promise<void> {
  await subscribed(server, 0);
  await expect.poll(() => gaugesOf(server)).toBe(0);
  const forget = vi.spyOn(Group.prototype, 'forget');
  onTestFinished(() => forget.mockRestore());
  const { cursor } = await server.map.insert({ key: 'last', value: 1 });
  const reader = webSocket.read(server, { query: ITEMS, extensions: { after: cursor } });
  await subscribed(server, 1);
  await server.map.insert({ key: 'last', value: 2 });
  await reader.reaches(1);
  // What has been rendered is thrown away, group by group: there is one.
  await vi.waitFor(() => expect(forget).toHaveBeenCalled(), { timeout: 20_000 });
  expect(new Set(forget.mock.contexts).size).toBe(1);
}

/** Opens two subscriptions on connections whose other end may do as it likes. */
interface Way {
  readonly name: string;
  open(server: SeamlineServer): Promise<Socket[]>;
}

const overWebSocket: Way = {
  name: 'WebSocket',
  async open(server) {
    const socket = await WireSocket.open(server);
    socket.client.pause();
    socket.send(subscribeMessage('1', ITEMS), subscribeMessage('2', CHANGES));
    return [socket.client];
  },
};

const overHttp = (name: string, accept: string): Way => ({
  name,
  async open(server) {
    const { hostname, port } = new URL(server.url);
    const open = async (query: string): Promise<Socket> => {
      const socket = connect({ host: hostname, port: Number(port) });
      onTestFinished(() => void socket.destroy());
      socket.on('error', () => {});
      await once(socket, 'connect');
      const target = `/graphql?query=${encodeURIComponent(query)}`;
      socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nAccept: ${accept}\r\n\r\n`);
      return socket;
    };
    return [await open(ITEMS), await open(CHANGES)];
  },
});

const ways = [overWebSocket, overHttp('SSE', 'text/event-stream'), overHttp('multipart', MULTIPART)];

describe.each(ways)('over $name', ({ open }) => {
  describe.each<[string, (socket: Socket) => void]>([
    ['is destroyed', (socket) => void socket.destroy()],
    ['is reset', (socket) => void socket.resetAndDestroy()],
    ['is half-closed, and read to the end', (socket) => void socket.resume().end()],
  ])('a connection that %s', (_name, leave) => {
    it('a subscription is released while it waits for the head to move', async () => {
      const server = await startServer();
      const sockets = await open(server);
      for (const socket of sockets) socket.resume();
      await subscribed(server, 2);
      await server.map.insert({ key: 'a', value: 1 });
      sockets.forEach(leave);
      await expectNobody(server);
    });

    it('a subscription is released while its snapshot waits for the reader', async () => {
      const server = await startServer();
      await fill(server);
      const sockets = await open(server);
      await subscribed(server, 2);
      sockets.forEach(leave);
      await expectNobody(server);
    });

    it('a subscription is released while more is inserted in every iteration of the event loop', async () => {
      const server = await startServer();
      const sockets = await open(server);
      for (const socket of sockets) socket.resume();
      await subscribed(server, 2);
      let isLeaving = true;
      const inserting = (async () => {
        while (isLeaving) {
          await server.map.insert({ key: 'a', value: 'x'.repeat(1000) });
          await new Promise((resolve) => setImmediate(resolve));
        }
      })();
      sockets.forEach(leave);
      await subscribed(server, 0);
      isLeaving = false;
      await inserting;
      await expectNobody(server);
    });
  });
});

it('a WebSocket that closes while a subscription waits for a cursor that this node hasn’t reached, under an id used twice', async () => {
  const log = memoryLog({ shared: true });
  const held = new HeldLog(log);
  const server = await startServer({ log: held });
  const other = await startServer({ log });
  await other.map.insert({ key: 'a', value: 1 });
  held.hold();
  const { cursor: after } = await other.map.insert({ key: 'b', value: 2 });
  const socket = await WireSocket.open(server);
  socket.send(subscribeMessage('1', ITEMS));
  await socket.until(({ messages }) => messages.length === 1);
  // graphql-ws loses sight of the second one.
  socket.send({ type: 'complete', id: '1' }, subscribeMessage('1', ITEMS, { extensions: { after } }));
  await socket.fence();
  await subscribed(server, 1);
  socket.client.destroy();
  await once(socket.remote, 'close');
  held.release();
  await other.map.insert({ key: 'c', value: 3 });
  await subscribed(server, 0);
});
