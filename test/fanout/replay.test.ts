/** What may happen while a subscriber is being brought up to the head. */
import { describe, expect, it } from 'vitest';
import type { SeamlineServer } from '../../src/server/server.ts';
import { ask, request } from '../support/clients/clients.ts';
import { text } from '../support/fuzz/frames.ts';
import { subscribeMessage } from '../support/sockets/raw-sockets.ts';
import { sse, webSocket, wires } from '../support/clients/readers.ts';
import { startServer } from '../support/server/server.ts';
import { bearer, SECRET, secondsFromNow, sign } from '../support/server/tokens.ts';
import { subscribed } from '../support/model/twins.ts';
import { WireSocket } from '../support/sockets/wire-socket.ts';

const ITEMS = 'subscription { items { key value cursor } }';

async function insert(server: SeamlineServer, count: number, value: unknown = 1): Promise<void> {
  for (let n = 0; n < count; n += 400)
    await server.map.insertMany(
      Array.from({ length: Math.min(400, count - n) }, (_, m) => ({ key: `k${n + m}`, value })),
    );
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, n) => `k${n}`);

interface Item {
  readonly key: string;
  readonly value: unknown;
  readonly cursor: string;
}

const itemsOf = (socket: WireSocket, id = '1'): Item[] =>
  socket
    .of(id)
    .filter(({ type }) => type === 'next')
    .map(({ payload }) => (payload as { data: { items: Item } }).data.items);

describe.each(wires)('over $name', (wire) => {
  it.each([1, 127, 128, 129, 300, 1000])('G8 a limit of %i ends in the middle of a shared page', async (limit) => {
    const server = await startServer();
    await insert(server, 700);
    const query = 'subscription ($limit: Int) { items(limit: $limit) { key cursor } }';
    const all = wire.read(server, { query });
    const extensions = { cursors: true, left: true };
    const limited = wire.read(server, { query, variables: { limit }, extensions });
    if (limit <= 700) await limited.ends();
    else await limited.reaches(700);
    await all.reaches(700);
    await subscribed(server, limit <= 700 ? 1 : 2);
    await server.map.insertMany(numbered(400).map((key) => ({ key, value: 2 })));
    await limited.ends();
    await all.reaches(1100);
    const due = [...numbered(700), ...numbered(400)].slice(0, limit);
    expect(limited.delivered<Item>().map(({ key }) => key)).toEqual(due);
    const cursors = limited.delivered<Item>().map(({ cursor }) => cursor);
    expect(limited.results.map(({ extensions: borne }) => borne)).toEqual(
      cursors.map((cursor, n) => ({ cursor, left: limit - n - 1 })),
    );
    if (wire !== sse) return;
    expect(limited.ids).toEqual(cursors.map((cursor, n) => `${cursor}.${limit - n - 1}`));
    expect(all.ids).toEqual(all.delivered<Item>().map(({ cursor }) => cursor));
  });
});

