import { WebSocket } from 'ws';
import type { RequestPayload, ServerAddress } from '../http-client/http-client.ts';

/**
 * A WebSocket of the bench, for calls and one subscription whose deliveries are passed on unparsed. It implements graphql-transport-ws itself:
 * a client that parses every delivery would dominate the measurement.
 */
export class LoadSocket {
  readonly #socket: WebSocket;
  readonly #calls = new Map<string, { readonly resolve: () => void; readonly reject: (error: Error) => void }>();
  /** Rejects when the socket is closed or a subscription fails. */
  readonly broken: Promise<never>;
  #onDelivery: (message: string) => void = () => {};
  #id = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    const { promise, reject } = Promise.withResolvers<never>();
    this.broken = promise;
    promise.catch((error: Error) => {
      for (const call of this.#calls.values()) call.reject(error);
    });
    socket.on('error', reject);
    socket.on('close', (code, reason) =>
      reject(new Error(`the server closed a connection: ${code} ${String(reason)}`)),
    );
    // By default `ws` delivers a message as one Buffer.
    socket.on('message', (bytes) => this.#receive((bytes as Buffer).toString(), reject));
  }

  static async open({ url, token }: ServerAddress): Promise<LoadSocket> {
    const socket = new WebSocket(url.replace(/^http/, 'ws'), 'graphql-transport-ws', { perMessageDeflate: false });
    const opened = new LoadSocket(socket);
    const acknowledged = new Promise<void>((resolve) => opened.#calls.set('', { resolve, reject: () => {} }));
    const payload = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    socket.once('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload })));
    await Promise.race([acknowledged, opened.broken]);
    return opened;
  }

  /** Rejects with the first error of the answer. */
  call(payload: RequestPayload): Promise<void> {
    const id = `c${this.#id++}`;
    this.#socket.send(JSON.stringify({ id, type: 'subscribe', payload }));
    return new Promise((resolve, reject) => this.#calls.set(id, { resolve, reject }));
  }

  subscribe(payload: RequestPayload, onDelivery: (message: string) => void): void {
    this.#onDelivery = onDelivery;
    this.#socket.send(JSON.stringify({ id: 's', type: 'subscribe', payload }));
  }

  close(): void {
    this.#socket.close();
  }

  #receive(message: string, fail: (error: Error) => void): void {
    // seamline writes the id first.
    if (message.startsWith('{"id":"s","type":"next"')) return this.#onDelivery(message);
    const { id = '', type, payload } = JSON.parse(message) as { id?: string; type: string; payload?: unknown };
    if (type === 'ping') return this.#socket.send('{"type":"pong"}');
    const failure = firstError(type === 'error' ? payload : (payload as { errors?: unknown } | undefined)?.errors);
    if (id === 's') return failure && fail(failure);
    const call = this.#calls.get(id);
    if (failure) call?.reject(failure);
    else if (type === 'complete' || type === 'connection_ack') call?.resolve();
    if (type === 'complete' || type === 'error') this.#calls.delete(id);
  }
}

function firstError(errors: unknown): Error | undefined {
  const [first] = Array.isArray(errors) ? (errors as readonly { message: string }[]) : [];
  return first && new Error(first.message);
}
