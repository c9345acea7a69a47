/** G5: who doesn't read costs no queue, and has all it is owed when it reads on. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { SeamlineServer } from '../../src/server/server.ts';
import { MULTIPART } from '../support/clients/doors.ts';
import { subscribeMessage } from '../support/sockets/raw-sockets.ts';
import { webSocket } from '../support/clients/readers.ts';
import { startServer } from '../support/server/server.ts';
import { subscribed } from '../support/model/twins.ts';
import { WireSocket } from '../support/sockets/wire-socket.ts';

const ITEMS = 'subscription { items { key value cursor } }';
const VALUE = 'x'.repeat(1000);
/** What a chunk holds of values, and the JSON around so many of them. */
const CHUNK = 48 * 1024 * 1.25;
/** Above it a socket takes no more. */
const HIGH_WATER = 64 * 1024;

async function insert(server: SeamlineServer, from: number, to: number, batch = 400): Promise<void> {
  for (let n = from; n < to; n += batch)
    await server.map.insertMany(
      Array.from({ length: Math.min(batch, to - n) }, (_, m) => ({ key: `k${n + m}`, value: VALUE })),
    );
}

/** Until nothing more goes to the kernel, for its buffers are full too. */
async function stalled({ remote }: WireSocket): Promise<void> {
  await vi.waitFor(
    () => {
      const { bytesWritten, writableLength, writableNeedDrain } = remote;
      expect(writableNeedDrain).toBe(true);
      const before = sent.get(remote);
      sent.set(remote, bytesWritten - writableLength);
      expect(bytesWritten - writableLength).toBe(before);
    },
    { timeout: 20_000, interval: 30 },
  );
}
const sent = new WeakMap<Socket, number>();

/** What waits in the process at most. */
function watched({ remote }: WireSocket): { most: number } {
  const write = remote.write.bind(remote) as (text: string, encoding: BufferEncoding) => boolean;
  const queued = { most: 0 };
  remote.write = ((text: string, encoding: BufferEncoding) => {
    const isTaken = write(text, encoding);
    queued.most = Math.max(queued.most, remote.writableLength);
    return isTaken;
  }) as Socket['write'];
  return queued;
}

interface Next {
  readonly data: { readonly items: { readonly key: string; readonly cursor: string } };
}

const itemsOf = (socket: WireSocket, id: string) =>
  socket
    .of(id)
    .filter(({ type }) => type === 'next')
    .map(({ payload }) => (payload as Next).data.items);

it('a stalled socket is parked with one chunk, others continue, and it converges when it reads again (G1 to G3)', async () => {
  const server = await startServer();
  await insert(server, 0, 20_000);
  const socket = await WireSocket.open(server);
  const queued = watched(socket);
  socket.client.pause();
  socket.send(subscribeMessage('1', ITEMS));
  await stalled(socket);
  const written = socket.remote.bytesWritten;
  // What is inserted meanwhile others get.
  const other = webSocket.read(server, { query: 'subscription { items(filter: { keyPrefix: "new" }) { key } }' });
  await subscribed(server, 2);
  // In batches that fit into a chunk: one of the window may be a chunk by itself.
  await insert(server, 10_000, 15_000, 40);
  for (let n = 0; n < 1000; n++) await server.map.insert({ key: `new${n % 10}`, value: n });
  await other.reaches(1000);
  expect(socket.remote.bytesWritten).toBe(written);
  expect(queued.most).toBeLessThan(HIGH_WATER + CHUNK);
  socket.client.resume();
  const last = server.map.get('new9')?.cursor ?? '';
  await socket.until(() => itemsOf(socket, '1').at(-1)?.cursor === last);
  expect(queued.most).toBeLessThan(HIGH_WATER + CHUNK);
  const items = itemsOf(socket, '1');
  const cursors = items.map(({ cursor }) => cursor);
  expect(new Set(cursors).size).toBe(cursors.length);
  expect(cursors).toEqual([...cursors].sort());
  // What was there, or its successor; and all that came later.
  expect(new Set(items.map(({ key }) => key)).size).toBe(20_010);
  for (const { key, cursor } of new Map(items.map((item) => [item.key, item])).values())
    expect(cursor).toBe(server.map.get(key)?.cursor);
  expect(items.slice(-6000).map(({ key }) => key)).toEqual([
    ...Array.from({ length: 5000 }, (_, n) => `k${10_000 + n}`),
    ...Array.from({ length: 1000 }, (_, n) => `new${n % 10}`),
  ]);
});

