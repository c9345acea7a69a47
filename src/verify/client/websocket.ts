/** A small graphql-transport-ws client that can stall and break its connection at any moment, as no regular client can. */
import { GRAPHQL_TRANSPORT_WS_PROTOCOL } from 'graphql-ws';
import { WebSocket } from 'ws';
import { errorEnding, type Feed, type FeedRequest, type Sink } from './feed.ts';
import { ANSWER_TIMEOUT_MS, NoAnswerError } from './requests.ts';
import type { RequestPayload, Result, ServerAddress } from '../../http-client/http-client.ts';

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

  /** @throws NoAnswerError when the connection does not open */
  static async open({ url, token }: ServerAddress): Promise<Socket> {
    const socket = new WebSocket(url.replace(/^http/, 'ws'), GRAPHQL_TRANSPORT_WS_PROTOCOL, {
      handshakeTimeout: ANSWER_TIMEOUT_MS,
      perMessageDeflate: false,
    });
    const opened = new Socket(socket);
    await new Promise<void>((resolve, reject) => {
      const payload = token === undefined ? undefined : { Authorization: `Bearer ${token}` };
      socket.once('open', () => opened.#send({ type: 'connection_init', payload }));
      socket.on('message', (text: Buffer) => opened.#receive(JSON.parse(text.toString()) as Frame, resolve));
      socket.once('error', (error) => reject(new NoAnswerError(error.message)));
      socket.once('close', (code, reason) => {
        const what = `closed with ${code} ${String(reason)}`.trim();
        reject(new NoAnswerError(what));
        opened.#closed(what);
      });
    });
    return opened;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  subscribe(payload: RequestPayload, sink: Sink): void {
    const id = String(++this.#nextId);
    this.#sinks.set(id, sink);
    this.#send({ type: 'subscribe', id, payload });
  }

  /**
   * Resolves with the one result of a query or mutation.
   *
   * @throws NoAnswerError when the connection breaks first
   */
  request<Data>(payload: RequestPayload): Promise<Result<Data>> {
    return new Promise((resolve, reject) => {
      if (!this.isOpen) return reject(new NoAnswerError('the connection is closed'));
      this.subscribe(payload, {
        next: (result) => resolve(result as Result<Data>),
        end: (ending) => {
          if (ending.kind === 'lost') reject(new NoAnswerError(ending.reason));
          else if (ending.kind === 'error')
            resolve({ errors: [{ message: ending.code, extensions: { ...ending.extensions, code: ending.code } }] });
        },
      });
    });
  }

  stall(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  cut(): void {
    this.#isCut = true;
    this.#socket.terminate();
  }

  /** Breaks the connection as `cut` does, but calls in flight reject with `NoAnswerError`. */
  breakOff(): void {
    this.#socket.terminate();
  }

  #send(frame: Frame): void {
    // A socket that is closing reports its end by `close`.
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

/** Subscribes over a connection of its own. */
export async function feedOverWebSocket(address: ServerAddress, request: FeedRequest, sink: Sink): Promise<Feed> {
  const socket = await Socket.open(address);
  const { query, variables, extensions } = request;
  socket.subscribe({ query, variables, extensions }, sink);
  return socket;
}
