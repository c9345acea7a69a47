import { backOff } from './backoff.ts';
import { type End, impatient, type Socket, SocketWatch } from './socket-watch.ts';

export interface PersistentOptions {
  /**
   * The same as graphql-ws's option, instead of it. Then an attempt to connect that gets no answer ends after 10 seconds, too; without,
   * it ends when the WebSocket itself gives up: in browsers and in Node after minutes, with `ws` never.
   */
  readonly webSocketImpl?: (new (...args: never[]) => object) | undefined;
}

const PING_MS = 8000;

/**
 * Close codes after which graphql-ws would not come back, though the next connection may be fine: a proxy or a server in trouble (1011),
 * a token that is refused by a server that doesn't say 4403 (4401), an error in the server (4500).
 */
const PASSING: ReadonlySet<number> = new Set([1011, 4401, 4500]);

/**
 * Options for `createClient` of graphql-ws, to be made for each client: it comes back for ever, after half a second and then longer, but
 * never more than half a minute; each time it asks for `connectionParams` again. It notices within 15 seconds that a connection died
 * without a word (a tunnel, a lid that was closed), which graphql-ws's own `keepAlive` does not.
 *
 * Listeners of your own are added by `client.on`: the option `on` is taken.
 */
export function persistent({ webSocketImpl }: PersistentOptions = {}) {
  let watch: SocketWatch | undefined;
  return {
    ...(webSocketImpl && { webSocketImpl: impatient(webSocketImpl) }),
    retryAttempts: Infinity,
    shouldRetry: (): boolean => true,
    retryWait: backOff,
    keepAlive: PING_MS,
    on: {
      // Silences the previous socket: graphql-ws would take its events for the new one's.
      connecting: (): void => watch?.end(),
      opened(opened: unknown): void {
        // graphql-ws makes it of a class that is a WebSocket.
        const socket = opened as Socket;
        const { onclose } = socket;
        Object.assign(socket, { onclose: (end: End) => onclose?.(retriable(end)) });
        watch = new SocketWatch(socket);
      },
      ping(isReceived: boolean): void {
        if (!isReceived) watch?.expect();
      },
      // Also a pong: whoever reads slowly gets it after much else.
      message: (): void => watch?.hear(),
      pong(isReceived: boolean): void {
        if (isReceived) watch?.answered();
      },
      closed: (): void => watch?.end(),
    },
  };
}

/** graphql-ws asks `shouldRetry` about every error, but not about every close event. */
function retriable(end: End): End {
  if (end instanceof Error || !PASSING.has(end.code)) return end;
  return Object.assign(new Error(end.reason), { code: end.code });
}
