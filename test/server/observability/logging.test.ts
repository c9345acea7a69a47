import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { InsertItemDocument, ItemsDocument } from '../../../schema/documents/graphql.ts';
import { createLogger } from '../../../src/cli/process/logger.ts';
import { EngineUnavailableError } from '../../../src/core/model/errors.ts';
import type { LogHealth } from '../../../src/core/replication/ordered-log.ts';
import { memoryLog } from '../../../src/logs/memory/memory-log.ts';
import { watchHealth } from '../../../src/server/health-watch.ts';
import { ask, overSse, overWebSocket, request } from '../../support/clients/clients.ts';
import { HeldLog } from '../../support/model/held-log.ts';
import { logLines } from '../../support/server/log-lines.ts';
import { runCli, serveCli } from '../../support/processes/processes.ts';
import { connect, openSocket, subscribeMessage } from '../../support/sockets/raw-sockets.ts';
import { post, urlOf } from '../../support/clients/requests.ts';
import { startServer } from '../../support/server/server.ts';
import { openStream } from '../../support/clients/streams.ts';

const input = { key: 'a', value: 1 };
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
const jwtSecret = 'a secret of the server that is long enough';
const QUERY = { query: '{ stream { size } }' };

describe('the log of a server', () => {
  it('tells where it listens, what it holds, and how it ends', async () => {
    const log = logLines('info');
    const server = await startServer({ logger: log.logger });
    expect(log.lines).toMatchObject([
      { level: 'info', msg: 'starting', engine: 'memory' },
      { level: 'info', msg: 'ready', url: server.url, webSocketUrl: server.webSocketUrl, position: 0, items: 0 },
    ]);
    await connect(server);
    await server.drain();
    expect(log.lines.slice(2)).toMatchObject([
      { level: 'info', msg: 'draining', connections: 1, subscriptions: 0 },
      { level: 'info', msg: 'drained', ms: expect.any(Number) },
    ]);
  });

  it('tells the position and the items that a log has brought', async () => {
    const shared = memoryLog({ shared: true });
    const first = await startServer({ log: shared });
    await ask(first, InsertItemDocument, { input });
    const log = logLines();
    await startServer({ log: shared, logger: log.logger });
    expect(log.saying('ready')).toMatchObject([{ position: 1, items: 1 }]);
  });

  it('has no line for a connection or an operation at info', async () => {
    const log = logLines('info');
    const server = await startServer({ logger: log.logger });
    await ask(server, InsertItemDocument, { input });
    await overWebSocket.subscribe(server, ItemsDocument, { limit: 1 }).take(1);
    await server.drain();
    expect(log.lines.map(({ msg }) => msg)).toEqual(['starting', 'ready', 'draining', 'drained']);
  });

  it('warns when the log breaks', async () => {
    const log = logLines();
    const engine = new HeldLog(memoryLog());
    await startServer({ log: engine, logger: log.logger });
    engine.break('another epoch');
    const [line] = log.saying(/another epoch/);
    expect(line).toMatchObject({ level: 'warn', engine: 'held' });
    expect(await log.said(/^not ready/)).toMatchObject({ level: 'warn', engine: 'held' });
  });

  it('tells once that the engine is in trouble, and once that it is back', () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    let health: LogHealth = { ok: true };
    const log = logLines();
    const stop = watchHealth({ engine: 'nats', health: () => health }, log.logger);
    vi.advanceTimersByTime(10_000);
    expect(log.lines).toEqual([]);
    health = { ok: false, reason: 'no answer' };
    vi.advanceTimersByTime(10_000);
    health = { ok: true };
    vi.advanceTimersByTime(10_000);
    stop();
    health = { ok: false, reason: 'closed' };
    vi.advanceTimersByTime(10_000);
    expect(log.lines).toMatchObject([
      { level: 'warn', engine: 'nats', reason: 'no answer' },
      { level: 'info', engine: 'nats', msg: 'ready again' },
    ]);
  });

  it('warns of a mutation that the engine refused', async () => {
    const log = logLines('info');
    const engine = new HeldLog(memoryLog());
    const server = await startServer({ log: engine, logger: log.logger });
    engine.failure = new EngineUnavailableError('no answer within 5 s');
    await request(server, InsertItemDocument, { input });
    expect(log.saying('refused')).toMatchObject([
      { level: 'warn', code: 'ENGINE_UNAVAILABLE', reason: 'no answer within 5 s', operation: 'mutation' },
    ]);
  });
});

