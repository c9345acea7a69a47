/**
 * What clients may do with TCP connections. Of requests that a client sends one after the other without waiting (pipelining) one at a time is
 * answered, so that unread answers don't pile up. When there is no room for another connection, the one that has done nothing for longest
 * makes room.
 */
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Incoming, type IncomingBytes } from '../transports/protocol/incoming-bytes.ts';
import { hasBody, type Request } from './http-request.ts';

/** What a request takes that waits behind others: objects of Node, and its headers. */
const REQUEST_BYTES = 8 * 1024;

const LINE = Symbol('line');

interface Line {
  /** Whether a request is being answered. */
  isBusy: boolean;
  readonly waiting: (() => void)[];
}

type Connection = Socket & { [LINE]?: Line };

export interface RequestLinesOptions {
  readonly incomingBytes: IncomingBytes;
  /** Beyond it, idle connections make room for new ones. */
  readonly maxConnections: () => number;
  /** Answers a request whose body was refused, because all bodies together took too much memory. */
  readonly overloaded: (request: Request, response: ServerResponse) => void;
}

export class RequestLines {
  readonly #options: RequestLinesOptions;
  /** Connections without a request, oldest first. */
  readonly #idle = new Set<Socket>();
  #connections = 0;

  constructor(server: Server, options: RequestLinesOptions) {
    this.#options = options;
    server.on('connection', (socket: Socket) => this.#opened(socket));
  }

  #opened(socket: Socket): void {
    this.#connections++;
    this.#idle.add(socket);
    socket.once('close', () => {
      this.#connections--;
      this.#idle.delete(socket);
    });
    if (this.#connections <= this.#options.maxConnections()) return;
    const [oldest] = this.#idle;
    if (oldest && oldest !== socket) oldest.destroy();
  }

  /** The connection serves another protocol from now on. */
  upgraded(socket: object): void {
    this.#idle.delete(socket as Socket);
  }

  /** Calls `answer` when it is the request's turn. */
  take(request: Request, response: ServerResponse, answer: () => void): void {
    const socket: Connection = request.socket;
    const line = (socket[LINE] ??= { isBusy: false, waiting: [] });
    if (hasBody(request)) {
      const incoming = this.#incoming(request, response);
      request.countedBy(incoming);
      response.once('close', () => incoming.holds(0));
    }
    if (!line.isBusy) return this.#begin(socket, response, answer);
    // Its answer would have to follow the others', which may never come.
    const incoming = new Incoming(this.#options.incomingBytes, () => socket.destroy());
    incoming.holds(REQUEST_BYTES);
    socket.once('close', () => incoming.holds(0));
    // Nothing more is read until the request before this one is answered.
    socket.pause();
    line.waiting.push(() => {
      incoming.holds(0);
      this.#begin(socket, response, answer);
    });
  }

  #begin(socket: Connection, response: ServerResponse, answer: () => void): void {
    const line = socket[LINE];
    if (line) line.isBusy = true;
    this.#idle.delete(socket);
    response.once('close', () => this.#ended(socket));
    answer();
  }

  #ended(socket: Connection): void {
    const line = socket[LINE];
    if (socket.destroyed || !line) return;
    line.isBusy = false;
    const next = line.waiting.shift();
    if (next) next();
    else this.#idle.add(socket);
    if (line.waiting.length === 0) socket.resume();
  }

  #incoming(request: Request, response: ServerResponse): Incoming {
    return new Incoming(this.#options.incomingBytes, () => {
      // Nothing more of it is read: the connection ends with the answer.
      request.socket.pause();
      if (response.headersSent || response.writableEnded) request.socket.destroy();
      else this.#options.overloaded(request, response);
    });
  }
}
