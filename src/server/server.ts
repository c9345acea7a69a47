/** Builds a server from its parts. This is the only place that constructs them. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ExecutionResult } from 'graphql';
import { createSchema } from '../../schema/index.ts';
import type { LogHealth } from '../core/replication/ordered-log.ts';
import type { SdlDefinition } from '../../schema/sdl/definition.ts';
import type { StreamingMap } from '../core/streaming-map.ts';
import type { Source } from '../core/subscriptions/items.ts';
import { FanOuts } from '../fanout/fan-outs.ts';
import { stringify } from '../transports/protocol/errors.ts';
import { allowedOrigins } from '../transports/protocol/allowed-origins.ts';
import { requestHandler } from '../transports/http/request-handler.ts';
import { FastInserts } from '../transports/operations/fast-insert.ts';
import { observeOperations } from '../transports/operations/operation-observer.ts';
import { createHttp } from '../transports/http/http.ts';
import { pageCollections } from '../transports/http/page-collections.ts';
import { Heartbeat } from '../transports/protocol/heartbeat.ts';
import { IncomingBytes } from '../transports/incoming/incoming-bytes.ts';
import { LongBodies } from '../transports/incoming/long-bodies.ts';
import { Accepting } from '../transports/protocol/accepting.ts';
import { Turns } from '../transports/protocol/turns.ts';
import { trusting } from '../transports/protocol/trusted-documents.ts';
import { UnreadAnswers } from '../transports/answers/unread-answers.ts';
import { OpenStreams } from '../transports/streaming/open-streams.ts';
import { type RequestIdentity, RequestLog } from '../transports/observability/request-log.ts';
import { WebSocketTransport } from '../transports/websocket/websocket.ts';
import { assertLogForEach, assertOptions } from './assert-options.ts';
import { createAdmit } from './authentication.ts';
import { ConsolePage } from './console-page.ts';
import { createMetrics } from './metrics.ts';
import { isPrivate, type ServerOptions, withDefaults } from './options.ts';
import { InsertRate } from './insert-rate.ts';
import { clientAddress, hostRefusal, originRefusal, type OriginRefusal, type Origins } from './request-origin.ts';
import { AppendLatency } from './observability/append-latency.ts';
import { watchHealth } from './observability/health-watch.ts';
import { traced } from './observability/tracing.ts';
import { isTraced } from '../transports/observability/tracing.ts';
import { GRAPHQL_PATH, pathOf } from './http-request.ts';
import { createHttpServer, listen, refuse, respond, respondForbidden } from './http-server.ts';
import { definitionIn } from './collections/definition.ts';
import type { ServedMaps } from './collections/served-maps.ts';
import { assertItemsFit } from './collections/stored-items.ts';
import { firstOperation, valueFields } from './collections/schema-facts.ts';
import { openServedMaps, setSqlTypes } from './open-log.ts';

/** A running server. */
export interface SeamlineServer {
  /** URL of GraphQL over HTTP: `http://127.0.0.1:4000/graphql`. */
  readonly url: string;
  /** URL of GraphQL over WebSocket: `ws://127.0.0.1:4000/graphql`. */
  readonly webSocketUrl: string;
  /** The map that the server serves; with `schema`, that of the first collection. */
  readonly map: StreamingMap;
  /** The map of each collection, by its plural name: `items` without `schema`. */
  readonly maps: ReadonlyMap<string, StreamingMap>;
  /**
   * Shuts down gracefully: it refuses new connections, finishes answers in flight and ends streams so that clients resume on another node.
   * Resolves once everything is closed.
   */
  drain(): Promise<void>;
}

/** Starts a server: see create-server.ts. */
export async function createServer(given: ServerOptions = {}): Promise<SeamlineServer> {
  assertOptions(given);
  const options = withDefaults(given);
  const definition = definitionIn(options.schema);
  assertLogForEach(options, definition?.collections);
  const appendLatency = new AppendLatency();
  const maps = await openServedMaps(options, definition, (log, collection) =>
    appendLatency.timed(traced(log, isTraced, collection), collection),
  );
  try {
    await assertItemsFit(maps, definition);
    await setSqlTypes(options, definition);
    const server = new RunningServer(maps, options, definition, appendLatency);
    await server.listen();
    return server;
  } catch (error) {
    await maps.close();
    throw error;
  }
}

/** TCP connections beyond `maxConnections`, for plain requests and for connections that are told that the server is full. */
const SPARE_CONNECTIONS = 1000;

type Settings = ReturnType<typeof withDefaults>;