it('a subscriber at the head whose socket stalled continues with every change in the window (G1 to G3)', async () => {
  const server = await startServer();
  const socket = await WireSocket.open(server);
  socket.send(subscribeMessage('items', ITEMS), subscribeMessage('changes', 'subscription { itemChanges { cursor } }'));
  await subscribed(server, 2);
  const queued = watched(socket);
  socket.client.pause();
  for (let n = 0; n < 50; n++) {
    // A batch is a chunk, however large.
    await insert(server, 0, 400, 20);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await stalled(socket);
  expect(queued.most).toBeLessThan(HIGH_WATER + CHUNK);
  socket.client.resume();
  await socket.until(() => itemsOf(socket, 'items').length === 20_000);
  const keys = itemsOf(socket, 'items').map(({ key }) => key);
  expect(keys).toEqual(Array.from({ length: 20_000 }, (_, n) => `k${n % 400}`));
  await socket.until(() => JSON.stringify(socket.of('changes').at(-1)).includes(server.map.get('k399')?.cursor ?? ''));
});

it.each([1, 400])(
  'G5 a hundred subscriptions on a stalled socket cost no more than one, and all converge: insertions by %i',
  async (batch) => {
    const server = await startServer();
    const socket = await WireSocket.open(server);
    const ids = Array.from({ length: 100 }, (_, n) => `${n}`);
    socket.send(...ids.map((id) => subscribeMessage(id, ITEMS)));
    await subscribed(server, 100);
    const queued = watched(socket);
    socket.client.pause();
    await insert(server, 0, 800, batch);
    await stalled(socket);
    // A batch comes whole.
    expect(queued.most).toBeLessThan(HIGH_WATER + CHUNK + batch * 1200);
    socket.client.resume();
    await socket.until(() => socket.messages.length === 80_000);
    for (const id of ids)
      expect(itemsOf(socket, id).map(({ key }) => key)).toEqual(Array.from({ length: 800 }, (_, n) => `k${n}`));
  },
);

describe.each([
  ['SSE', 'text/event-stream', /^data: .*"key":"(.*?)"/gm],
  ['multipart', MULTIPART, /^{"payload":.*"key":"(.*?)"/gm],
])('over %s', (_name, accept, pattern) => {
  it('a response that is not read is parked, and converges when it is read again (G1)', async () => {
    const server = await startServer();
    await insert(server, 0, 12_000);
    const { hostname, port } = new URL(server.url);
    const client = connect({ host: hostname, port: Number(port) });
    onTestFinished(() => void client.destroy());
    await once(client, 'connect');
    const target = `/graphql?query=${encodeURIComponent(ITEMS)}`;
    client.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nAccept: ${accept}\r\n\r\n`);
    await subscribed(server, 1);
    const other = webSocket.read(server, { query: ITEMS });
    await other.reaches(12_000);
    await server.map.insert({ key: 'end', value: 1 });
    await other.reaches(12_001);
    // It has had less than there is.
    const { deliveries } = server.map.counters;
    expect(deliveries).toBeLessThan(24_002);
    const chunks: string[] = [];
    let isOver = false;
    client.on('data', (chunk) => {
      chunks.push(chunk.toString('latin1'));
      isOver ||= chunks.slice(-2).join('').includes('"key":"end"');
    });
    await vi.waitFor(() => expect(isOver).toBe(true), { timeout: 20_000, interval: 20 });
    // Chunks of the response may end within a line.
    const body = chunks.join('').replaceAll(/\r\n[0-9a-f]+\r\n(?=\S)/g, '');
    const keys = [...body.matchAll(pattern)].map(([, key]) => key);
    expect(new Set(keys).size).toBe(12_001);
    expect(keys).toHaveLength(12_001);
  });
});