describe('a refusal', () => {
  it('over HTTP is a warning with its code, its request and who asked', async () => {
    const log = logLines('info');
    const server = await startServer({ logger: log.logger, jwtSecret });
    const response = await post(server, QUERY, { 'x-request-id': 'req-1' });
    expect(response.status).toBe(401);
    expect(log.saying('refused')).toMatchObject([
      { level: 'warn', code: 'UNAUTHENTICATED', request: 'req-1', client: '127.0.0.1', transport: 'http' },
    ]);
  });

  it('over WebSocket names the connection as well', async () => {
    const log = logLines('info');
    const server = await startServer({ logger: log.logger, jwtSecret });
    const socket = await openSocket(server, { headers: { 'x-request-id': 'req-2' } });
    socket.send({ type: 'connection_init', payload: { Authorization: 'Bearer nonsense' } });
    expect(await socket.closed).toMatchObject({ code: 4403 });
    expect(log.saying('refused')).toMatchObject([
      { code: 'UNAUTHENTICATED', request: 'req-2', connection: expect.stringMatching(UUID), transport: 'websocket' },
    ]);
  });

  it('of a subscription names the subscription as well', async () => {
    const log = logLines('info');
    const server = await startServer({ logger: log.logger, maxSubscriptions: 1 });
    const socket = await connect(server);
    socket.send(subscribeMessage('one', 'subscription { items { key } }'));
    socket.send(subscribeMessage('two', 'subscription { items { key } }'));
    expect(await socket.next()).toMatchObject({ type: 'error', id: 'two' });
    expect(log.saying('refused')).toMatchObject([{ code: 'TOO_MANY_SUBSCRIPTIONS', id: 'two' }]);
  });

  it.each([
    ['of a foreign origin', { headers: { origin: 'https://evil.example' } }, {}, 'BAD_ORIGIN'],
    ['of one connection too many', {}, { maxConnections: 1 }, 'TOO_MANY_CONNECTIONS'],
  ])('%s is a warning', async (_name, socketOptions, options, code) => {
    const log = logLines('info');
    const server = await startServer({ logger: log.logger, ...options });
    await connect(server);
    await openSocket(server, socketOptions).then(
      (socket) => socket.closed,
      () => {},
    );
    expect(await log.said('refused')).toMatchObject({ code, client: '127.0.0.1' });
  });

  it.each([
    ['a message that is too long', '"'.repeat(3000), 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'],
    ['what is no message', '{', '4400'],
  ])('of %s is a warning', async (_name, message, code) => {
    const log = logLines('info');
    const server = await startServer({ logger: log.logger, maxMessageBytes: 1000 });
    const socket = await connect(server);
    socket.send(message);
    await socket.closed;
    expect(await log.said('refused')).toMatchObject({ code, connection: expect.stringMatching(UUID) });
  });

  it('of a body that is too long is a warning', async () => {
    const log = logLines('info');
    const server = await startServer({ logger: log.logger, maxMessageBytes: 1000 });
    expect((await post(server, { ...QUERY, extensions: { x: 'x'.repeat(2000) } })).status).toBe(413);
    expect(log.saying('refused')).toMatchObject([{ code: 'PAYLOAD_TOO_LARGE', request: expect.stringMatching(UUID) }]);
  });

  it('is counted when there are many, a line at the end saying how many, each code by itself', async () => {
    const log = logLines('info');
    const server = await startServer({ logger: log.logger, jwtSecret });
    await Promise.all(Array.from({ length: 50 }, () => post(server, QUERY)));
    await openSocket(server, { headers: { origin: 'https://evil.example' } }).catch(() => {});
    await server.drain();
    const codes = log.saying('refused').map(({ code }) => code);
    expect(codes).toEqual([...Array<string>(5).fill('UNAUTHENTICATED'), 'BAD_ORIGIN']);
    expect(log.saying(/more$/)).toMatchObject([{ level: 'warn', code: 'UNAUTHENTICATED', suppressed: 45 }]);
  });

  it('is no warning when it is a client’s mistake', async () => {
    const log = logLines('info');
    const server = await startServer({ logger: log.logger });
    for (const query of ['{', '{ nope }', '{ item(key: "") { key } }']) await post(server, { query });
    await post(server, '{');
    expect(log.saying(/refused|error/)).toEqual([]);
  });
});

describe('X-Request-Id', () => {
  it.each(['/graphql?query={__typename}', '/health', '/nowhere'])('comes back from %s', async (path) => {
    const server = await startServer();
    const response = await fetch(urlOf(server, path), { headers: { 'x-request-id': 'abc:1.2/3=' } });
    expect(response.headers.get('x-request-id')).toBe('abc:1.2/3=');
  });

  it.each([undefined, '', 'a b', 'a"b', 'x'.repeat(65), `eyJhbGciOiJIUzI1NiJ9.${'x'.repeat(60)}`])(
    'is made when it is %j',
    async (given) => {
      const server = await startServer();
      const headers = given === undefined ? {} : { 'x-request-id': given };
      const response = await post(server, QUERY, headers);
      expect(response.headers.get('x-request-id')).toMatch(UUID);
    },
  );

  it('comes back from a stream and a refusal', async () => {
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

describe('an internal error', () => {
  it('over HTTP is logged with its stack and its request', async () => {
    const log = logLines();
    const server = await startServer({ logger: log.logger });
    vi.spyOn(server.map, 'insertMany').mockRejectedValue(new TypeError('broken', { cause: new Error('the cause') }));
    const body = { query: String(InsertItemDocument), variables: { input } };
    await post(server, body, { 'x-request-id': 'req-3' });
    const [line] = log.saying('internal error: broken');
    expect(line).toMatchObject({
      level: 'error',
      request: 'req-3',
      operation: 'mutation',
      operationName: 'InsertItem',
      err: { type: 'TypeError', stack: expect.stringMatching(/^TypeError: broken\n {4}at .*logging\.test\.ts/) },
    });
    expect(line?.['err']).toMatchObject({ stack: expect.stringContaining('caused by Error: the cause') });
  });

  it('of a subscription over WebSocket is logged with its request, connection and id', async () => {
    const log = logLines();
    const server = await startServer({ logger: log.logger });
    const sound = server.map.itemsRequest({});
    const start = (): Promise<never> => Promise.reject(new Error('broken'));
    vi.spyOn(server.map, 'itemsRequest').mockReturnValue({ ...sound, start });
    const socket = await connect(server, { headers: { 'x-request-id': 'req-4' } });
    socket.send(subscribeMessage('sub', 'subscription { items { key } }'));
    expect(await socket.next()).toMatchObject({ type: 'error' });
    expect(log.saying('internal error: broken')).toMatchObject([
      { request: 'req-4', connection: expect.stringMatching(UUID), id: 'sub', transport: 'websocket' },
    ]);
  });
});

describe('at debug', () => {
  it('a connection opens and closes under one id', async () => {
    const log = logLines();
    const server = await startServer({ logger: log.logger });
    const socket = await connect(server);
    socket.close();
    const closed = await log.said('connection closed');
    expect(closed).toMatchObject({ level: 'debug', close: 1000, connection: expect.stringMatching(UUID) });
    expect(log.saying('connection opened')).toMatchObject([
      { connection: closed['connection'], request: closed['request'] },
    ]);
  });

  it('an operation tells its kind, name, transport and duration', async () => {
    const log = logLines();
    const server = await startServer({ logger: log.logger });
    await ask(server, InsertItemDocument, { input });
    expect(await log.said('operation done')).toMatchObject({
      level: 'debug',
      request: expect.stringMatching(UUID),
      operation: 'mutation',
      operationName: 'InsertItem',
      transport: 'http',
      ms: expect.any(Number),
    });
  });

  it.each([
    ['websocket', overWebSocket],
    ['sse', overSse],
  ])('a subscription over %s tells of its beginning and its end', async (transport, over) => {
    const log = logLines();
    const server = await startServer({ logger: log.logger });
    await ask(server, InsertItemDocument, { input });
    const feed = over.subscribe(server, ItemsDocument, { limit: 1 });
    await feed.take(1);
    expect(await feed.next()).toBeUndefined();
    const fields = { operation: 'subscription', operationName: 'Items', transport };
    expect(await log.said('subscription ended')).toMatchObject({ ...fields, deliveries: 1 });
    expect(log.saying('subscription started')).toMatchObject([fields]);
  });

  it('a subscription ends when its client leaves', async () => {
    const log = logLines();
    const server = await startServer({ logger: log.logger });
    const socket = await connect(server);
    socket.send(subscribeMessage('1', 'subscription { itemChanges { cursor } }'));
    await socket.next();
    socket.close();
    expect(await log.said('subscription ended')).toMatchObject({ id: '1', deliveries: 1 });
    expect(log.saying('subscription ended')).toHaveLength(1);
  });
});

describe('seamline serve', () => {
  it('logs JSON on stderr, a line each', async () => {
    const { url, exited, signal } = await serveCli(['--port', '0']);
    await fetch(url);
    signal('SIGTERM');
    const { stderr } = await exited;
    const lines = stderr.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { level: 'info', msg: 'starting' },
      { level: 'info', msg: 'ready', url, time: expect.stringMatching(/^\d{4}-.*Z$/) },
      { level: 'info', msg: 'draining' },
      { level: 'info', msg: 'drained' },
    ]);
  });

  it('logs nothing with --log-level silent, and operations with debug', async () => {
    for (const [level, expected] of [
      ['silent', /^$/],
      ['debug', /"msg":"operation done"/],
    ] as const) {
      const { url, exited, signal } = await serveCli(['--port', '0', '--log-level', level]);
      await fetch(`${url}?query={__typename}`);
      signal('SIGTERM');
      expect((await exited).stderr).toMatch(expected);
    }
  });

  it('refuses a level that there isn’t', async () => {
    expect(await runCli(['--log-level', 'loud'])).toMatchObject({ code: 2 });
  });

  it('logs for people on a terminal', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'seamline-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const file = join(directory, 'terminal');
    const destination = openSync(file, 'w');
    const logger = await createLogger({ level: 'info', isTerminal: true, destination });
    logger.debug?.({}, 'not this');
    logger.info({ url: 'http://localhost' }, 'ready');
    const text = await vi.waitFor(() => {
      const written = readFileSync(file, 'utf8');
      expect(written).toContain('localhost');
      return written;
    });
    closeSync(destination);
    expect(text).toMatch(/\d\d:\d\d:\d\d\.\d{3}.*INFO.*ready/);
    expect(text).not.toContain('not this');
    expect(text).not.toContain('{"');
  });
});
