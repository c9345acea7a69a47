import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { beforeEach, describe, expect, it } from 'vitest';
import { InsertItemDocument, ItemsDocument } from '../../../schema/documents/graphql.ts';
import { EngineUnavailableError } from '../../../src/core/model/errors.ts';
import { memoryLog } from '../../../src/logs/memory/memory-log.ts';
import { traced } from '../../../src/server/observability/tracing.ts';
import { ask, overSse, overWebSocket, request } from '../../support/clients/clients.ts';
import { HeldLog } from '../../support/model/held-log.ts';
import { connect, subscribeMessage } from '../../support/sockets/raw-sockets.ts';
import { post } from '../../support/clients/requests.ts';
import { startServer } from '../../support/server/server.ts';
import { recordSpans } from '../../support/server/spans.ts';
import { openStream } from '../../support/clients/streams.ts';

const spans = recordSpans();
const input = { key: 'a', value: 'hunter2' };
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const headers = { traceparent: `00-${TRACE}-${PARENT}-01` };

/** Starts a server and discards the spans of its start. */
async function startTraced(options: Parameters<typeof startServer>[0] = {}) {
  const server = await startServer(options);
  spans.forget();
  return server;
}

beforeEach(() => spans.forget());

describe('an operation', () => {
  it('an operation has a span with its type, name and transport, and without its content', async () => {
    const server = await startTraced();
    await ask(server, InsertItemDocument, { input });
    const span = await spans.ended('mutation');
    expect(span.kind).toBe(SpanKind.SERVER);
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET });
    expect(span.attributes).toEqual({
      'graphql.operation.type': 'mutation',
      'graphql.operation.name': 'InsertItem',
      'seamline.transport': 'http',
    });
    expect(span.parentSpanContext).toBeUndefined();
  });

  it('an operation without a name has a span without a name', async () => {
    const server = await startTraced();
    await ask(server, '{ stream { size } }');
    expect((await spans.ended('query')).attributes).not.toHaveProperty('graphql.operation.name');
  });

  it('a failed operation has a span with the code and without the message, which may quote variables', async () => {
    const server = await startTraced();
    await request(server, InsertItemDocument, { input: { ...input, ttl: 'hunter2' } } as never);
    const { status, attributes, events } = await spans.ended('mutation');
    expect(attributes).toMatchObject({ 'error.type': 'BAD_USER_INPUT' });
    expect(status).toEqual({ code: SpanStatusCode.ERROR });
    expect(events).toEqual([]);
  });

  it('the span of an operation is a child of the request’s traceparent', async () => {
    const server = await startTraced();
    await post(server, { query: '{ stream { size } }' }, headers);
    const span = await spans.ended('query');
    expect(span.spanContext().traceId).toBe(TRACE);
    expect(span.parentSpanContext).toMatchObject({ spanId: PARENT, isRemote: true });
  });

  it('the span of an operation over WebSocket is a child of the upgrade’s traceparent', async () => {
    const server = await startTraced();
    const socket = await connect(server, { headers });
    socket.send(subscribeMessage('1', '{ stream { size } }'));
    await socket.next();
    const span = await spans.ended('query');
    expect(span.parentSpanContext).toMatchObject({ spanId: PARENT });
    expect(span.attributes).toMatchObject({ 'seamline.transport': 'websocket' });
  });

  it('the warm-up operation of the server has no span', async () => {
    await startServer();
    expect(spans.named('query')).toEqual([]);
  });
});