it('G1 G2 G3 while the head moves, a superseded item comes before its successor or not at all', async () => {
  const server = await startServer();
  await insert(server, 10_000, 'old');
  const socket = await WireSocket.open(server);
  const query = 'subscription ($after: String) { items(after: $after) { key value cursor } }';
  socket.send(subscribeMessage('1', query), subscribeMessage('2', query));
  await subscribed(server, 2);
  // A little at every turn, as long as the snapshot lasts; the other way round, so that both meet.
  let at = 10_000;
  while (itemsOf(socket).length < 5000 && at > 0) {
    await server.map.insertMany(Array.from({ length: 50 }, () => ({ key: `k${--at}`, value: 'new' })));
    await server.map.remove(`k${at}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const last = (await server.map.insert({ key: 'last', value: 1 })).cursor as string;
  for (const id of ['1', '2']) {
    await socket.until(() => itemsOf(socket, id).at(-1)?.cursor === last);
    const items = itemsOf(socket, id);
    const cursors = items.map(({ cursor }) => cursor);
    expect(cursors).toEqual([...new Set(cursors)].sort());
    // Some were skipped, else this shows nothing.
    expect(items.filter(({ value }) => value === 'old').length).toBeLessThan(10_000);
    const inserted = Array.from({ length: 10_000 - at }, (_, n) => `k${9999 - n}`);
    expect(items.filter(({ value }) => value === 'new').map(({ key }) => key)).toEqual(inserted);
    const old = items.filter(({ value }) => value === 'old').map(({ key }) => key);
    expect(old.slice(0, at)).toEqual(numbered(at));
    const isOld = new Set(numbered(10_000));
    expect(old.every((key) => isOld.delete(key))).toBe(true);
  }
});

describe('G5 with a window smaller than what is inserted while it is sent', () => {
  const lagging = async (onLag: string) => {
    const server = await startServer({ window: 500 });
    await insert(server, 20_000, 'x'.repeat(1000));
    const socket = await WireSocket.open(server);
    socket.client.pause();
    socket.send(subscribeMessage('1', `subscription { items(onLag: ${onLag}) { key value cursor } }`));
    await subscribed(server, 1);
    await insert(server, 4000, 'new');
    socket.client.resume();
    return { server, socket };
  };

  it('FAIL ends with the number of missed changes and the cursor to resume from, after what was delivered', async () => {
    const { server, socket } = await lagging('FAIL');
    await socket.until(() => socket.of('1').at(-1)?.type === 'error');
    const [error] =
      (socket.of('1').at(-1)?.payload as readonly { extensions: Record<string, unknown> }[] | undefined) ?? [];
    const items = itemsOf(socket);
    expect(error?.extensions).toEqual({ code: 'LAGGED', missed: 3500, cursor: items.at(-1)?.cursor });
    await subscribed(server, 0);
    const after = String(error?.extensions['cursor']);
    socket.send(subscribeMessage('2', ITEMS, { extensions: { after } }));
    await socket.until(() => itemsOf(socket, '2').at(-1)?.key === 'k3999');
    const held = new Map([...items, ...itemsOf(socket, '2')].map(({ key, cursor }) => [key, cursor]));
    expect(held.size).toBe(20_000);
    for (const [key, cursor] of held) expect(cursor).toBe(server.map.get(key)?.cursor);
  });

  it('CONFLATE continues with the current items, and loses no key', async () => {
    const { server, socket } = await lagging('CONFLATE');
    await socket.until(() => itemsOf(socket).at(-1)?.value === 'new' && itemsOf(socket).at(-1)?.key === 'k3999');
    const items = itemsOf(socket);
    const cursors = items.map(({ cursor }) => cursor);
    expect(cursors).toEqual([...new Set(cursors)].sort());
    const held = new Map(items.map(({ key, cursor }) => [key, cursor]));
    expect(held.size).toBe(20_000);
    for (const [key, cursor] of held) expect(cursor).toBe(server.map.get(key)?.cursor);
  });
});

describe('the server ends a connection in the middle of a snapshot with whole frames, and nothing after the last', () => {
  it('G9 a drain closes with 1012 after a whole frame', async () => {
    const server = await startServer({ drainTimeoutMs: 20_000 });
    await insert(server, 20_000, 'x'.repeat(1000));
    const socket = await WireSocket.open(server);
    socket.send(subscribeMessage('1', ITEMS), subscribeMessage('2', ITEMS, { extensions: { cursors: true } }));
    await socket.until(() => itemsOf(socket).length > 0);
    const drained = server.drain();
    await socket.until(({ closeCode }) => closeCode !== undefined);
    // A client that answers the close frame is released.
    socket.client.write(CLOSE);
    await drained;
    await socket.until(({ isOver }) => isOver);
    expect(socket.closeCode).toBe(1012);
    expect([socket.rest, socket.afterClose]).toEqual([0, 0]);
    expect(itemsOf(socket).length).toBeLessThan(20_000);
    // It resumes elsewhere from what it has.
    expect(itemsOf(socket).map(({ key }) => key)).toEqual(numbered(itemsOf(socket).length));
    expect(socket.messages.some(({ type }) => type === 'complete')).toBe(false);
    expect(server.map.subscriptions).toBe(0);
  });

  it('an expired token closes with 4403 after a whole frame', async () => {
    const server = await startServer({ jwtSecret: SECRET });
    await insert(server, 20_000, 'x'.repeat(1000));
    const token = await sign({ exp: secondsFromNow(1) });
    const payload = { authorization: `Bearer ${token}` };
    const socket = await WireSocket.open(server, text(JSON.stringify({ type: 'connection_init', payload })));
    socket.send(subscribeMessage('1', ITEMS));
    // It reads a little at a time, so that it lasts.
    socket.client.on('data', () => {
      socket.client.pause();
      setImmediate(() => socket.client.resume());
    });
    for (let n = 0; socket.closeCode === undefined && !socket.isOver; n++) {
      await server.map.insert({ key: `k${n % 1000}`, value: 'x'.repeat(20_000) });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(socket.closeCode).toBe(4403);
    socket.client.write(CLOSE);
    await socket.until(({ isOver }) => isOver);
    expect([socket.rest, socket.afterClose]).toEqual([0, 0]);
    await subscribed(server, 0);
    const reader = sse.read(server, { query: ITEMS }, bearer(await sign({ exp: secondsFromNow(1) })));
    await reader.reaches(1000);
    await expect(reader.ends()).rejects.toThrow('terminated');
    await subscribed(server, 0);
  });
});

const CLOSE = Buffer.from([0x88, 0x82, 1, 2, 3, 4, 3 ^ 1, 0xf4 ^ 2]);

it('a result of megabytes is one whole frame (eight aliases of a large value)', async () => {
  const server = await startServer({ maxValueBytes: 1_000_000, maxBatchBytes: 2_000_000 });
  const value = 'ä'.repeat(400_000);
  await server.map.insertMany(['a', 'b'].map((key) => ({ key, value })));
  const fields = Array.from({ length: 8 }, (_, n) => `v${n}: value`).join(' ');
  const reader = webSocket.read(server, { query: `subscription { items(limit: 3) { ${fields} } }` });
  await reader.reaches(2);
  await server.map.insert({ key: 'c', value });
  await reader.ends();
  for (const item of reader.delivered<object>()) {
    const values = Object.values(item);
    expect(values).toHaveLength(8);
    expect(values.every((one) => one === value)).toBe(true);
  }
});

it('while 50 snapshots of 10,000 items are being sent, pings, queries and insertions are answered', async () => {
  const server = await startServer();
  await insert(server, 10_000);
  const socket = await WireSocket.open(server);
  const query = 'subscription ($n: Int = 10000) { items(limit: $n) { key value cursor timestamp } }';
  for (let n = 0; n < 50; n++) socket.send(subscribeMessage(`${n}`, query));
  await socket.until(({ messages }) => messages.length > 0);
  const insertion = 'mutation { insertItem(input: { key: "new", value: 1 }) { key } }';
  socket.send({ type: 'ping' }, subscribeMessage('mutation', insertion));
  const overHttp = ask(server, insertion.replace('new', 'other'));
  await socket.until(({ messages }) => messages.some(({ type }) => type === 'pong'));
  const ended = (): number => socket.messages.filter(({ type, id }) => type === 'complete' && id !== 'mutation').length;
  expect(ended()).toBeLessThan(50);
  await socket.until(() => socket.of('mutation').length === 2);
  expect(ended()).toBeLessThan(50);
  await overHttp;
  expect((await request(server, '{ item(key: "new") { value } }')).data).toEqual({ item: { value: 1 } });
  await socket.until(() => ended() === 50);
  for (let n = 0; n < 50; n++) expect(itemsOf(socket, `${n}`)).toHaveLength(10_000);
});
