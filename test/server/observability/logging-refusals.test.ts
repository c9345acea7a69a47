import { describe, expect, it } from 'vitest';
import { post, urlOf } from '../../support/clients/requests.ts';
import { openStream } from '../../support/clients/streams.ts';
import { logLines } from '../../support/server/log-lines.ts';
import { startServer } from '../../support/server/server.ts';
import { connect, openSocket, subscribeMessage } from '../../support/sockets/raw-sockets.ts';

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
const jwtSecret = 'a secret of the server that is long enough';
const QUERY = { query: '{ stream { size } }' };

describe('a refusal', () => {
  it('a refusal over HTTP is a warning with its code, request and client', async () => {
    const log = logLines('info');
    const server = await startServer({ logger: log.logger, jwtSecret });
    const response = await post(server, QUERY, { 'x-request-id': 'req-1' });
    expect(response.status).toBe(401);
    expect(log.saying('refused')).toMatchObject([
      { level: 'warn', code: 'UNAUTHENTICATED', request: 'req-1', client: '127.0.0.1', transport: 'http' },
    ]);
  });

  it('a refusal over WebSocket names its connection as well', async () => {
    const log = logLines('info');
    const server = await startServer({ logger: log.logger, jwtSecret });
    const socket = await openSocket(server, { headers: { 'x-request-id': 'req-2' } });
    socket.send({ type: 'connection_init', payload: { Authorization: 'Bearer nonsense' } });
    expect(await socket.closed).toMatchObject({ code: 4403 });
    expect(log.saying('refused')).toMatchObject([
      { code: 'UNAUTHENTICATED', request: 'req-2', connection: expect.stringMatching(UUID), transport: 'websocket' },
    ]);
  });

  it('the refusal of a subscription names its id as well', async () => {
    const log = logLines('info');
    const server = await startServer({ logger: log.logger, maxSubscriptions: 1 });
    const socket = await connect(server);
    socket.send(subscribeMessage('one', 'subscription { items { key } }'));
    socket.send(subscribeMessage('two', 'subscription { items { key } }'));
    expect(await socket.next()).toMatchObject({ type: 'error', id: 'two' });
    expect(log.saying('refused')).toMatchObject([{ code: 'TOO_MANY_SUBSCRIPTIONS', id: 'two' }]);
  });

  it.each([
    ['because of a foreign origin', { headers: { origin: 'https://evil.example' } }, {}, 'BAD_ORIGIN'],
    ['because of too many connections', {}, { maxConnections: 1 }, 'TOO_MANY_CONNECTIONS'],
  ])('the refusal of a WebSocket %s is a warning', async (_name, socketOptions, options, code) => {
    const log = logLines('info');
    const server = await startServer({ logger: log.logger, ...options });
    await connect(server);
    await openSocket(server, socketOptions).then(
      (socket) => socket.closed,
      () => {},
    );
    expect(await log.said(/^refused/)).toMatchObject({ code, client: '127.0.0.1' });
  });

  it.each([
    ['a message that is too long', '"'.repeat(3000), 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'],
    ['what is no message', '{', '4400'],
  ])('the refusal of %s is a warning', async (_name, message, code) => {
    const log = logLines('info');
    const server = await startServer({ logger: log.logger, maxMessageBytes: 1000 });
    const socket = await connect(server);
    socket.send(message);
    await socket.closed;
    expect(await log.said('refused')).toMatchObject({ code, connection: expect.stringMatching(UUID) });
  });

  it('the refusal of a body that is too long is a warning', async () => {
    const log = logLines('info');
    const server = await startServer({ logger: log.logger, maxMessageBytes: 1000 });
    expect((await post(server, { ...QUERY, extensions: { x: 'x'.repeat(2000) } })).status).toBe(413);
    expect(log.saying('refused')).toMatchObject([{ code: 'PAYLOAD_TOO_LARGE', request: expect.stringMatching(UUID) }]);
  });

  it('many refusals are logged five times for each code, and then counted in one line at the end', async () => {
    const log = logLines('info');
    const server = await startServer({ logger: log.logger, jwtSecret });
    await Promise.all(Array.from({ length: 50 }, () => post(server, QUERY)));
    await openSocket(server, { headers: { origin: 'https://evil.example' } }).catch(() => {});
    await server.drain();
    const codes = log.saying(/^refused(?!.*more$)/).map(({ code }) => code);
    expect(codes).toEqual([...Array<string>(5).fill('UNAUTHENTICATED'), 'BAD_ORIGIN']);
    expect(log.saying(/more$/)).toMatchObject([{ level: 'warn', code: 'UNAUTHENTICATED', suppressed: 45 }]);
  });

  it('the mistake of a client is no warning', async () => {
    const log = logLines('info');
    const server = await startServer({ logger: log.logger });
    for (const query of ['{', '{ nope }', '{ item(key: "") { key } }']) await post(server, { query });
    await post(server, '{');
    expect(log.saying(/refused|error/)).toEqual([]);
  });
});

describe('X-Request-Id', () => {
  it.each(['/graphql?query={__typename}', '/health', '/nowhere'])('X-Request-Id comes back from %s', async (path) => {
    const server = await startServer();
    const response = await fetch(urlOf(server, path), { headers: { 'x-request-id': 'abc:1.2/3=' } });
    expect(response.headers.get('x-request-id')).toBe('abc:1.2/3=');
  });

  it.each([undefined, '', 'a b', 'a"b', 'x'.repeat(65), `eyJhbGciOiJIUzI1NiJ9.${'x'.repeat(60)}`])(
    'X-Request-Id is generated when the client sends %j',
    async (given) => {
      const server = await startServer();
      const headers = given === undefined ? {} : { 'x-request-id': given };
      const response = await post(server, QUERY, headers);
      expect(response.headers.get('x-request-id')).toMatch(UUID);
    },
  );

  it('X-Request-Id comes back from a stream and a refusal', async () => {
    const server = await startServer({ jwtSecret });
    const refusal = await post(server, QUERY, { 'x-request-id': 'r' });
    expect(refusal.headers.get('x-request-id')).toBe('r');
    const open = await startServer();
    const query = encodeURIComponent('subscription { items { key } }');
    const stream = await openStream(`${open.url}?query=${query}`, {
      headers: { accept: 'text/event-stream', 'x-request-id': 's' },
    });
    expect(stream.response.headers.get('x-request-id')).toBe('s');
  });
});
