/**
 * Ends WebSockets whose peer doesn't answer. `close()` is not enough: it waits for the peer's close frame, with `ws` for 30 seconds, in
 * Chromium for a minute, in Node without limit, and graphql-ws waits with it.
 */

/** The part of a WebSocket that is used here: of the browser's, of Node's own, or of `ws`. */
export interface Socket {
  readonly readyState: number;
  /** graphql-ws listens with the attributes `onopen`, `onmessage`, `onerror` and this one. */
  readonly onclose: ((end: SocketEnd) => void) | null;
  close(code?: number, reason?: string): void;
  addEventListener(name: string, listener: () => void): void;
  /** Only `ws` has the next two. */
  readonly isPaused?: boolean;
  terminate?(): void;
}

/** A close event, or the error that kept the socket from opening. */
export type SocketEnd = { readonly code: number; readonly reason: string } | Error;

const ANSWER_MS = 5000;
const CONNECT_MS = 10_000;

/** Values of `readyState`, the same in every implementation. */
const [CONNECTING, OPEN] = [0, 1];

/** Watches an open socket: the answer to a ping or to a close frame must arrive within five seconds. */
export class SocketWatch {
  readonly #socket: Socket;
  readonly #close: Socket['close'];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#close = socket.close;
    socket.close = (code, reason) => {
      this.#close.call(socket, code, reason);
      this.expectAnswer();
    };
  }

  /** Starts the timer, after something was sent that the peer must answer. */
  expectAnswer(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      // A paused socket doesn't read what has arrived.
      if (this.#socket.isPaused) return this.expectAnswer();
      this.#release();
      abandon(this.#socket, { code: 4408, reason: 'no answer within 5 seconds' });
    }, ANSWER_MS);
  }

  /** Extends the timer after a message: the peer is alive, but on a slow connection its answer may still be queued after other messages. */
  extend(): void {
    if (this.#timer !== undefined) this.expectAnswer();
  }

  /** Stops the timer, after a ping was answered. */
  acknowledge(): void {
    if (this.#socket.readyState === OPEN) this.#stop();
  }

  /** Stops the watch, and removes the client's listeners from the socket. */
  detach(): void {
    this.#release();
    removeListeners(this.#socket);
  }

  #release(): void {
    this.#stop();
    this.#socket.close = this.#close;
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** Wraps a WebSocket class: its sockets fail if they haven't opened after ten seconds. */
export function withConnectTimeout<Class extends new (...args: never[]) => object>(webSocketImpl: Class): Class {
  return new Proxy(webSocketImpl, {
    construct(target, args: never[]) {
      // graphql-ws only accepts WebSocket classes.
      const socket = new target(...args) as Socket;
      const timer = setTimeout(() => {
        if (socket.readyState === CONNECTING)
          abandon(socket, new Error('the WebSocket did not open within 10 seconds'));
      }, CONNECT_MS);
      for (const name of ['open', 'close']) socket.addEventListener(name, () => clearTimeout(timer));
      return socket;
    },
  });
}

/** Reports the end of the socket to the client at once, and terminates the socket. */
function abandon(socket: Socket, end: SocketEnd): void {
  const { onclose } = socket;
  removeListeners(socket);
  if (socket.terminate) socket.terminate();
  else socket.close(4408, 'no answer');
  onclose?.(end);
}

function removeListeners(socket: Socket): void {
  // onerror stays a function, because `ws` throws an error event without a listener.
  Object.assign(socket, { onopen: null, onmessage: null, onclose: null, onerror: () => {} });
}
