/**
 * What clients may do with TCP connections. Of requests that a client sends one after the other without waiting (pipelining) one at a time is
 * answered, so that unread answers don't pile up. When there is no room for another connection, the one that has done nothing for longest
 * makes room.
 */
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Incoming, type IncomingBytes } from '../transports/incoming/incoming-bytes.ts';
import type { Turns } from '../transports/protocol/turns.ts';
import { hasBody, type Request } from './http-request.ts';

/** What a request takes that waits for others: objects of Node, and its headers. */
const WAITING_BYTES = 8 * 1024;

/** Of one connection. Browsers send none, and other clients some ten at a time. */
const MAX_WAITING = 1000;

const LINE = Symbol('line');

/** The requests of one connection. */
interface Line {
  /** Whether a request is being answered. */
  isBusy: boolean;
  readonly waiting: (() => void)[];
  /** Counts those that wait. */
  readonly incoming: Incoming;
}

type Connection = Socket & { [LINE]?: Line };

export interface RequestLinesOptions {
  readonly incomingBytes: IncomingBytes;
  readonly turns: Turns;
  /** Beyond it, idle connections make room for new ones. */
  readonly maxConnections: number;
  /** Answers a request whose body was refused, because all bodies together took too much memory. */
  readonly overloaded: (request: Request, response: ServerResponse) => void;
}

export class RequestLines {
  readonly #options: RequestLinesOptions;
  /** Connections without a request, oldest first. */
  readonly #idle = new Set<Socket>();
  #connections = 0;

  /** A listener that all sockets share. */
  readonly #onClose: (this: Connection) => void;

  constructor(server: Server, options: RequestLinesOptions) {
    this.#options = options;
    const closed = (socket: Connection): void => this.#closed(socket);
    this.#onClose = function onClose() {
      closed(this);
    };
    server.on('connection', (socket: Socket) => this.#opened(socket));
  }

  #opened(socket: Connection): void {
    this.#connections++;
    this.#idle.add(socket);
    socket.on('close', this.#onClose);
    if (this.#connections <= this.#options.maxConnections) return;
    const [oldest] = this.#idle;
    if (oldest && oldest !== socket) oldest.destroy();
  }

  #closed(socket: Connection): void {
    this.#connections--;
    this.#idle.delete(socket);
    socket[LINE]?.incoming.holds(0);
  }

  /** The connection serves another protocol from now on. */
  upgraded(socket: object): void {
    this.#idle.delete(socket as Socket);
  }

  /** Calls `answer` when it is the request's turn. */
  take(request: Request, response: ServerResponse, answer: () => void): void {
    const socket: Connection = request.socket;
    const line = (socket[LINE] ??= {
      isBusy: false,
      waiting: [],
      // Its answer would have to follow the others', which may never be read.
      incoming: new Incoming(this.#options.incomingBytes, () => void socket.destroy()),
    });
    if (hasBody(request)) request.countedBy(() => this.#incomingOf(request, response), this.#options.turns);
    if (!line.isBusy) return this.#begin(socket, line, response, answer);
    if (line.waiting.length === MAX_WAITING) return void socket.destroy();
    // Nothing more is read until those that have come are answered.
    socket.pause();
    line.waiting.push(() => this.#begin(socket, line, response, answer));
    line.incoming.add(WAITING_BYTES);
  }

  #begin(socket: Connection, line: Line, response: ServerResponse, answer: () => void): void {
    line.isBusy = true;
    this.#idle.delete(socket);
    response.on('close', () => {
      if (socket.destroyed) return;
      if (line.waiting.length > 0) return this.#options.turns.soon(socket, () => this.#next(socket, line));
      line.isBusy = false;
      this.#idle.add(socket);
    });
    answer();
  }

  #next(socket: Connection, line: Line): void {
    const next = line.waiting.shift();
    if (socket.destroyed || !next) return;
    line.incoming.add(-WAITING_BYTES);
    next();
    if (line.waiting.length === 0) socket.resume();
  }

  #incomingOf(request: Request, response: ServerResponse): Incoming {
    const incoming = new Incoming(this.#options.incomingBytes, () => {
      // Nothing more of it is read: the connection ends with the answer.
      request.socket.pause();
      request.freeBody();
      if (response.headersSent || response.writableEnded) request.socket.destroy();
      else this.#options.overloaded(request, response);
    });
    response.once('close', () => incoming.holds(0));
    return incoming;
  }
}
