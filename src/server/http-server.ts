/** Node's HTTP server, with the rules of RFC 9110 and RFC 9112 that Node leaves to the application. */
import { createServer, IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

export interface HttpServerOptions {
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void;
  /** Called only for WebSockets to the GraphQL path. */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Called with the status when a request is refused before `answer` or `upgrade`. */
  readonly refused: (status: string, socket: Duplex) => void;
}

export const GRAPHQL_PATH = '/graphql';

const MAX_HEADERS = 100;

/** In ms. */
const TIMEOUTS = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 2000,
  keepAliveTimeout: 65_000,
};

export function createHttpServer({ answer, upgrade, refused }: HttpServerOptions): Server {
  const server = createServer(
    { ...TIMEOUTS, IncomingMessage: Request, requireHostHeader: false },
    (request, response) => {
      const problem = problemOf(request);
      if (problem) {
        refused(String(problem[0]), request.socket);
        respond(response.setHeader('Connection', 'close'), ...problem);
      } else if (request.method === 'OPTIONS' && request.url === '*')
        response.writeHead(204, { Allow: 'GET, HEAD, POST, OPTIONS' }).end();
      else answer(request, response);
    },
  );
  server.maxHeadersCount = MAX_HEADERS;
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    const problem = problemOf(request);
    if (problem) {
      refused(String(problem[0]), socket);
      refuse(socket, ...problem);
    } else upgrade(request, socket, head);
  });
  server.on('connect', (_request, socket) => {
    socket.on('error', () => socket.destroy());
    refused('405', socket);
    refuse(socket, 405, 'CONNECT is not supported: this server is no proxy', 'Allow: GET, HEAD, POST');
  });
  server.on('checkExpectation', (request, response) => {
    refused('417', request.socket);
    respond(response, 417, 'unsupported Expect: only 100-continue is supported');
  });
  server.on('clientError', (error, socket) => {
    // A connection that the client resets is no refusal.
    if (codeOf(error) === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    const [status, text] = BROKEN_REQUESTS[codeOf(error)] ?? [400, `not a valid HTTP/1.1 request: ${error.message}`];
    refused(String(status), socket);
    writeResponse(socket, status, text);
  });
  return server;
}

const OFFERED = Symbol('offered');

/**
 * Once an `upgrade` listener exists, Node treats every request that offers another protocol as an upgrade, and reads `upgrade` of the request.
 * This getter makes only WebSockets upgrades: a client that offers `h2c`, as Java's does, gets the HTTP/1.1 answer (RFC 9110, section 7.8).
 */
class Request extends IncomingMessage {
  [OFFERED]?: boolean;

  get upgrade(): boolean {
    return this[OFFERED] === true && (this.method === 'CONNECT' || isWebSocket(this));
  }

  set upgrade(isOffered: boolean) {
    this[OFFERED] = isOffered;
  }
}

function isWebSocket(request: IncomingMessage): boolean {
  const { method, httpVersion, headers } = request;
  const offered = headers.upgrade?.toLowerCase().split(/\s*,\s*/) ?? [];
  // HTTP/1.0 has no upgrade (RFC 9110).
  if (method !== 'GET' || httpVersion !== '1.1' || !offered.includes('websocket')) return false;
  if (pathOf(request) !== GRAPHQL_PATH) return false;
  // `ws` does not accept a list.
  headers.upgrade = 'websocket';
  return true;
}

type Problem = readonly [status: number, text: string];

/** Returns why a well-formed request cannot be served. Otherwise it rewrites an absolute target to its path and host. */
function problemOf(request: IncomingMessage): Problem | undefined {
  const { headers, httpVersion, rawHeaders } = request;
  // Some versions of Node drop excess headers, others refuse the request themselves.
  if (rawHeaders.length > 2 * MAX_HEADERS) return [431, `more than ${MAX_HEADERS} headers: send fewer`];
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'chunked')
    return [501, `Transfer-Encoding ${JSON.stringify(coding)} is not supported: send the body plain or chunked`];
  const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && /^host$/i.test(name)).length;
  // Node uses the first one, a proxy in front perhaps the last.
  if (hosts > 1) return [400, `${hosts} Host headers: send exactly one`];
  if (httpVersion === '1.1' && hosts === 0) return [400, 'missing Host header: HTTP/1.1 requires one'];
  const target = absoluteTarget(request);
  if (target) {
    request.url = `${target.pathname}${target.search}`;
    headers.host = target.host;
  }
  return undefined;
}

/** The absolute form of a target, as sent to proxies. Servers must accept it, and its host overrides the header (RFC 9112, section 3.2.2). */
function absoluteTarget({ url = '/' }: IncomingMessage): URL | undefined {
  return /^https?:\/\//i.test(url) ? (URL.parse(url) ?? undefined) : undefined;
}

export function pathOf(request: IncomingMessage): string {
  return absoluteTarget(request)?.pathname ?? request.url?.split('?', 1)[0] ?? '/';
}

export function respond(response: ServerResponse, status: number, text: string, type = 'text/plain'): void {
  const body = `${text}\n`;
  const headers = { 'Content-Type': `${type}; charset=utf-8`, 'Content-Length': Buffer.byteLength(body) };
  response.writeHead(status, headers).end(body);
}

/** Responds on a socket that Node's server has released (after an upgrade or CONNECT), and closes it. */
export function refuse(socket: Duplex, status: number, text: string, ...headers: readonly string[]): void {
  socket.once('finish', () => socket.destroy());
  writeResponse(socket, status, text, ...headers);
}

function writeResponse(socket: Duplex, status: number, text: string, ...headers: readonly string[]): void {
  const body = `${text}\n`;
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...headers,
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

const codeOf = (error: NodeJS.ErrnoException): string => error.code ?? '';

/** By Node's error codes. */
const BROKEN_REQUESTS: Readonly<Record<string, Problem>> = {
  HPE_HEADER_OVERFLOW: [431, 'the headers are longer than 16 KiB: send less'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'the chunk extensions are too long: send none'],
  ERR_HTTP_REQUEST_TIMEOUT: [
    408,
    'the request took too long: headers must arrive within 10 s, the whole request within 30 s',
  ],
  HPE_PAUSED_H2_UPGRADE: [505, 'HTTP/2 is not supported: send HTTP/1.1'],
};
