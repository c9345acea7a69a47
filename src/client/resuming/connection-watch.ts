import type { SubscriptionClient } from './resumable.ts';

/** The part of a graphql-ws client that tells what happens to its socket. */
interface SocketEvents {
  on(event: 'connecting' | 'error' | 'closed', listener: (argument: unknown) => void): () => void;
}

/**
 * Calls `onLost` with the reason, each time that the socket of a graphql-ws client is lost or an attempt to connect fails. Other clients have no such
 * events: graphql-sse tells each subscription that it connects again. Returns a function that stops the watch.
 */
export function watchConnection(client: SubscriptionClient, onLost: (reason: unknown) => void): () => void {
  if (!('on' in client && typeof client.on === 'function')) return () => {};
  const events = client as SubscriptionClient & SocketEvents;
  let failure: unknown;
  const stops = [
    events.on('connecting', () => (failure = undefined)),
    events.on('error', (error) => {
      failure = error;
      // A browser's error event says nothing; the close event that follows has a code.
      if (messageOf(error)) onLost(error);
    }),
    // The close event of `ws` says only that a socket did not open, the error before it says why.
    events.on('closed', (end) => onLost(messageOf(failure) ? failure : end)),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** Whether two reasons say the same, as those of many attempts in a row do. */
export function isSameReason(a: unknown, b: unknown): boolean {
  return a === b || (a !== undefined && b !== undefined && textOf(a) === textOf(b));
}

function textOf(reason: unknown): string {
  const { code, reason: text } = Object(reason) as { code?: unknown; reason?: unknown };
  return JSON.stringify([code, text, messageOf(reason)]);
}

const messageOf = (error: unknown): unknown => (Object(error) as { message?: unknown }).message;
