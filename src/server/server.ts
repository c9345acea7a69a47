/** Builds a server of its parts: the only place that constructs things. */
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { createSchema } from '../../schema/index.ts';
import type { Logger } from '../core/follower.ts';
import { StreamingMap } from '../core/streaming-map.ts';
import { memoryLog } from '../logs/memory-log.ts';
import { createHttp } from '../transports/http.ts';
import { OpenStreams } from '../transports/open-streams.ts';
import { WebSocketTransport } from '../transports/websocket.ts';
import { createMetrics } from './metrics.ts';
import { assertSound, DEFAULTS, isLoopback, type ServerOptions } from './options.ts';
import { createAdmit } from './admission.ts';
import { InsertRate } from './insert-rate.ts';
import { isOwnPage, type Origins } from './origin.ts';

export interface SeamlineServer {
  /** Where GraphQL is served, over HTTP: `http://127.0.0.1:4000/graphql`. */
  readonly url: string;
  /** The same over WebSocket. */
  readonly webSocketUrl: string;
  readonly map: StreamingMap;
  /** Not ready, no new connections, answers in flight finish, streams end so that clients resume elsewhere. */
  drain(): Promise<void>;
}

/** Resolves once the server listens and holds what its log held. Rejects, leaving nothing open, when it can't. */
export async function createServer(options: ServerOptions = {}): Promise<SeamlineServer> {
  assertSound(options);
  const host = options.host ?? DEFAULTS.host;
  if (options.open !== true && options.jwks === undefined && options.jwtSecret === undefined && !isLoopback(host))
    throw new RangeError(
      `without authentication ${host} would be open to everybody: pass open, jwks, jwtSecret, or a loopback host`,
    );
  const map = await StreamingMap.open({ ...options, log: options.log ?? memoryLog() });
  try {
    const server = new RunningServer(map, options);
    await server.listen(options.port ?? DEFAULTS.port, host);
    return server;
  } catch (error) {
    await map.close();
    throw error;
  }
}

const SILENT: Logger = { info: () => {}, warn: () => {}, error: () => {} };

class RunningServer implements SeamlineServer {
  readonly map: StreamingMap;
  url = '';
  webSocketUrl = '';
  readonly #http: Server;
  readonly #yoga;
  readonly #webSockets: WebSocketTransport;
  readonly #streams = new OpenStreams();
  readonly #metrics;
  readonly #origins: Origins;
  readonly #drainTimeoutMs: number;
  readonly #inFlight = new Set<ServerResponse>();
  #drained: Promise<void> | undefined;

  constructor(map: StreamingMap, options: ServerOptions) {
    const { logger = SILENT, allowOrigins = [], keepAliveMs = DEFAULTS.keepAliveMs } = options;
    const maxMessageBytes = options.maxMessageBytes ?? DEFAULTS.maxMessageBytes;
    const logError = (error: unknown): void =>
      logger.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
    this.map = map;
    this.#origins = { allowOrigins, trustProxy: options.trustProxy ?? false };
    const insertRate = options.insertRate === undefined ? undefined : new InsertRate(options.insertRate);
    const admit = createAdmit({ ...options, ...this.#origins, insertRate });
    this.#drainTimeoutMs = options.drainTimeoutMs ?? DEFAULTS.drainTimeoutMs;
    this.#yoga = createHttp({
      schema: createSchema(),
      map,
      admit,
      streams: this.#streams,
      graphiql: options.graphiql ?? true,
      introspection: options.introspection ?? true,
      allowOrigins,
      maxBodyBytes: maxMessageBytes,
      keepAliveMs,
      logError,
    });
    this.#webSockets = new WebSocketTransport({
      yoga: this.#yoga,
      map,
      admit,
      maxConnections: options.maxConnections ?? DEFAULTS.maxConnections,
      maxSubscriptions: options.maxSubscriptions ?? DEFAULTS.maxSubscriptions,
      maxMessageBytes,
      keepAliveMs,
      logError,
    });
    this.#http = createHttpServer((request, response) => this.#answer(request, response));
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    const countSockets = (): Promise<number> =>
      new Promise((resolve) => this.#http.getConnections((error, count) => resolve(error ? 0 : count)));
    this.#metrics = createMetrics({ map, streams: this.#streams, webSockets: this.#webSockets, countSockets });
  }

  async listen(port: number, host: string): Promise<void> {
    // The first operation validates the schema and compiles most of the code: nobody's subscription shall wait for that.
    await this.#yoga.fetch('http://localhost/graphql?query={stream{epoch}}');
    await new Promise<void>((resolve, reject) => {
      this.#http.once('error', reject);
      this.#http.listen(port, host, () => {
        this.#http.off('error', reject);
        resolve();
      });
    });
    const address = this.#http.address() as AddressInfo;
    const shown = host.includes(':') ? `[${host}]` : host;
    this.url = `http://${shown}:${address.port}/graphql`;
    this.webSocketUrl = `ws://${shown}:${address.port}/graphql`;
  }

  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  async #drain(): Promise<void> {
    const closed = new Promise((resolve) => this.#http.close(resolve));
    // A client that keeps its connection alive would come back to a server that is going.
    for (const response of this.#inFlight) if (!response.headersSent) response.setHeader('Connection', 'close');
    this.#streams.drain();
    const timer = setTimeout(() => this.#http.closeAllConnections(), this.#drainTimeoutMs);
    await this.#webSockets.close(this.#drainTimeoutMs);
    this.#http.closeIdleConnections();
    await closed;
    clearTimeout(timer);
    await this.map.close();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = pathOf(request);
    this.#inFlight.add(response);
    response.once('close', () => this.#inFlight.delete(response));
    if (this.#drained) response.setHeader('Connection', 'close');
    if (!URL.canParse(`http://${request.headers.host}`)) respond(response, 400, 'bad host\n');
    else if (path === '/graphql') void this.#yoga(request, response);
    else if (path === '/') response.writeHead(307, { Location: '/graphql' }).end();
    else if (path === '/health') respond(response, 200, 'ok\n');
    else if (path === '/ready') this.#answerReady(response);
    else if (path === '/metrics') void this.#answerMetrics(response);
    else respond(response, 404, 'not found\n');
  }

  #answerReady(response: ServerResponse): void {
    const health = this.map.health();
    if (this.#drained) respond(response, 503, 'draining\n');
    else if (health.ok) respond(response, 200, 'ready\n');
    else respond(response, 503, `${health.reason}\n`);
  }

  async #answerMetrics(response: ServerResponse): Promise<void> {
    response.setHeader('Content-Type', this.#metrics.contentType);
    response.end(await this.#metrics.metrics());
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    if (pathOf(request) !== '/graphql') return refuse(socket, '404 Not Found');
    if (this.#drained) return refuse(socket, '503 Service Unavailable');
    if (!isOwnPage(request, this.#origins)) return refuse(socket, '403 Forbidden');
    this.#webSockets.upgrade(request, socket, head);
  }
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '/';
}

function respond(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(text);
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
