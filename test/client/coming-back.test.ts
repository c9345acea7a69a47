/** After which failures a client reconnects, and with which token. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type Client, type ClientOptions, createClient } from 'graphql-ws';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { mirror } from '../../src/client/mirror.ts';
import { persistent } from '../../src/client/resuming/persistent.ts';
import { entry } from '../support/processes/contents.ts';
import { networkTo } from '../support/sockets/proxy.ts';
import { startServer } from '../support/server/server.ts';
import { SECRET, secondsFromNow, sign } from '../support/server/tokens.ts';

function clientOf(url: string, options: Partial<ClientOptions> = {}): Client {
  const client = createClient({
    webSocketImpl: WebSocket,
    ...persistent(),
    ...options,
    url: url.replace('http', 'ws'),
  });
  // `dispose` rejects during a connection attempt.
  onTestFinished(() => void Promise.resolve(client.dispose()).catch(() => {}));
  return client;
}

const tokenOf = (token: string) => ({ Authorization: `Bearer ${token}` });

/** Resolves when the mirror holds these keys; rejects when its subscription has ended. */
function holds(client: Client, ...keys: readonly string[]): Promise<void> {
  const mirrored = mirror(client);
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const { status, error } = mirrored.state;
      if (status === 'failed') reject(error);
      else if (keys.every((key) => mirrored.items.has(key))) resolve();
    };
    mirrored.subscribe(look);
    look();
  });
}

describe('a mirror of a persistent client', () => {
  it('a mirror survives a stale token, because connectionParams are called again', async () => {
    const server = await startServer({ jwtSecret: SECRET });
    const tokens = [await sign({ exp: secondsFromNow(-60) }), await sign({}, { secret: 'other' }), await sign()];
    const connectionParams = vi.fn(async () => tokenOf(tokens.shift() ?? ''));
    await server.map.insert(entry(1));
    await holds(clientOf(server.url, { connectionParams }), entry(1).key);
    expect(connectionParams).toHaveBeenCalledTimes(3);
  });

  it('a mirror survives the expiry of its token with the next token', async () => {
    const server = await startServer({ jwtSecret: SECRET });
    const tokens = [await sign({ exp: secondsFromNow(1) }), await sign()];
    const client = clientOf(server.url, { connectionParams: () => tokenOf(tokens.shift() ?? '') });
    const closed = new Promise((resolve) => client.on('closed', resolve));
    await server.map.insert(entry(1));
    await holds(client, entry(1).key);
    expect(await closed).toMatchObject({ code: 4403, reason: 'the token has expired' });
    await server.map.insert(entry(2));
    await holds(client, entry(1).key, entry(2).key);
  });

  it('a mirror survives a failing token endpoint, and a late close frame of that connection', async () => {
    const server = await startServer();
    const network = await networkTo(server.url);
    const attempts: (() => void)[] = [];
    const connectionParams = async () => {
      if (attempts.length > 1) return {};
      attempts.push(network.swallow());
      throw new Error('no token today');
    };
    await server.map.insert(entry(1));
    const client = clientOf(network.url, { connectionParams });
    await holds(client, entry(1).key);
    for (const deliver of attempts) deliver();
    await server.map.insert(entry(2));
    await holds(client, entry(2).key);
    expect(mirror(client).state.error).toBeUndefined();
  });

  it('a mirror loads although connectionParams take five seconds', async () => {
    const server = await startServer();
    const connectionParams = () => new Promise<undefined>((resolve) => setTimeout(resolve, 5000));
    const client = clientOf(server.url, { connectionParams });
    const closed = vi.fn();
    client.on('closed', closed);
    await server.map.insert(entry(1));
    await holds(client, entry(1).key);
    expect(closed).not.toHaveBeenCalled();
  });
});

it('a persistent client counts consecutive refused tokens, so that its waits grow', async () => {
  const server = await startServer({ jwtSecret: SECRET });
  const retries: number[] = [];
  const enough = Promise.withResolvers<void>();
  const retryWait = async (count: number): Promise<void> => {
    if (retries.push(count) === 5) enough.resolve();
  };
  const client = clientOf(server.url, { retryWait, connectionParams: tokenOf('x.y.z') });
  client.subscribe({ query: '{ __typename }' }, { next() {}, error: enough.reject, complete() {} });
  await enough.promise;
  expect(retries.slice(0, 5)).toEqual([0, 1, 2, 3, 4]);
});

describe('a persistent client', () => {
  /** Closes the first connection with `code` when it has a subscription, and acknowledges the others. */
  async function closing(code: number) {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    onTestFinished(() => server.close());
    await once(server, 'listening');
    const opened = vi.fn();
    server.on('connection', (socket) => {
      opened();
      socket.on('message', (text: Buffer) => {
        const { type, id } = JSON.parse(text.toString()) as { type: string; id?: string };
        if (type === 'connection_init') socket.send('{"type":"connection_ack"}');
        else if (opened.mock.calls.length === 1) socket.close(code, 'so it ends');
        else socket.send(JSON.stringify({ id, type: 'next', payload: { data: { there: true } } }));
      });
    });
    const client = clientOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const closed = new Promise((resolve) => client.on('closed', resolve));
    return { closed, iterator: client.iterate({ query: '{ there }' }) };
  }

  it.each([1001, 1011, 1012, 1013, 4401, 4403, 4408, 4500])(
    'a persistent client reconnects after close code %d, and reports the code',
    async (code) => {
      const { closed, iterator } = await closing(code);
      expect(await iterator.next()).toMatchObject({ value: { data: { there: true } } });
      expect(await closed).toMatchObject({ code });
    },
  );

  it.each([1002, 1008, 1009, 4400, 4406, 4409, 4429])(
    'a persistent client gives up after close code %d, because a reconnect would end the same way',
    async (code) => {
      const { iterator } = await closing(code);
      await expect(iterator.next()).rejects.toMatchObject({ code, reason: 'so it ends' });
    },
  );
});
