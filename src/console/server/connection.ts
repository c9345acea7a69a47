/** The WebSocket of a session. It reconnects by itself, unless the user has cut it. */
import { type Client, createClient } from 'graphql-ws';
import { persistent } from '../../client/index.ts';
import { Notifier } from './notifier.ts';

/** Refused: the server requires a token, or another one. */
export type ConnectionState = 'connecting' | 'open' | 'lost' | 'cut' | 'refused';

/** The server asks to try again later: it has too many connections, or can't check tokens. */
const TRY_AGAIN_LATER = 1013;

/** Whether the token is missing, refused or expired, so that a retry needs another token. */
export const isRefusal = (end: unknown): boolean => (end as { code?: unknown }).code === 4403;

export class Connection {
  readonly client: Client;
  readonly changed = new Notifier();
  #state: ConnectionState = 'connecting';
  #delay = '';
  /** Resolving it ends the wait before the next attempt. */
  #wakeUp = Promise.withResolvers<void>();

  constructor(url: string, token: string | undefined) {
    const options = persistent({ webSocketImpl: WebSocket });
    this.client = createClient({
      ...options,
      url,
      connectionParams: token === undefined ? {} : { Authorization: `Bearer ${token}` },
      shouldRetry: (end) => !isRefusal(end),
      retryWait: async (retries) => {
        do {
          const backoff = this.#state === 'cut' ? [] : [options.retryWait(retries)];
          await Promise.race([this.#wakeUp.promise, ...backoff]);
        } while (this.state === 'cut');
      },
    });
    this.client.on('connected', () => this.#become('open'));
    this.client.on('closed', (event) => {
      const { code, reason } = event as CloseEvent;
      this.#delay = code === TRY_AGAIN_LATER ? reason : '';
      if (this.#state !== 'cut') this.#become(isRefusal(event) ? 'refused' : 'lost');
    });
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Why the server asked to try again later; empty if the connection was lost in another way. */
  get delay(): string {
    return this.#delay;
  }

  /** Calls the listener after each reconnect, before any result arrives. */
  onReconnect(listener: () => void): () => void {
    return this.client.on('connected', (_socket, _payload, wasLost) => {
      if (wasLost) listener();
    });
  }

  /** Drops the connection without a close message, like a pulled cable, until `resume`. */
  cut(): void {
    this.#become('cut');
    this.client.terminate();
    this.#wake();
  }

  /** Reconnects at once. */
  resume(): void {
    this.#become('connecting');
    this.#wake();
  }

  close(): void {
    // `dispose` rejects during a connection attempt.
    void Promise.resolve(this.client.dispose()).catch(() => {});
    this.#wake();
  }

  #wake(): void {
    this.#wakeUp.resolve();
    this.#wakeUp = Promise.withResolvers();
  }

  #become(state: ConnectionState): void {
    this.#state = state;
    this.changed.notify();
  }
}
