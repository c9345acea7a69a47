import { describe, expect, it } from 'vitest';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { logLines } from '../../support/server/log-lines.ts';
import { connect, openSocket, type SocketOptions, subscribeMessage } from '../../support/sockets/raw-sockets.ts';
import { startServer } from '../../support/server/server.ts';

const KEYS = 'subscription { items { key } }';

const insert = (server: SeamlineServer, key: string): Promise<unknown> => server.map.insert({ key, value: key });

const nextOf = (id: string, key: string): object => ({ type: 'next', id, payload: { data: { items: { key } } } });

describe('a WebSocket is closed', () => {
  it.each(['nonsense', '7', '{}', '{"type":"nope"}', '{"type":"subscribe"}'])(
    'a WebSocket is closed with 4400 after %s',
    async (message) => {
      const socket = await connect(await startServer());
      socket.send(message);
      expect(await socket.closed).toMatchObject({ code: 4400 });
    },
  );

  it('a WebSocket is closed with 4401 when it subscribes before connection_init', async () => {
    const socket = await openSocket(await startServer());
    socket.send(subscribeMessage('1', KEYS));
    expect(await socket.closed).toMatchObject({ code: 4401 });
  });

  it('a WebSocket is closed with 4409 when an id is used twice at once', async () => {
    const socket = await connect(await startServer());
    socket.send(subscribeMessage('1', KEYS));
    socket.send(subscribeMessage('1', KEYS));
    expect(await socket.closed).toMatchObject({ code: 4409 });
  });

  it('a WebSocket is closed with 4429 after a second connection_init', async () => {
    const socket = await connect(await startServer());
    socket.send({ type: 'connection_init' });
    expect(await socket.closed).toMatchObject({ code: 4429 });
  });

  it('a WebSocket is closed with 1009 after a message above maxMessageBytes, and not below', async () => {
    const server = await startServer({ maxMessageBytes: 1000 });
    await insert(server, 'a');
    const socket = await connect(server);
    const message = JSON.stringify(subscribeMessage('1', KEYS));
    socket.send(message.padEnd(1000));
    expect(await socket.next()).toEqual(nextOf('1', 'a'));
    socket.send(message.replace('"1"', '"2"').padEnd(1001));
    expect(await socket.closed).toMatchObject({ code: 1009 });
  });

  it('a WebSocket is closed with 1013 above maxConnections, until another one leaves', async () => {
    const server = await startServer({ maxConnections: 2 });
    await insert(server, 'a');
    const first = await connect(server);
    const second = await connect(server);
    expect(await (await openSocket(server)).closed).toMatchObject({ code: 1013 });
    second.send(subscribeMessage('1', KEYS));
    expect(await second.next()).toEqual(nextOf('1', 'a'));
    first.close();
    await first.closed;
    const third = await connect(server);
    third.send(subscribeMessage('1', KEYS));
    expect(await third.next()).toEqual(nextOf('1', 'a'));
  });

  it('a WebSocket is closed with 1012 when the server drains, without a complete (G9)', async () => {
    const server = await startServer();
    await insert(server, 'a');
    const socket = await connect(server);
    socket.send(subscribeMessage('1', KEYS));
    await socket.next();
    const drained = server.drain();
    expect(await socket.closed).toMatchObject({ code: 1012 });
    expect(await socket.next()).toBeUndefined();
    await drained;
  });

  it.each([
    [['graphql-ws'], 'speak graphql-transport-ws, not graphql-ws'],
    [['graphql-ws', 'graphql-subscriptions'], 'speak graphql-transport-ws, not graphql-ws'],
    [['nonsense'], 'speak graphql-transport-ws, not nonsense'],
    [['x'.repeat(200)], `speak graphql-transport-ws, not ${'x'.repeat(40)}`],
    [[], 'speak graphql-transport-ws: no subprotocol was offered'],
  ])(
    'with 4406 and a reason that names our subprotocol when it offers %j; it is counted and logged',
    async (protocols, reason) => {
      const log = logLines();
      const server = await startServer({ logger: log.logger });
      const socket = await openSocket(server, { protocols });
      socket.send({ type: 'connection_init' });
      expect(await socket.closed).toEqual({ code: 4406, reason });
      expect(await log.said('refused')).toMatchObject({ code: '4406', transport: 'websocket', reason });
      const metrics = await (await fetch(new URL('/metrics', server.url))).text();
      expect(metrics).toContain('seamline_refusals_total{code="4406"} 1');
      expect(metrics).toContain('seamline_connections{transport="websocket"} 0');
    },
  );

  it('a WebSocket that offers graphql-transport-ws among others stays open', async () => {
    const socket = await connect(await startServer(), { protocols: ['graphql-ws', 'graphql-transport-ws'] });
    socket.send({ type: 'ping' });
    expect(await socket.next()).toMatchObject({ type: 'pong' });
  });

  it('a WebSocket that breaks releases its subscriptions (G10)', async () => {
    const server = await startServer();
    await insert(server, 'a');
    const socket = await connect(server);
    for (const id of ['1', '2']) socket.send(subscribeMessage(id, KEYS));
    await socket.next();
    await socket.next();
    expect(server.map.subscriptions).toBe(2);
    socket.send('nonsense');
    await socket.closed;
    await expect.poll(() => server.map.subscriptions).toBe(0);
  });
});

