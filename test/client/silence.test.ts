/** Connections that die silently, with real sockets and a fake clock. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { type Client, createClient } from 'graphql-ws';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket as Ws, WebSocketServer } from 'ws';
import { type Mirror, mirror } from '../../src/client/mirror.ts';
import { persistent } from '../../src/client/resuming/persistent.ts';
import { entry } from '../support/processes/contents.ts';
import { networkTo } from '../support/sockets/proxy.ts';
import { startServer } from '../support/server/server.ts';

// Node and the server keep real timers.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

const PING_MS = 8000;
const ANSWER_MS = 5000;
/** Longer than the first wait of a client that reconnects. */
const PAUSE_MS = 1000;

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

const IMPLEMENTATIONS = [
  ['ws', Ws],
  ['Node’s own WebSocket', WebSocket],
] as const;

it('persistent doesn’t end a paused socket of ws', async () => {
  const server = await startServer();
  const client = createClient({ webSocketImpl: Ws, ...persistent(), url: server.webSocketUrl });
  onTestFinished(() => client.dispose());
  const closed = vi.fn();
  client.on('closed', closed);
  const opened = new Promise<Ws>((resolve) => client.on('connected', (socket) => resolve(socket as Ws)));
  client.subscribe({ query: 'subscription { items { key } }' }, { next() {}, error() {}, complete() {} });
  const socket = await opened;
  socket.pause();
  await pass(10 * PING_MS);
  const pong = heard(client, 'pong');
  socket.resume();
  await pong;
  expect(closed).not.toHaveBeenCalled();
});

describe.each(IMPLEMENTATIONS)('persistent, on %s,', (_name, webSocketImpl) => {
  function clientOf(url: string, options: Partial<Parameters<typeof createClient>[0]> = {}): Client {
    const client = createClient({ webSocketImpl, ...persistent(), ...options, url: url.replace('http', 'ws') });
    // `dispose` rejects during a connection attempt, or waits for its end.
    onTestFinished(() => void Promise.resolve(client.dispose()).catch(() => {}));
    return client;
  }

  it('a mirror has subscribed again 14 seconds after the connection died silently', async () => {
    const { server, network, client, mirrored } = await mirroring();
    // The latest detection: a ping has just been answered.
    const pong = heard(client, 'pong');
    await pass(PING_MS);
    await pong;
    const deliver = network.swallow();
    await server.map.insert(entry(1));
    const arrived = changeOf(mirrored);
    await pass(PING_MS + ANSWER_MS + PAUSE_MS);
    await arrived;
    expect([...mirrored.items.keys()]).toEqual([entry(1).key]);

    // Late messages of the old connection are ignored.
    deliver();
    await server.map.insert(entry(2));
    await changeOf(mirrored);
    const { state, items } = mirrored;
    expect({ ...state, size: items.size }).toEqual({
      status: 'live',
      isLoaded: true,
      repairs: 0,
      missed: 0,
      error: undefined,
      size: 2,
    });
  });

  it('a new subscription opens another connection when the old one died before it was closed', async () => {
    const server = await startServer();
    const network = await networkTo(server.url);
    const client = clientOf(network.url);
    await server.map.insert(entry(1));
    const subscribe = () => client.iterate({ query: 'subscription { items { key } }' });
    const first = subscribe();
    await first.next();
    network.swallow();
    await first.return?.();
    const arrived = subscribe().next();
    await pass(ANSWER_MS + PAUSE_MS);
    expect(await arrived).toMatchObject({ value: { data: { items: { key: entry(1).key } } } });
  });

  it('a connection that answers stays open', async () => {
    const { client, mirrored } = await mirroring();
    const closed = vi.fn();
    client.on('closed', closed);
    for (let times = 0; times < 20; times++) {
      const pong = heard(client, 'pong');
      await pass(PING_MS);
      await pong;
    }
    expect(closed).not.toHaveBeenCalled();
    expect(mirrored.state.isLoaded).toBe(true);
  });

  it('a connection whose answer arrives after many messages stays open', async () => {
    const { socket, client } = await scripted();
    const closed = vi.fn();
    client.on('closed', closed);
    await pass(PING_MS);
    for (let times = 0; times < 20; times++) {
      const message = heard(client, 'message');
      socket.send('{"id":"1","type":"next","payload":{"data":{}}}');
      await message;
      await pass(ANSWER_MS - 1);
    }
    const pong = heard(client, 'pong');
    socket.send('{"type":"pong"}');
    await pong;
    await pass(PING_MS - 1);
    expect(closed).not.toHaveBeenCalled();
  });

  it('an attempt to connect without an answer is given up if webSocketImpl is set', async () => {
    const listener = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void listener.close());
    await once(listener, 'listening');
    const client = clientOf(
      `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
      persistent({ webSocketImpl }),
    );
    client.subscribe({ query: '{ __typename }' }, { next() {}, error() {}, complete() {} });
    const [first] = await once(listener, 'connection');
    first.on('error', () => {});
    const second = once(listener, 'connection');
    await pass(10_000 + PAUSE_MS);
    const [socket] = await second;
    // The first connection is closed.
    first.resume();
    if (!first.destroyed) await once(first, 'close');
    expect(first.destroyed).toBe(true);
    socket.destroy();
  });

  /** A loaded mirror behind a proxy. */
  async function mirroring() {
    const server = await startServer();
    const network = await networkTo(server.url);
    const client = clientOf(network.url);
    const mirrored = mirror(client);
    const loaded = changeOf(mirrored);
    mirrored.subscribe(() => {});
    await loaded;
    return { server, network, client, mirrored };
  }

  /** A subscription to a server that the test scripts. */
  async function scripted() {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    onTestFinished(() => server.close());
    await once(server, 'listening');
    const client = clientOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const connected = heard(client, 'connected');
    client.subscribe({ query: '{ __typename }' }, { next() {}, error() {}, complete() {} });
    const [socket] = (await once(server, 'connection')) as [Ws];
    socket.send('{"type":"connection_ack"}');
    await connected;
    onTestFinished(() => socket.terminate());
    return { socket, client };
  }
});

function changeOf(mirrored: Mirror): Promise<void> {
  return new Promise((resolve) => {
    const leave = mirrored.subscribe(({ changes }) => {
      if (!changes) return;
      leave();
      resolve();
    });
  });
}

function heard(client: Client, event: 'pong' | 'message' | 'connected'): Promise<void> {
  return new Promise((resolve) => {
    const stop = client.on(event, () => {
      stop();
      resolve();
    });
  });
}
