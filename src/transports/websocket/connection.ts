import { setMaxListeners } from 'node:events';
import type { Context as WsContext } from 'graphql-ws';
import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import { encode, textFrame } from '../../fanout/frames.ts';
import { Outlet } from '../../fanout/outlet.ts';
import { type Caller, EVERYBODY } from '../../../schema/request/caller.ts';
import { type Admit, whenExpired } from '../protocol/admission.ts';
import { maskError } from '../protocol/errors.ts';
import { OperationIds } from '../protocol/operation-ids.ts';
import type { RequestIdentity, RequestLog } from '../observability/request-log.ts';

type Parameters = Readonly<Record<string, unknown>>;

interface Door {
  readonly admit: Admit;
  readonly requestLog: RequestLog;
}

/** Before the connection was let in; graphql-ws lets no operation through until then. */
const NOBODY: Caller = { ...EVERYBODY, mayRead: false, mayWrite: false };

/** What we know of a socket beside graphql-ws. */
export class Connection {
  readonly #closing = new AbortController();
  readonly ids = new OperationIds();
  /** How many are open. */
  subscriptions = 0;
  /** How many insertions of the fast path wait for their answers. */
  inserting = 0;
  /** graphql-ws's, once `connection_init` has come. */
  context: WsContext | undefined;
  readonly outlet: Outlet;
  readonly #socket: WebSocket;
  /** Until it was let in. */
  #request: IncomingMessage | undefined;
  readonly identity: RequestIdentity;
  caller: Caller = NOBODY;

  constructor(socket: WebSocket, request: IncomingMessage, identity: RequestIdentity) {
    this.#socket = socket;
    this.#request = request;
    this.outlet = new Outlet(request.socket, () => socket.readyState === socket.OPEN);
    this.identity = identity;
    // One listener a subscription: as many as may be.
    setMaxListeners(0, this.#closing.signal);
  }

  /** The client has gone. */
  closed(): void {
    this.#closing.abort();
    this.outlet.close();
  }

  /**
   * What graphql-ws says. Whole frames may go to the socket beside those that `ws` sends: they are never divided, nor compressed.
   */
  send(message: string): Promise<void> {
    const said = this.ids.toClient(message);
    if (said === undefined || this.#socket.readyState !== this.#socket.OPEN) return Promise.resolve();
    const payload = encode(said);
    return this.outlet.send(textFrame(payload.length) + payload);
  }

  /** The only result of an operation, as JSON, and that there will be none. */
  sendResult(id: string, json: string): void {
    const name = JSON.stringify(id);
    this.#say(`{"id":${name},"type":"next","payload":${json}}`);
    this.#say(`{"id":${name},"type":"complete"}`);
  }

  /** What keeps an operation from being begun, as JSON. */
  sendError(id: string, json: string): void {
    this.#say(`{"id":${JSON.stringify(id)},"type":"error","payload":${json}}`);
  }

  #say(message: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    const payload = encode(message);
    this.outlet.say(textFrame(payload.length) + payload);
  }

  /** What was said before goes first. */
  close(code: number, reason = ''): void {
    this.outlet.flush();
    this.#socket.close(code, shortened(reason));
    this.outlet.close();
  }

  /** Aborts when the socket has closed. */
  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  /** What `connection_init` says is judged here. False ends the connection, with 4403 unless it is closed already. */
  async enter(context: WsContext, { admit, requestLog }: Door): Promise<boolean> {
    const { identity } = this;
    this.context = context;
    const request = this.#request;
    this.#request = undefined;
    // graphql-ws lets one `connection_init` through.
    if (!request) return false;
    try {
      const admission = await admit(
        request,
        authorizationOf(context.connectionParams) ?? request.headers.authorization,
      );
      // Who has left meanwhile must not leave a timer behind.
      if (this.signal.aborted) return false;
      this.caller = admission.caller;
      // Back comes who has a fresh one.
      const stay = whenExpired(admission, () => this.close(4403, 'the token has expired'));
      this.#socket.once('close', stay);
      return true;
    } catch (thrown) {
      const error = maskError(thrown, (cause) => requestLog.internal(cause, identity));
      requestLog.failed(identity, [error], { transport: 'websocket' });
      const { message, extensions } = error;
      // Not 4401, after which graphql-ws never comes back: another token may be there by then.
      if (extensions['code'] === 'UNAUTHENTICATED') this.close(4403, message);
      else this.close(1013, message);
      return false;
    }
  }
}

/** `{ Authorization }` in any case, or `{ headers: { Authorization } }`, which GraphiQL's and other clients' forms send. */
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

/** A close frame has room for 123 bytes; a character that is cut in two becomes one of three bytes. */
function shortened(reason = ''): string {
  return Buffer.from(reason).subarray(0, 120).toString();
}