class RunningServer implements SeamlineServer {
  readonly #maps: ServedMaps;
  readonly #definition: SdlDefinition | undefined;
  readonly #options: Settings;
  url = '';
  webSocketUrl = '';
  readonly #http: Server;
  readonly #yoga;
  readonly #answerGraphQL: (request: IncomingMessage, response: ServerResponse) => unknown;
  readonly #webSockets: WebSocketTransport;
  readonly #console: ConsolePage | undefined;
  readonly #streams = new OpenStreams();
  readonly #accepting = new Accepting();
  readonly #turns = new Turns(undefined, undefined, this.#accepting);
  readonly #answers = new UnreadAnswers(this.#turns);
  readonly #heartbeat: Heartbeat;
  readonly #metrics;
  readonly #origins: Origins;
  readonly #requestLog: RequestLog;
  #unwatch: readonly (() => void)[] = [];
  readonly #inFlight = new Set<ServerResponse>();
  #drained: Promise<void> | undefined;

  constructor(
    maps: ServedMaps,
    options: Settings,
    definition: SdlDefinition | undefined,
    appendLatency: AppendLatency,
  ) {
    const { logger, allowOrigins, trustProxy, introspection } = options;
    const { maxMessageBytes, maxConnections, maxSubscriptions, keepAliveMs, initTimeoutMs } = options;
    this.#maps = maps;
    this.#definition = definition;
    const { scheduler } = maps;
    scheduler.holdWhile(() => this.#accepting.isBusy);
    this.#options = options;
    this.#heartbeat = new Heartbeat(keepAliveMs);
    // A shorter secret can be guessed from any token (RFC 7518, section 3.2).
    if (options.jwtSecret && Buffer.byteLength(options.jwtSecret) < 32)
      logger.warn({}, 'jwtSecret is shorter than 32 bytes: use a longer one');
    const trust = options.trustedDocuments && trusting(options.trustedDocuments);
    const allowed = allowedOrigins(allowOrigins);
    this.#origins = { allowed, trustProxy, isPrivate: isPrivate(options) };
    this.#requestLog = new RequestLog(logger, (request) => clientAddress(request, this.#origins));
    const insertRate = options.insertRate === undefined ? undefined : new InsertRate(options.insertRate);
    const admit = createAdmit({ ...options, ...this.#origins, insertRate });
    const { federation } = options;
    const schema = createSchema({ definition, federation, mapOf: (plural) => maps.of(plural) });
    this.#console = options.console ? new ConsolePage(pageCollections(schema)) : undefined;
    const format = (result: ExecutionResult): string => stringify(result, this.#requestLog.internal);
    const fanOuts = new FanOuts({ schema, format });
    const fanOutOf = options.fanOut ? (source: Source<unknown>) => fanOuts.of(source) : undefined;
    const observe = observeOperations(this.#requestLog);
    const textFields = valueFields(definition);
    const fastInserts = new FastInserts(schema, observe, textFields);
    const [heartbeat, requestLog, streams] = [this.#heartbeat, this.#requestLog, this.#streams];
    const [turns, answers] = [this.#turns, this.#answers];
    const longBodies = new LongBodies(turns);
    const work = { fanOutOf, fastInserts, turns, longBodies, answers, valueFields: textFields };
    const shared = { scheduler, admit, maxMessageBytes, heartbeat, trust, requestLog, ...work };
    const isFull = (): boolean => this.#longLived >= maxConnections;
    const graphiql = options.graphiql ? { hasConsole: options.console } : undefined;
    const http = { schema, streams, graphiql, introspection, allowed, keepAliveMs, observe, isFull };
    const yoga = createHttp({ ...shared, ...http });
    this.#yoga = yoga;
    // The fast path knows documents by their text, never by a hash.
    this.#answerGraphQL = trust ? yoga : requestHandler(yoga, shared);
    // The count includes the WebSocket that asks.
    const isOverfull = (): boolean => this.#longLived > maxConnections;
    const incomingBytes = new IncomingBytes();
    const webSocket = { yoga, maxSubscriptions, initTimeoutMs, incomingBytes, isFull: isOverfull };
    this.#webSockets = new WebSocketTransport({ ...shared, ...webSocket });
    this.#http = createHttpServer({
      answer: (request, response) => this.#answer(request, response),
      upgrade: (request, socket, head) => this.#upgrade(request, socket, head),
      refused: (status, socket) => this.#requestLog.refused(strangerAt(socket as Socket), status),
      overloaded: (request) =>
        this.#requestLog.refused(this.#requestLog.identityOf(request), 'OVERLOADED', { transport: 'http' }),
      incomingBytes,
      turns,
      maxConnections: maxConnections + SPARE_CONNECTIONS,
    });
    const came = (): void => this.#accepting.came();
    this.#http.on('connection', came).on('drop', came);
    const countSockets = (): Promise<number> =>
      new Promise((resolve) => this.#http.getConnections((error, count) => resolve(error ? 0 : count)));
    this.#metrics = createMetrics({
      maps,
      streams: this.#streams,
      webSockets: this.#webSockets,
      refusals: this.#requestLog.refusalLog.counts,
      countSockets,
      isReady: () => this.#readiness().ok,
      appendLatency,
      answers,
    });
  }

  get map(): StreamingMap {
    return this.#maps.first;
  }

  get maps(): ReadonlyMap<string, StreamingMap> {
    return this.#maps.byPlural;
  }

  async listen(): Promise<void> {
    const { port, host, logger } = this.#options;
    // The first operation validates the schema and compiles most of the code, so that no client waits for that.
    await this.#yoga.fetch(`http://localhost/graphql?query=${firstOperation(this.#definition)}`);
    const address = await listen(this.#http, port, host);
    this.url = `http://${address}/graphql`;
    this.webSocketUrl = `ws://${address}/graphql`;
    const [{ url, webSocketUrl }, { engine }] = [this, this.map];
    logger.info({ url, webSocketUrl, engine, ...this.#maps.fields() }, 'ready');
    this.#unwatch = this.#maps.withLoggers(logger).map(([map, named]) => watchHealth(map, named));
  }

  drain(): Promise<void> {
    return (this.#drained ??= this.#drain());
  }

  async #drain(): Promise<void> {
    const start = performance.now();
    const [connections, subscriptions] = [this.#webSockets.connections, this.#maps.subscriptions];
    const { logger, drainTimeoutMs } = this.#options;
    logger.info({ connections, subscriptions }, 'draining');
    for (const unwatch of this.#unwatch) unwatch();
    const closed = new Promise((resolve) => this.#http.close(resolve));
    // Without this header a client with a kept-alive connection would send its next request to a server that shuts down.
    for (const response of this.#inFlight) if (!response.headersSent) response.setHeader('Connection', 'close');
    this.#streams.drain(drainTimeoutMs / 2);
    const timer = setTimeout(() => this.#http.closeAllConnections(), drainTimeoutMs);
    await this.#webSockets.close(drainTimeoutMs);
    this.#http.closeIdleConnections();
    this.#heartbeat.stop();
    this.#answers.stop();
    await closed;
    clearTimeout(timer);
    await this.#maps.close();
    this.#requestLog.refusalLog.flush();
    logger.info({ ms: Math.round(performance.now() - start) }, 'drained');
  }

  /** Connections that stay open. */
  get #longLived(): number {
    return this.#webSockets.connections + this.#streams.count('sse') + this.#streams.count('multipart');
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = pathOf(request);
    const identity = this.#requestLog.identityOf(request);
    response.setHeader('X-Request-Id', identity.request);
    this.#inFlight.add(response);
    response.on('close', () => this.#inFlight.delete(response));
    if (this.#drained) response.setHeader('Connection', 'close');
    const badHost = hostRefusal(request, this.#origins);
    const badOrigin = path === GRAPHQL_PATH ? originRefusal(request, this.#origins, 'http') : undefined;
    if (badHost) respond(response, 400, this.#logged(identity, badHost, 'http'));
    else if (badOrigin) respondForbidden(response, this.#logged(identity, badOrigin, 'http'));
    else if (path === GRAPHQL_PATH) this.#answerGraphQL(request, response);
    else if (path === '/health') respond(response, 200, 'ok');
    else if (path === '/ready') this.#answerReady(response);
    else if (path === '/metrics') void this.#answerMetrics(identity, response);
    else if (this.#console?.has(path)) this.#console.answer(request, response, path);
    else if (path === '/' && this.#options.graphiql) response.writeHead(307, { Location: '/graphql' }).end();
    else respond(response, 404, `not found: GraphQL is served at ${GRAPHQL_PATH}`);
  }

  #answerReady(response: ServerResponse): void {
    const readiness = this.#readiness();
    if (readiness.ok) respond(response, 200, 'ready');
    else respond(response, 503, readiness.reason);
  }

  #readiness(): LogHealth {
    return this.#drained ? { ok: false, reason: 'draining' } : this.#maps.health();
  }

  /** Never rejects: nobody awaits it. */
  async #answerMetrics(identity: RequestIdentity, response: ServerResponse): Promise<void> {
    try {
      const text = await this.#metrics.metrics();
      response.setHeader('Content-Type', this.#metrics.contentType).end(text);
    } catch (error) {
      this.#requestLog.internal(error, identity);
      respond(response, 500, 'the metrics cannot be read: the log of the server says why');
    }
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#drained) return refuse(socket, 503, 'draining: connect again', 'Retry-After: 1');
    const refusal = hostRefusal(request, this.#origins) ?? originRefusal(request, this.#origins, 'websocket');
    if (!refusal) return this.#webSockets.upgrade(request, socket, head);
    refuse(socket, 403, this.#logged(this.#requestLog.identityOf(request), refusal, 'websocket'));
  }

  /** Logs the refusal, and returns its text for the client. */
  #logged(identity: RequestIdentity, { code, fields, message, text }: OriginRefusal, transport: string): string {
    this.#requestLog.refused(identity, code, { transport, ...fields }, message);
    return text;
  }
}

/** The identity of a connection that has sent no valid request. */
function strangerAt({ remoteAddress = '' }: Socket): RequestIdentity {
  return { request: crypto.randomUUID(), client: remoteAddress, headers: {} };
}
