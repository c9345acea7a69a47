/** Node's HTTP server, with the rules of RFC 9110 and RFC 9112 that Node leaves to the application. */
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { formatError, overloaded, refused as refusedError, responseOf } from '../transports/protocol/errors.ts';
import type { IncomingBytes } from '../transports/incoming/incoming-bytes.ts';
import type { Turns } from '../transports/protocol/turns.ts';
import { MAX_HEADERS, type Problem, problemOf, Request } from './http-request.ts';
import { RequestLines } from './request-lines.ts';

export interface HttpServerOptions {
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void;
  /** Called only for WebSockets to the GraphQL path. */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Called with the status when a request is refused before `answer` or `upgrade`. */
  readonly refused: (status: string, socket: Duplex) => void;
  /** Called when a body is refused that takes part in too much memory. */
  readonly overloaded: (request: IncomingMessage) => void;
  readonly incomingBytes: IncomingBytes;
  readonly turns: Turns;
  /** Of all kinds. Beyond it, idle connections make room for new ones, or new ones are not accepted. */
  readonly maxConnections: number;
}

/** In ms. */
const TIMEOUTS = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 2000,
  keepAliveTimeout: 65_000,
};

/** Node refuses connections beyond the maximum before it shows them, so idle ones make room earlier. */
const ROOM = 100;

/** Connections that wait to be accepted. When it is full, TCP retries only after 1 s, 2 s, 4 s … however soon there is room. */
const BACKLOG = 4096;

/** Resolves with `host:port` when the server listens. Port 0: any free one. */
export async function listen(server: Server, port: number, host: string): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, backlog: BACKLOG }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { port: given } = server.address() as AddressInfo;
  return `${host.includes(':') ? `[${host}]` : host}:${given}`;
}

export function createHttpServer(options: HttpServerOptions): Server {
  const { answer, upgrade, refused, maxConnections } = options;
  const server = createServer(
    { ...TIMEOUTS, IncomingMessage: Request, requireHostHeader: false },
    (request, response) => {
      const problem = problemOf(request);
      if (problem) {
        refused(String(problem[0]), request.socket);
        respond(response.setHeader('Connection', 'close'), ...problem);
      } else if (request.method === 'OPTIONS' && request.url === '*')
        response.writeHead(204, { Allow: 'GET, HEAD, POST, OPTIONS' }).end();
      else lines.take(request, response, () => answer(request, response));
    },
  );
  const lines = new RequestLines(server, {
    incomingBytes: options.incomingBytes,
    turns: options.turns,
    maxConnections: maxConnections - ROOM,
    overloaded(request, response) {
      options.overloaded(request);
      const error = overloaded('too many requests are being sent');
      const { status = 503, headers = {} } = responseOf(error);
      response.setHeaders(new Map([['Connection', 'close'], ...Object.entries(headers)]));
      respond(response, status, JSON.stringify({ errors: [formatError(error)] }), 'application/json');
    },
  });
  server.maxConnections = maxConnections;
  server.maxHeadersCount = MAX_HEADERS;
  server.on('upgrade', (request, socket, head) => {
    lines.upgraded(socket);
    socket.on('error', destroy);
    const problem = problemOf(request);
    if (problem) {
      refused(String(problem[0]), socket);
      refuse(socket, ...problem);
    } else upgrade(request, socket, head);
  });
  server.on('connect', (_request, socket) => {
    socket.on('error', destroy);
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

/** A listener that all sockets share. */
function destroy(this: Duplex): void {
  this.destroy();
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

/** The answer to a request that is refused before GraphQL sees it, as one GraphQL error. */
export function respondForbidden(response: ServerResponse, text: string): void {
  response.setHeader('Cache-Control', 'no-store').setHeader('Vary', 'Origin');
  const errors = [formatError(refusedError('FORBIDDEN', text))];
  respond(response, 403, JSON.stringify({ errors }), 'application/json');
}