describe('maxSubscriptions', () => {
  it('a subscription above maxSubscriptions gets TOO_MANY_SUBSCRIPTIONS; the others continue, and a free place may be taken', async () => {
    const server = await startServer({ maxSubscriptions: 2 });
    const socket = await connect(server);
    for (const id of ['1', '2', '3']) socket.send(subscribeMessage(id, KEYS));
    expect(await socket.next()).toMatchObject({
      type: 'error',
      id: '3',
      payload: [{ extensions: { code: 'TOO_MANY_SUBSCRIPTIONS' } }],
    });
    await insert(server, 'a');
    expect(await socket.next()).toEqual(nextOf('1', 'a'));
    expect(await socket.next()).toEqual(nextOf('2', 'a'));
    socket.send({ type: 'complete', id: '1' });
    socket.send(subscribeMessage('4', KEYS));
    expect(await socket.next()).toEqual(nextOf('4', 'a'));
  });

  it('maxSubscriptions counts each socket by itself', async () => {
    const server = await startServer({ maxSubscriptions: 1 });
    await insert(server, 'a');
    for (const socket of [await connect(server), await connect(server)]) {
      socket.send(subscribeMessage('1', KEYS));
      expect(await socket.next()).toEqual(nextOf('1', 'a'));
    }
  });
});

describe('an upgrade', () => {
  const attempt = async (server: SeamlineServer, options: SocketOptions): Promise<string> => {
    try {
      const socket = await connect(server, options);
      socket.close();
      return 'open';
    } catch (error) {
      return String(error).replace(/^.*response: /, '');
    }
  };

  it.each(['https://evil.example', 'http://127.0.0.1:1', 'null', 'nonsense'])(
    'from a page of %s is refused with 403',
    async (origin) => {
      expect(await attempt(await startServer(), { origin })).toBe('403');
    },
  );

  it('an upgrade from a page of the same origin, or from a client that is no browser, is accepted', async () => {
    const server = await startServer();
    expect(await attempt(server, { origin: new URL(server.url).origin })).toBe('open');
    expect(await attempt(server, {})).toBe('open');
  });

  it('an upgrade from a page of allowOrigins is accepted, from another page refused', async () => {
    const server = await startServer({ allowOrigins: ['https://a.example', 'https://b.example'] });
    expect(await attempt(server, { origin: 'https://b.example' })).toBe('open');
    expect(await attempt(server, { origin: 'http://b.example' })).toBe('403');
    expect(await attempt(server, { origin: 'https://c.example' })).toBe('403');
  });

  it.each(['/graphql/', '/graphqlx', '/subscriptions'])('an upgrade at %s is refused with 404', async (path) => {
    expect(await attempt(await startServer(), { path })).toBe('404');
  });

  it('an upgrade at /graphql with a query string is accepted', async () => {
    expect(await attempt(await startServer(), { path: '/graphql?x=1' })).toBe('open');
  });
});
