/** A thin graphql-transport-ws client: unlike a polite one, it can stall and break its connection at any moment. */
import { GRAPHQL_TRANSPORT_WS_PROTOCOL } from 'graphql-ws';
import { WebSocket } from 'ws';
import { errorEnding, type Feed, type FeedRequest, type Sink } from './feed.ts';
import { LostError, PATIENCE_MS, type Payload, type Result, type Target } from '../../http-client/http-client.ts';

interface Frame {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

export class Socket implements Feed {
  readonly #socket: WebSocket;
  readonly #sinks = new Map<string, Sink>();
  #nextId = 0;
  #isCut = false;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** Throws `LostError`. */
  static async open({ url, token }: Target): Promise<Socket> {
    const socket = new WebSocket(url.replace(/^http/, 'ws'), GRAPHQL_TRANSPORT_WS_PROTOCOL, {
      handshakeTimeout: PATIENCE_MS,
      perMessageDeflate: false,
    });
    const opened = new Socket(socket);
    await new Promise<void>((resolve, reject) => {
      const payload = token === undefined ? undefined : { Authorization: `Bearer ${token}` };
      socket.once('open', () => opened.#send({ type: 'connection_init', payload }));
      socket.on('message', (text: Buffer) => opened.#receive(JSON.parse(text.toString()) as Frame, resolve));
      socket.once('error', (error) => reject(new LostError(error.message)));
      socket.once('close', (code, reason) => {
        const what = `closed with ${code} ${String(reason)}`.trim();
        reject(new LostError(what));
        opened.#closed(what);
      });
    });
    return opened;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  subscribe(payload: Payload, sink: Sink): void {
    const id = String(++this.#nextId);
    this.#sinks.set(id, sink);
    this.#send({ type: 'subscribe', id, payload });
  }

  /** One result. Throws `LostError` when the connection breaks before it comes. */
  ask<Data>(payload: Payload): Promise<Result<Data>> {
    return new Promise((resolve, reject) => {
      if (!this.isOpen) return reject(new LostError('closed'));
      this.subscribe(payload, {
        next: (result) => resolve(result as Result<Data>),
        end: (ending) => {
          if (ending.kind === 'lost') reject(new LostError(ending.reason));
          else if (ending.kind === 'error')
            resolve({ errors: [{ message: ending.code, extensions: { ...ending.extensions, code: ending.code } }] });
        },
      });
    });
  }

  stall(): void {
    this.#socket.pause();
  }

  goOn(): void {
    this.#socket.resume();
  }

  cut(): void {
    this.#isCut = true;
    this.#socket.terminate();
  }

  /** As `cut`, but who asked hears that the answer is lost. */
  breakOff(): void {
    this.#socket.terminate();
  }

  #send(frame: Frame): void {
    // Once it is closing, its end is told by `close`.
    if (this.isOpen) this.#socket.send(JSON.stringify(frame));
  }

  #receive({ type, id = '', payload }: Frame, acknowledged: () => void): void {
    if (this.#isCut) return;
    if (type === 'connection_ack') return acknowledged();
    if (type === 'ping') return this.#send({ type: 'pong' });
    const sink = this.#sinks.get(id);
    if (type === 'next') return sink?.next(payload as Result<unknown>, undefined);
    this.#sinks.delete(id);
    if (type === 'complete') sink?.end({ kind: 'complete' });
    if (type === 'error') sink?.end(errorEnding({ errors: payload as NonNullable<Result<unknown>['errors']> }));
  }

  #closed(reason: string): void {
    if (this.#isCut) return;
    const sinks = [...this.#sinks.values()];
    this.#sinks.clear();
    for (const sink of sinks) sink.end({ kind: 'lost', reason });
  }
}

/** A subscription over a connection of its own. */
export async function feedOverWebSocket(target: Target, request: FeedRequest, sink: Sink): Promise<Feed> {
  const socket = await Socket.open(target);
  const { query, variables, extensions } = request;
  socket.subscribe({ query, variables, extensions }, sink);
  return socket;
}
