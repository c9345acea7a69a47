import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { post, resultOf } from '../../support/clients/requests.ts';
import { ALL, ALL_BYTES, allOf, largeServer, SMALL, unreadBytes, untilUnread } from '../../support/server/unread.ts';
import { connect as connectRaw, type Message, subscribeMessage } from '../../support/sockets/raw-sockets.ts';

const MIB = 1024 * 1024;
const INSERT = 'mutation { insertItem(input: { key: "small", value: 1 }) { key } }';

interface Paused {
  readonly socket: WebSocket;
  readonly texts: string[];
  until(holds: () => boolean): Promise<void>;
}

/** A WebSocket that reads nothing after the acknowledgement. Messages are kept as texts, because a JSON of 60 MB takes long to parse. */
async function paused(server: SeamlineServer, ...messages: readonly Message[]): Promise<Paused> {
  const socket = new WebSocket(server.webSocketUrl, ['graphql-transport-ws'], { maxPayload: 0 });
  onTestFinished(() => socket.terminate());
  await once(socket, 'open');
  socket.send('{"type":"connection_init"}');
  await once(socket, 'message');
  socket.pause();
  const texts: string[] = [];
  let wake = (): void => {};
  socket.on('message', (text: Buffer) => {
    texts.push(text.toString());
    wake();
  });
  for (const message of messages) socket.send(JSON.stringify(message));
  return {
    socket,
    texts,
    async until(holds) {
      while (!holds()) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
}

const next = (id: string, json: string): string => `{"id":"${id}","type":"next","payload":${json}}`;
const complete = (id: string): string => `{"id":"${id}","type":"complete"}`;

it('a WebSocket that sends 20 queries for 60 MB and reads nothing holds one answer, and all of it is given back when it leaves', async () => {
  const server = await largeServer();
  const { socket } = await paused(server, ...Array.from({ length: 20 }, (_, n) => subscribeMessage(`${n}`, ALL)));
  await untilUnread(server, (bytes) => bytes >= ALL_BYTES);
  expect((await post(server, { query: INSERT })).status).toBe(200);
  expect(await unreadBytes(server)).toBeLessThan(ALL_BYTES + 4 * MIB);
  socket.terminate();
  await untilUnread(server, (bytes) => bytes === 0);
});

it('a client that reads late gets each large answer whole, and everything in the order in which it was asked', async () => {
  const server = await largeServer();
  const { socket, texts, until } = await paused(server, subscribeMessage('a', ALL), subscribeMessage('b', ALL));
  await untilUnread(server, (bytes) => bytes >= ALL_BYTES);
  socket.send(JSON.stringify(subscribeMessage('c', SMALL)));
  socket.send(JSON.stringify(subscribeMessage('d', INSERT)));
  socket.resume();
  const all = allOf(server);
  await until(() => texts.length === 8);
  const { epoch } = server.map.replica;
  const textsOf = (id: string): string[] => texts.filter((text) => text.startsWith(`{"id":"${id}"`));
  for (const id of ['a', 'b']) {
    const [answer, ...others] = textsOf(id);
    expect(answer === next(id, all)).toBe(true);
    expect(others).toEqual([complete(id)]);
  }
  expect(textsOf('c')).toEqual([next('c', JSON.stringify({ data: { stream: { epoch } } })), complete('c')]);
  expect(textsOf('d')).toEqual([next('d', '{"data":{"insertItem":{"key":"small"}}}'), complete('d')]);
  expect(texts.indexOf(complete('a'))).toBeLessThan(texts.findIndex((text) => text.startsWith('{"id":"b"')));
  await untilUnread(server, (bytes) => bytes === 0);
});

it('an operation that waits and is completed by the client is never answered', async () => {
  const server = await largeServer();
  const { socket, texts, until } = await paused(server, subscribeMessage('a', ALL), subscribeMessage('b', ALL));
  await untilUnread(server, (bytes) => bytes >= ALL_BYTES);
  socket.send(JSON.stringify({ type: 'complete', id: 'b' }));
  socket.send(JSON.stringify(subscribeMessage('c', SMALL)));
  socket.resume();
  await until(() => texts.at(-1) === complete('c'));
  expect(
    texts.map((text) => (JSON.parse(text.slice(0, 10) === '{"id":"a",' ? '{"id":"a"}' : text) as Message).id),
  ).toEqual(['a', 'a', 'c', 'c']);
});

it('a ping is answered within a large answer, and the protocol’s own ping after it', async () => {
  const server = await largeServer();
  const { socket, texts, until } = await paused(server, subscribeMessage('a', ALL));
  await untilUnread(server, (bytes) => bytes >= ALL_BYTES);
  let before = -1;
  socket.once('pong', () => (before = texts.length));
  socket.ping();
  socket.send('{"type":"ping"}');
  socket.resume();
  await until(() => texts.length === 3);
  expect(before).toBe(0);
  expect(texts.slice(1).toSorted()).toEqual([complete('a'), '{"type":"pong"}'].toSorted());
});

it('while others hold the total, a large query gets an error message OVERLOADED, and small operations are answered', async () => {
  const server = await largeServer();
  await paused(server, subscribeMessage('a', ALL));
  await paused(server, subscribeMessage('a', ALL));
  await untilUnread(server, (bytes) => bytes >= 2 * ALL_BYTES);
  const socket = await connectRaw(server);
  socket.send(subscribeMessage('1', ALL));
  expect(await socket.next()).toMatchObject({
    id: '1',
    type: 'error',
    payload: [{ extensions: { code: 'OVERLOADED', retryAfterMs: 1000 } }],
  });
  for (const query of [SMALL, INSERT, '{ items(first: 1) { cursor } }']) {
    socket.send(subscribeMessage('2', query));
    expect(await socket.next()).toMatchObject({ id: '2', type: 'next', payload: { data: {} } });
    expect(await socket.next()).toEqual({ id: '2', type: 'complete' });
    expect((await resultOf(await post(server, { query }))).errors).toBeUndefined();
  }
});

it('insertions whose answers nobody reads wait, and are executed when the client reads', async () => {
  const server = await largeServer();
  const value = 'y'.repeat(60_000);
  const fields = Array.from({ length: 19 }, (_, n) => `a${n}: value`).join(' ');
  const query = `mutation ($value: JSON!) { insertItem(input: { key: "many", value: $value }) { ${fields} } }`;
  const sent = 90;
  const { head } = server.map.replica;
  const messages = Array.from({ length: sent }, (_, n) => subscribeMessage(`${n}`, query, { variables: { value } }));
  const { socket, texts, until } = await paused(server, ...messages);
  await untilUnread(server, (bytes) => bytes > 4 * MIB);
  expect(await unreadBytes(server)).toBeLessThan(8 * MIB);
  expect(server.map.replica.head.position - head.position).toBeLessThan(sent);
  socket.resume();
  await until(() => texts.length === 2 * sent);
  expect(server.map.replica.head.position - head.position).toBeGreaterThanOrEqual(sent);
  await untilUnread(server, (bytes) => bytes === 0);
});