describe('a subscription', () => {
  it.each([
    ['websocket', overWebSocket],
    ['sse', overSse],
  ])('over %s has one span for its life, with its deliveries', async (transport, over) => {
    const server = await startTraced();
    const feed = over.subscribe(server, ItemsDocument, { limit: 3 });
    for (const key of ['a', 'b', 'c']) {
      await server.map.insert({ key, value: 1 });
      await feed.next();
      if (key === 'b') expect(spans.named('subscription')).toEqual([]);
    }
    await feed.next();
    const span = await spans.ended('subscription');
    expect(span.attributes).toEqual({
      'graphql.operation.type': 'subscription',
      'graphql.operation.name': 'Items',
      'seamline.transport': transport,
      'seamline.deliveries': 3,
    });
    expect(spans.named('subscription')).toHaveLength(1);
  });

  it('the span of a subscription over multipart names the transport', async () => {
    const server = await startTraced();
    await server.map.insert({ key: 'a', value: 1 });
    const stream = await openStream(server.url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', accept: 'multipart/mixed;subscriptionSpec=1.0' },
      body: JSON.stringify({ query: 'subscription { items(limit: 1) { key } }' }),
    });
    await stream.end();
    const span = await spans.ended('subscription');
    expect(span.attributes).toMatchObject({ 'seamline.transport': 'multipart', 'seamline.deliveries': 1 });
    expect(span.parentSpanContext).toMatchObject({ spanId: PARENT });
  });

  it('the span of a subscription ends when the client cuts the connection (G10)', async () => {
    const server = await startTraced();
    const stream = await openStream(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: 'subscription { itemChanges { cursor } }' }),
    });
    await stream.until(/cursor/);
    expect(spans.named('subscription')).toEqual([]);
    stream.leave();
    expect((await spans.ended('subscription')).attributes).toMatchObject({ 'seamline.deliveries': 1 });
  });

  it('a subscription that cannot start has a span with the code', async () => {
    const server = await startTraced();
    await overWebSocket.subscribe(server, ItemsDocument, { after: 'nonsense' }).next();
    const { attributes } = await spans.ended('subscription');
    expect(attributes).toMatchObject({ 'error.type': 'BAD_USER_INPUT', 'seamline.deliveries': 0 });
  });

  it('a subscription that lags has a span with the code', async () => {
    const server = await startTraced({ window: 2 });
    const { cursor } = await server.map.insert({ key: 'a', value: 1 });
    for (const key of ['b', 'c', 'd', 'e']) await server.map.insert({ key, value: 1 });
    await overWebSocket.subscribe(server, String(ItemsDocument), { after: cursor, onLag: 'FAIL' }).next();
    expect((await spans.ended('subscription')).attributes).toMatchObject({ 'error.type': 'LAGGED' });
  });
});

describe('an append to the log', () => {
  it('an append to the log has a span that is a child of its operation’s span', async () => {
    const server = await startTraced();
    await ask(server, InsertItemDocument, { input });
    const operation = await spans.ended('mutation');
    const append = await spans.ended('append');
    expect(append.parentSpanContext).toMatchObject({ spanId: operation.spanContext().spanId });
    expect(append.attributes).toEqual({
      'seamline.engine': 'memory',
      'seamline.append.bytes': expect.any(Number),
      'seamline.append.sequence': 2,
    });
  });

  it('that fails has a span with the code', async () => {
    const log = new HeldLog(memoryLog());
    const server = await startTraced({ log });
    log.failure = new EngineUnavailableError('no answer');
    await request(server, InsertItemDocument, { input });
    for (const name of ['append', 'mutation']) {
      const { status, attributes } = await spans.ended(name);
      expect(attributes).toMatchObject({ 'error.type': 'ENGINE_UNAVAILABLE' });
      expect(status).toEqual({ code: SpanStatusCode.ERROR });
    }
  });

  it('the engine’s own spans are children of the append’s span', async () => {
    const log = memoryLog();
    const active: (string | undefined)[] = [];
    const append = log.append.bind(log);
    log.append = (...entry) => {
      active.push(trace.getSpan(context.active())?.spanContext().spanId);
      return append(...entry);
    };
    await context.with(ROOT_CONTEXT, () => traced(log).append(new Uint8Array(3), 'id'));
    const span = await spans.ended('append');
    expect(active).toEqual([span.spanContext().spanId]);
    expect(span.attributes).toMatchObject({ 'seamline.append.bytes': 3 });
  });
});

describe('a traced log', () => {
  class Engine extends HeldLog {
    /** A private member, a getter and a method, as only some engines have. */
    readonly #place = 'here';
    get place(): string {
      return this.#place;
    }
    compact(): string {
      return this.#place;
    }
  }

  it('a traced log has the members of the log itself and no others', () => {
    const log = traced(new Engine(memoryLog())) as Engine & { other?: unknown };
    expect([log.engine, log.place, log.compact(), log.health()]).toEqual(['held', 'here', 'here', { ok: true }]);
    expect([log.other, 'other' in log, 'compact' in log]).toEqual([undefined, false, true]);
    const failure = new Error('x');
    log.failure = failure;
    expect(log.failure).toBe(failure);
  });
});
