/** The WebSocket of a session, which comes back by itself, unless somebody has cut it. */
import { type Client, createClient } from 'graphql-ws';
import { persistent } from '../../client/index.ts';
import { Signal } from './signal.ts';

/** Refused: it wants a token, or another one. */
export type ConnectionState = 'connecting' | 'open' | 'lost' | 'cut' | 'refused';

/** Whether a token was missing, refused, or has expired. This page has no other until somebody enters one. */
export const isRefusal = (end: unknown): boolean => (end as { code?: unknown }).code === 4403;

export class Connection {
  readonly client: Client;
  readonly changed = new Signal();
  #state: ConnectionState = 'connecting';
  /** Resolved when a wait for the next attempt shall end. */
  #hurry = Promise.withResolvers<void>();

  constructor(url: string, token: string | undefined) {
    const options = persistent({ webSocketImpl: WebSocket });
    this.client = createClient({
      ...options,
      url,
      connectionParams: token === undefined ? {} : { Authorization: `Bearer ${token}` },
      shouldRetry: (end) => !isRefusal(end),
      retryWait: async (retries) => {
        do {
          const again = this.#state === 'cut' ? [] : [options.retryWait(retries)];
          await Promise.race([this.#hurry.promise, ...again]);
        } while (this.state === 'cut');
      },
    });
    this.client.on('connected', () => this.#become('open'));
    this.client.on('closed', (event) => {
      if (this.#state !== 'cut') this.#become(isRefusal(event) ? 'refused' : 'lost');
    });
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Called each time that it is there again, before anything comes. */
  onReturn(listener: () => void): () => void {
    return this.client.on('connected', (_socket, _payload, wasLost) => {
      if (wasLost) listener();
    });
  }

  /** As when a cable is pulled: without a word to the server, until `resume`. */
  cut(): void {
    this.#become('cut');
    this.client.terminate();
    this.#wake();
  }

  /** At once, whatever it waits for. */
  resume(): void {
    this.#become('connecting');
    this.#wake();
  }

  close(): void {
    // Amid an attempt it rejects.
    void Promise.resolve(this.client.dispose()).catch(() => {});
    this.#wake();
  }

  #wake(): void {
    this.#hurry.resolve();
    this.#hurry = Promise.withResolvers();
  }

  #become(state: ConnectionState): void {
    this.#state = state;
    this.changed.notify();
  }
}
