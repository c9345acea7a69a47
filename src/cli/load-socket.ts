import { WebSocket } from 'ws';
import type { Payload, Target } from '../http-client/http-client.ts';

/**
 * One WebSocket of a bench: calls, and subscriptions whose deliveries are handed on as they came. It speaks graphql-transport-ws
 * itself, for a client that looked into every delivery would be what is measured.
 */
export class LoadSocket {
  readonly #socket: WebSocket;
  readonly #calls = new Map<string, { readonly resolve: () => void; readonly reject: (error: Error) => void }>();
  /** Rejects when the socket has gone, or a subscription has failed. */
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
    // `ws` hands a message over as one Buffer unless it is told otherwise.
    socket.on('message', (bytes) => this.#hear((bytes as Buffer).toString(), reject));
  }

  static async open({ url, token }: Target): Promise<LoadSocket> {
    const socket = new WebSocket(url.replace(/^http/, 'ws'), 'graphql-transport-ws', { perMessageDeflate: false });
    const opened = new LoadSocket(socket);
    const acknowledged = new Promise<void>((resolve) => opened.#calls.set('', { resolve, reject: () => {} }));
    const payload = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    socket.once('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload })));
    await Promise.race([acknowledged, opened.broken]);
    return opened;
  }

  /** Rejects with the first error of the answer. */
  call(payload: Payload): Promise<void> {
    const id = `c${this.#id++}`;
    this.#socket.send(JSON.stringify({ id, type: 'subscribe', payload }));
    return new Promise((resolve, reject) => this.#calls.set(id, { resolve, reject }));
  }

  subscribe(payload: Payload, onDelivery: (message: string) => void): void {
    this.#onDelivery = onDelivery;
    this.#socket.send(JSON.stringify({ id: 's', type: 'subscribe', payload }));
  }

  close(): void {
    this.#socket.close();
  }

  #hear(message: string, fail: (error: Error) => void): void {
    // Of what seamline says, the id comes first.
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
