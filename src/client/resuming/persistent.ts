import { backOff } from './retry.ts';
import { type SocketEnd, type Socket, SocketWatch, withConnectTimeout } from './socket-watch.ts';

export interface PersistentOptions {
  /**
   * Replaces graphql-ws's option of the same name. With it, an attempt to connect without an answer ends after 10 seconds. Without it,
   * the attempt ends when the WebSocket itself gives up: in browsers and in Node after minutes, with `ws` never.
   * @default the global `WebSocket`, without a connect timeout
   */
  readonly webSocketImpl?: (new (...args: never[]) => object) | undefined;
}

const PING_MS = 8000;

/**
 * Close codes after which graphql-ws gives up although the next connection may work: a failing proxy or server (1011), a token refused by a
 * server that doesn't use 4403 (4401), an error in the server (4500).
 */
const TEMPORARY: ReadonlySet<number> = new Set([1011, 4401, 4500]);

/**
 * Options for `createClient` of graphql-ws that keep a client connected. Each client needs its own. The client reconnects without limit,
 * waiting half a second at first and at most 30 seconds, and calls `connectionParams` each time. It notices a dead connection (a
 * tunnel, a closed laptop) within 15 seconds, which graphql-ws's own `keepAlive` does not.
 *
 * Add your own listeners with `client.on`, because these options contain `on`.
 *
 * @example
 * ```ts
 * const client = createClient({ url: 'ws://127.0.0.1:4000/graphql', ...persistent() });
 * ```
 */
export function persistent({ webSocketImpl }: PersistentOptions = {}) {
  let watch: SocketWatch | undefined;
  return {
    ...(webSocketImpl && { webSocketImpl: withConnectTimeout(webSocketImpl) }),
    retryAttempts: Infinity,
    shouldRetry: (): boolean => true,
    retryWait: backOff,
    keepAlive: PING_MS,
    on: {
      // Detaches the previous socket, because graphql-ws would take its events for those of the new one.
      connecting: (): void => watch?.detach(),
      opened(opened: unknown): void {
        // graphql-ws only opens instances of a WebSocket class.
        const socket = opened as Socket;
        const { onclose } = socket;
        Object.assign(socket, { onclose: (end: SocketEnd) => onclose?.(retriable(end)) });
        watch = new SocketWatch(socket);
      },
      ping(isReceived: boolean): void {
        if (!isReceived) watch?.expectAnswer();
      },
      // Any message counts, because on a slow connection the pong arrives after all earlier messages.
      message: (): void => watch?.extend(),
      pong(isReceived: boolean): void {
        if (isReceived) watch?.acknowledge();
      },
      closed: (): void => watch?.detach(),
    },
  };
}

/** Turns a close event into an error, because graphql-ws asks `shouldRetry` about every error, but not about every close event. */
function retriable(end: SocketEnd): SocketEnd {
  if (end instanceof Error || !TEMPORARY.has(end.code)) return end;
  return Object.assign(new Error(end.reason), { code: end.code });
}
