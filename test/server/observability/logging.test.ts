import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { InsertItemDocument, ItemsDocument } from '../../../schema/documents/graphql.ts';
import { EngineUnavailableError } from '../../../src/core/model/errors.ts';
import type { LogHealth } from '../../../src/core/replication/ordered-log.ts';
import { memoryLog } from '../../../src/logs/memory/memory-log.ts';
import { watchHealth } from '../../../src/server/observability/health-watch.ts';
import { ask, overSse, overWebSocket, request } from '../../support/clients/clients.ts';
import { HeldLog } from '../../support/model/held-log.ts';
import { logLines } from '../../support/server/log-lines.ts';
import { connect, subscribeMessage } from '../../support/sockets/raw-sockets.ts';
import { post } from '../../support/clients/requests.ts';
import { startServer } from '../../support/server/server.ts';

const input = { key: 'a', value: 1 };
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

describe('the log of a server', () => {
  it('the server logs its URLs, its items, and how it ends', async () => {
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

  it('the server logs the position and the number of items that its log held', async () => {
    const shared = memoryLog({ shared: true });
    const first = await startServer({ log: shared });
    await ask(first, InsertItemDocument, { input });
    const log = logLines();
    await startServer({ log: shared, logger: log.logger });
    expect(log.saying('ready')).toMatchObject([{ position: 1, items: 1 }]);
  });

  it('at info the server logs no connection and no operation', async () => {
    const log = logLines('info');
    const server = await startServer({ logger: log.logger });
    await ask(server, InsertItemDocument, { input });
    await overWebSocket.subscribe(server, ItemsDocument, { limit: 1 }).take(1);
    await server.drain();
    expect(log.lines.map(({ msg }) => msg)).toEqual(['starting', 'ready', 'draining', 'drained']);
  });

  it('the server warns when its log breaks', async () => {
    const log = logLines();
    const engine = new HeldLog(memoryLog());
    await startServer({ log: engine, logger: log.logger });
    engine.break('another epoch');
    const [line] = log.saying(/another epoch/);
    expect(line).toMatchObject({ level: 'warn', engine: 'held' });
    expect(await log.said(/^not ready/)).toMatchObject({ level: 'warn', engine: 'held' });
  });

  it('the server logs once that the engine is unhealthy and once that it recovered', () => {
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

  it('the server warns when the engine refuses a mutation', async () => {
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

describe('an internal error', () => {
  it('an internal error over HTTP is logged with its stack and request', async () => {
    const log = logLines();
    const server = await startServer({ logger: log.logger });
    vi.spyOn(server.map, 'prepared').mockReturnValue({
      bytes: 0,
      run: () => Promise.reject(new TypeError('broken', { cause: new Error('the cause') })),
    });
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

  it('an internal error of a subscription is logged with its request, connection and id', async () => {
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
  it('at debug a connection is logged as opened and closed under one id', async () => {
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

  it('at debug an operation is logged with its kind, name, transport and duration', async () => {
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
  ])('at debug a subscription over %s is logged as started and ended', async (transport, over) => {
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

  it('at debug a subscription is logged as ended when its client leaves', async () => {
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
