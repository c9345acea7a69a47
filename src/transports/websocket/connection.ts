import { setMaxListeners } from 'node:events';
import type { Context as WsContext } from 'graphql-ws';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { encode, textFrame } from '../../fanout/frames.ts';
import { Outlet } from '../../fanout/outlet.ts';
import { type Caller, EVERYBODY } from '../../../schema/request/caller.ts';
import { whenExpired } from '../protocol/admission.ts';
import { maskError } from '../protocol/errors.ts';
import { OperationIds } from '../protocol/operation-ids.ts';
import type { RequestIdentity } from '../observability/request-log.ts';
import type { TransportOptions } from '../operations/transport-options.ts';

type Parameters = Readonly<Record<string, unknown>>;

/** Before the connection is admitted; graphql-ws passes no operation on until then. */
const NOBODY: Caller = { ...EVERYBODY, mayRead: false, mayWrite: false };

/** One WebSocket, as this transport knows it. */
export class Connection {
  readonly #closing = new AbortController();
  readonly ids = new OperationIds();
  /** Of open ones. */
  subscriptions = 0;
  /** Of insertions of the fast path that are not answered yet. */
  inserting = 0;
  /** Of graphql-ws, from `connection_init` on. */
  context: WsContext | undefined;
  readonly outlet: Outlet;
  readonly #socket: WebSocket;
  readonly #tcp: Socket;
  /** Until the connection is admitted. */
  #request: IncomingMessage | undefined;
  readonly identity: RequestIdentity;
  caller: Caller = NOBODY;

  constructor(socket: WebSocket, request: IncomingMessage, identity: RequestIdentity) {
    this.#socket = socket;
    this.#tcp = request.socket;
    this.#request = request;
    this.outlet = new Outlet(request.socket, () => socket.readyState === socket.OPEN);
    this.identity = identity;
    // Each subscription adds a listener.
    setMaxListeners(0, this.#closing.signal);
  }

  /** To be called when the socket has closed. */
  closed(): void {
    this.#closing.abort();
    this.outlet.close();
  }

  /** Sends a message of graphql-ws. Whole frames may go to the socket past `ws`, because none are divided or compressed. */
  send(message: string): Promise<void> {
    const said = this.ids.toClient(message);
    if (said === undefined || this.#socket.readyState !== this.#socket.OPEN) return Promise.resolve();
    const payload = encode(said);
    return this.outlet.send(textFrame(payload.length) + payload);
  }

  /** Sends the only result of an operation, as JSON, and `complete`. */
  sendResult(id: string, json: string): void {
    const name = JSON.stringify(id);
    this.#say(`{"id":${name},"type":"next","payload":${json}}`);
    this.#say(`{"id":${name},"type":"complete"}`);
  }

  /** Sends the errors that keep an operation from running, as JSON. */
  sendError(id: string, json: string): void {
    this.#say(`{"id":${JSON.stringify(id)},"type":"error","payload":${json}}`);
  }

  #say(message: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    const payload = encode(message);
    this.outlet.say(textFrame(payload.length) + payload);
  }

  /** Everything that was sent before goes first. */
  close(code: number, reason = ''): void {
    this.outlet.flush();
    this.#socket.close(code, shortened(reason));
    this.outlet.close();
  }

  /** Closes without waiting for the client, which may have stopped reading. */
  cut(code: number, reason: string): void {
    this.close(code, reason);
    this.#tcp.destroySoon();
  }

  /** Answers a ping of WebSocket, unless the client doesn't read the answers. */
  pong(data: Buffer): void {
    if (!this.outlet.isFull && this.#socket.readyState === this.#socket.OPEN) this.#socket.pong(data);
  }

  /** Aborts when the socket closes. */
  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  /** Admits or refuses by `connection_init`. False ends the connection, with 4403 unless it is closed already. */
  async enter(context: WsContext, { admit, requestLog }: TransportOptions): Promise<boolean> {
    const { identity } = this;
    this.context = context;
    const request = this.#request;
    this.#request = undefined;
    // graphql-ws passes only one `connection_init` on.
    if (!request) return false;
    try {
      const authorization = authorizationOf(context.connectionParams) ?? request.headers.authorization;
      // graphql-ws would keep them as long as the connection, and they may be as long as a message.
      Object.assign(context, { connectionParams: undefined });
      const admission = await admit(request, authorization);
      // A socket that has closed meanwhile must not start a timer.
      if (this.signal.aborted) return false;
      this.caller = admission.caller;
      // The client reconnects with a fresh token.
      const stay = whenExpired(admission, () => this.close(4403, 'the token has expired'));
      this.#socket.once('close', stay);
      return true;
    } catch (thrown) {
      const error = maskError(thrown, (cause) => requestLog.internal(cause, identity));
      requestLog.failed(identity, [error], { transport: 'websocket' });
      const { message, extensions } = error;
      // Not 4401, after which the client of graphql-ws never reconnects: it may have another token by then.
      this.close(extensions['code'] === 'UNAUTHENTICATED' ? 4403 : 1013, message);
      return false;
    }
  }
}

/** `{ Authorization }` in upper or lower case, or `{ headers: { Authorization } }`, as GraphiQL and other clients send it. */
function authorizationOf(parameters: Parameters | undefined): string | undefined {
  for (const [name, value] of Object.entries(parameters ?? {})) {
    if (/^authorization$/i.test(name) && typeof value === 'string') return value;
    if (name === 'headers' && typeof value === 'object' && value !== null) {
      const inner = authorizationOf({ ...value, headers: undefined });
      if (inner !== undefined) return inner;
    }
  }
  return undefined;
}

/** A close frame has room for 123 bytes; a character that is cut in two becomes a character of three bytes. */
function shortened(reason = ''): string {
  return Buffer.from(reason).subarray(0, 120).toString();
}
