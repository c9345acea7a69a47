/** Node's HTTP server, and what HTTP asks of one beside that: RFC 9110 and RFC 9112. */
import { createServer, IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

export interface HttpServerOptions {
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void;
  /** Of WebSockets to our path only. */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** What was no request, by its status. */
  readonly refused: (status: string, socket: Duplex) => void;
}

export const GRAPHQL_PATH = '/graphql';

const MAX_HEADERS = 100;

/** In ms. */
const PATIENCE = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 2000,
  keepAliveTimeout: 65_000,
};

export function createHttpServer({ answer, upgrade, refused }: HttpServerOptions): Server {
  const server = createServer(
    { ...PATIENCE, IncomingMessage: Request, requireHostHeader: false },
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
    refuse(socket, 405, 'CONNECT is not served here: this is no proxy', 'Allow: GET, HEAD, POST');
  });
  server.on('checkExpectation', (request, response) => {
    refused('417', request.socket);
    respond(response, 417, 'the only Expect served is 100-continue');
  });
  server.on('clientError', (error, socket) => {
    // A client that resets its connection is no refusal.
    if (codeOf(error) === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    const [status, text] = BROKEN_REQUESTS[codeOf(error)] ?? [400, `not a valid HTTP/1.1 request: ${error.message}`];
    refused(String(status), socket);
    say(socket, status, text);
  });
  return server;
}

const OFFERED = Symbol('offered');

/**
 * Node takes whatever offers another protocol for an upgrade once there is a listener, and asks the request whether it is one. A client that
 * offers `h2c` besides, as Java's does, gets the HTTP/1.1 answer (RFC 9110, section 7.8).
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
  // RFC 9110: HTTP/1.0 has no upgrade.
  if (method !== 'GET' || httpVersion !== '1.1' || !offered.includes('websocket')) return false;
  if (pathOf(request) !== GRAPHQL_PATH) return false;
  // `ws` takes no list.
  headers.upgrade = 'websocket';
  return true;
}

type Problem = readonly [status: number, text: string];

/** Why a well-formed request can't be served. Otherwise an absolute target is rewritten to its path and host. */
function problemOf(request: IncomingMessage): Problem | undefined {
  const { headers, httpVersion, rawHeaders } = request;
  // Some Nodes drop those that are too many, others refuse the request by themselves.
  if (rawHeaders.length > 2 * MAX_HEADERS) return [431, `more than ${MAX_HEADERS} headers: send fewer`];
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'chunked')
    return [501, `Transfer-Encoding ${JSON.stringify(coding)} is not served: send the body as it is, or chunked`];
  const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && /^host$/i.test(name)).length;
  // Node goes by the first, a proxy in front perhaps by the last.
  if (hosts > 1) return [400, 'there is more than one Host header'];
  if (httpVersion === '1.1' && hosts === 0) return [400, 'the Host header is missing'];
  const target = absoluteTarget(request);
  if (target) {
    request.url = `${target.pathname}${target.search}`;
    headers.host = target.host;
  }
  return undefined;
}

/** As proxies are asked; every server must take it, and its host goes before the header's (RFC 9112, section 3.2.2). */
function absoluteTarget({ url = '/' }: IncomingMessage): URL | undefined {
  return /^https?:\/\//i.test(url) ? (URL.parse(url) ?? undefined) : undefined;
}

export function pathOf(request: IncomingMessage): string {
  return absoluteTarget(request)?.pathname ?? request.url?.split('?', 1)[0] ?? '/';
}

export function respond(response: ServerResponse, status: number, text: string): void {
  const body = `${text}\n`;
  const headers = { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': Buffer.byteLength(body) };
  response.writeHead(status, headers).end(body);
}

/** The same on a socket that Node's server has let go of (after an upgrade or CONNECT): closes it. */
export function refuse(socket: Duplex, status: number, text: string, ...headers: readonly string[]): void {
  socket.once('finish', () => socket.destroy());
  say(socket, status, text, ...headers);
}

function say(socket: Duplex, status: number, text: string, ...headers: readonly string[]): void {
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

/** By Node's codes. */
const BROKEN_REQUESTS: Readonly<Record<string, Problem>> = {
  HPE_HEADER_OVERFLOW: [431, 'the request’s headers are longer than 16 KiB'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'the extensions of the body’s chunks are too long: send none'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request has not come within its time: 10 s for the headers, 30 s for all of it'],
  HPE_PAUSED_H2_UPGRADE: [505, 'HTTP/2 is not served here: send HTTP/1.1'],
};
