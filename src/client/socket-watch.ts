/**
 * Ends WebSockets on which nobody answers. `close()` alone does not: it waits for the other side's close frame, with `ws` for 30 seconds,
 * in Chromium for a minute, in Node for ever, and graphql-ws waits with it.
 */

/** What is used of a WebSocket: the browser's, Node's own, or one of `ws`. */
export interface Socket {
  readonly readyState: number;
  /** graphql-ws listens by the attributes `onopen`, `onmessage`, `onerror` and this one. */
  readonly onclose: ((end: End) => void) | null;
  close(code?: number, reason?: string): void;
  addEventListener(name: string, listener: () => void): void;
  /** `ws` alone has these two. */
  readonly isPaused?: boolean;
  terminate?(): void;
}

/** A close event, or what kept the socket from opening. */
export type End = { readonly code: number; readonly reason: string } | Error;

const ANSWER_MS = 5000;
const CONNECT_MS = 10_000;

/** As in every implementation. */
const [CONNECTING, OPEN] = [0, 1];

/** Watches an open socket: an answer, to a ping or to a close frame, must come within five seconds. */
export class SocketWatch {
  readonly #socket: Socket;
  readonly #close: Socket['close'];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#close = socket.close;
    socket.close = (code, reason) => {
      this.#close.call(socket, code, reason);
      this.expect();
    };
  }

  /** Something was sent that the other side answers. */
  expect(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      // A paused socket doesn't read what has arrived.
      if (this.#socket.isPaused) return this.expect();
      this.#release();
      abandon(this.#socket, { code: 4408, reason: 'no answer' });
    }, ANSWER_MS);
  }

  /** The other side lives. Its answer comes after all that it said before, which may take long over a slow link. */
  hear(): void {
    if (this.#timer !== undefined) this.expect();
  }

  /** A ping was answered. */
  answered(): void {
    if (this.#socket.readyState === OPEN) this.#stop();
  }

  /** Stops the watch, and detaches the client's listeners from the socket. */
  end(): void {
    this.#release();
    silence(this.#socket);
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

/** The same class, whose sockets give up when they have not opened after ten seconds. */
export function impatient<Class extends new (...args: never[]) => object>(webSocketImpl: Class): Class {
  return new Proxy(webSocketImpl, {
    construct(target, args: never[]) {
      // graphql-ws takes no other.
      const socket = new target(...args) as Socket;
      const timer = setTimeout(() => {
        if (socket.readyState === CONNECTING) abandon(socket, new Error('no connection within 10 seconds'));
      }, CONNECT_MS);
      for (const name of ['open', 'close']) socket.addEventListener(name, () => clearTimeout(timer));
      return socket;
    },
  });
}

/** Tells the client at once that the socket has ended, and lets go of it. */
function abandon(socket: Socket, end: End): void {
  const { onclose } = socket;
  silence(socket);
  if (socket.terminate) socket.terminate();
  else socket.close(4408, 'no answer');
  onclose?.(end);
}

function silence(socket: Socket): void {
  // `ws` throws an error that nobody listens to.
  Object.assign(socket, { onopen: null, onmessage: null, onclose: null, onerror: () => {} });
}
