/** Requests as Node's server makes them, with rules of RFC 9110 and RFC 9112, and a count of what their bodies hold. */
import { IncomingMessage } from 'node:http';
import { freePieces, type Incoming, PIECE_BYTES } from '../transports/incoming/incoming-bytes.ts';
import type { Turns } from '../transports/protocol/turns.ts';

export const GRAPHQL_PATH = '/graphql';

export const MAX_HEADERS = 100;

const OFFERED = Symbol('offered');
const INCOMING = Symbol('incoming');
const COUNT = Symbol('count');
const PIECES = Symbol('pieces');
const READS = Symbol('reads');
const PAUSE = Symbol('pause');

/** Of a body: chunks, or what has come at once. The same number as the frames of a message. */
const MAX_PIECES = 16 * 1024;

/** Of a body that isn't counted when it comes in one piece. */
const SMALL_BODY = 1024;

/** After a piece of so many bytes others are read first. A connection may bring thirty of them in a row. */
const LONG_PIECE = 16 * 1024;

/**
 * Once an `upgrade` listener exists, Node treats every request that offers another protocol as an upgrade, and reads `upgrade` of the request.
 * This getter makes only WebSockets upgrades: a client that offers `h2c`, as Java's does, gets the HTTP/1.1 answer (RFC 9110, section 7.8).
 */
export class Request extends IncomingMessage {
  [OFFERED]?: boolean;
  [INCOMING]?: Incoming;
  [COUNT]?: () => Incoming;
  /** Of the body, until it is read. */
  [PIECES]: unknown[] | undefined;
  [READS]?: Turns;
  /** Until it is this body's turn to be read. */
  [PAUSE]?: { isAsked: boolean } | undefined;

  get upgrade(): boolean {
    return this[OFFERED] === true && (this.method === 'CONNECT' || isWebSocket(this));
  }

  set upgrade(isOffered: boolean) {
    this[OFFERED] = isOffered;
  }

  /** Node calls this with each piece of the body. */
  override push(chunk: unknown, encoding?: BufferEncoding): boolean {
    // Nor does the body end: nobody must take the pieces, which are freed, for all of it.
    if (this[INCOMING]?.isRefused === true) return true;
    if (this[COUNT] && chunk instanceof Uint8Array && !this.#isSmall(chunk)) {
      const incoming = (this[INCOMING] ??= this.#counted(this[COUNT]()));
      const pieces = (this[PIECES] ??= []);
      if (pieces.push(chunk) > MAX_PIECES) incoming.refuse();
      incoming.add(chunk.byteLength + PIECE_BYTES);
      // The connection ends after the answer, which is on its way.
      if (incoming.isRefused) return true;
      if (chunk.byteLength >= LONG_PIECE) this.#pause(chunk.byteLength);
    }
    return super.push(chunk, encoding);
  }

  /** Whether a piece is all of a small body, which takes less than the objects of its request. */
  #isSmall({ byteLength }: Uint8Array): boolean {
    return byteLength <= SMALL_BODY && !this[INCOMING] && byteLength === Number(this.headers['content-length']);
  }

  #pause(bytes: number): void {
    const reads = this[READS];
    if (this[PAUSE] || !reads) return;
    const pause = (this[PAUSE] = { isAsked: false });
    this.socket.pause();
    const goOn = (): void => {
      this[PAUSE] = undefined;
      if (pause.isAsked && this[INCOMING]?.isRefused === false) super._read(0);
    };
    reads.soon(this.socket, goOn, bytes, 'intake');
  }

  /** Node resumes the connection here. */
  override _read(size: number): void {
    const pause = this[PAUSE];
    if (pause) pause.isAsked = true;
    else super._read(size);
  }

  /** `count` is called when the first piece comes. Counts the body's bytes until somebody has read all of it. Its long pieces are read in turns. */
  countedBy(count: () => Incoming, reads: Turns): void {
    this[COUNT] = count;
    this[READS] = reads;
  }

  #counted(incoming: Incoming): Incoming {
    this.once('end', () => {
      incoming.holds(0);
      this[PIECES] = undefined;
    });
    return incoming;
  }

  /** The body was refused: nobody reads it. */
  freeBody(): void {
    freePieces(this[PIECES] ?? []);
    this[PIECES] = undefined;
  }
}

export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
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

export type Problem = readonly [status: number, text: string];

/** Returns why a well-formed request cannot be served. Otherwise it rewrites an absolute target to its path and host. */
export function problemOf(request: IncomingMessage): Problem | undefined {
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
