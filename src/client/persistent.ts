import { backOff } from './backoff.ts';

/** The part of a WebSocket that is needed here. */
interface Closable {
  readonly readyState: number;
  close(code: number, reason: string): void;
}

const PING_MS = 10_000;
const PONG_MS = 5000;
/** As in every implementation. */
const OPEN = 1;

/**
 * Options for `createClient` of graphql-ws: it comes back for ever, after half a second and then longer, but never more than
 * half a minute; and it notices a connection that died without a word (a tunnel, a lid that was closed), which graphql-ws's
 * own `keepAlive` does not: https://the-guild.dev/graphql/ws/recipes#client-usage-with-ping-timeout-and-latency-metrics
 */
export function persistent() {
  let socket: Closable | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    retryAttempts: Infinity,
    shouldRetry: (): boolean => true,
    retryWait: backOff,
    keepAlive: PING_MS,
    on: {
      opened: (opened: unknown): void => void (socket = opened as Closable),
      ping(isReceived: boolean): void {
        if (isReceived) return;
        timer = setTimeout(() => {
          if (socket?.readyState === OPEN) socket.close(4408, 'no answer');
        }, PONG_MS);
      },
      pong(isReceived: boolean): void {
        if (isReceived) clearTimeout(timer);
      },
      closed: (): void => clearTimeout(timer),
    },
  };
}
