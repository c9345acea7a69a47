import type { ExecutionResult } from 'graphql';
import { type Context as WsContext, GRAPHQL_TRANSPORT_WS_PROTOCOL, type WebSocket as Served } from 'graphql-ws';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { jsonPieces, resultText } from '../../core/model/json-text.ts';
import { fragments } from '../../fanout/fragments.ts';
import { messageFrame } from '../../fanout/frames.ts';
import { Outlet, type OutletOptions } from '../../fanout/outlet.ts';
import { type Caller, EVERYBODY } from '../../../schema/request/caller.ts';
import type { Account } from '../answers/account.ts';
import { joined, WHOLE_ANSWER_BYTES } from '../answers/pieces.ts';
import type { Share } from '../answers/share.ts';
import { whenExpired } from '../protocol/admission.ts';
import { formatResult, maskError } from '../protocol/errors.ts';
import { idOf, OperationIds, type OperationMessage } from '../protocol/operation-ids.ts';
import type { RequestIdentity } from '../observability/request-log.ts';
import type { TransportOptions } from '../operations/transport-options.ts';
import { authorizationOf } from './authorization.ts';
import { type Pinged, Pings } from './pings.ts';
import { Pausable } from './pausable.ts';
import { Reception } from './receiving.ts';
import { closeReason, type SocketHost, type SocketOwner, tellOwner } from './served-socket.ts';

/** Before the connection is admitted; graphql-ws passes no operation on until then. */
const NOBODY: Caller = { ...EVERYBODY, mayRead: () => false, mayWrite: () => false };

/** Bytes of short messages that wait for a full outlet, above which no more messages are read. */
const MAX_SAID_BYTES = 64 * 1024;

export interface ConnectionParts {
  readonly host: SocketHost<Connection>;
  readonly identity: RequestIdentity;
  readonly account: Account;
}

/** Passes a message to graphql-ws, which takes an object as it is, and parses a string. */
type Receive = (message: string) => Promise<void>;

/**
 * One WebSocket, as this transport, graphql-ws, its account and its outlet know it. There are thousands of idle ones, so it has all their
 * interfaces itself in place of an object and functions for each, and makes the rest when it is needed.
 */
export class Connection extends Pausable implements Served, SocketOwner, OutletOptions, Pinged {
  readonly ids = new OperationIds();
  /** Of open ones. */
  subscriptions = 0;
  /** Of insertions of the fast path that are not answered yet. */
  inserting = 0;
  /** Of graphql-ws, from `connection_init` on. */
  context: WsContext | undefined;
  readonly outlet: Outlet;
  readonly account: Account;
  /** Of operations that may wait to be executed, by the operation's name. */
  #shares: Map<string, Share> | undefined;
  /** Of the message that is being handled. */
  messageBytes = 0;
  /** From the first ping on that waits until the socket takes something. */
  #pings: Pings | undefined;
  /** Bytes that wait in the outlet. */
  #unread = 0;
  #receive: Receive | undefined;
  #stay: (() => void) | undefined;
  /** Until `connection_init` has come. */
  #initWait: ReturnType<typeof setTimeout> | undefined;
  readonly host: SocketHost<Connection>;
  /** Of graphql-ws, to be called when the socket has closed. */
  #closed: ((code: number, reason: string) => Promise<void>) | undefined;
  reception: Reception | undefined;
  readonly tcp: Socket;
  /** Until the connection is admitted. */
  #request: IncomingMessage | undefined;
  readonly identity: RequestIdentity;
  caller: Caller = NOBODY;

  constructor(socket: WebSocket, request: IncomingMessage, { host, identity, account }: ConnectionParts) {
    super(socket);
    this.host = host;
    this.tcp = request.socket;
    this.#request = request;
    this.account = account;
    account.pausedBy(this);
    this.outlet = new Outlet(request.socket, this);
    this.identity = identity;
  }

  /** To be called once. */
  begin(): void {
    const { host } = this;
    this.reception = new Reception(this.socket, this.tcp, this, host.receiving);
    tellOwner(this.tcp, this);
    // graphql-ws would keep its timer as long as the connection is open.
    this.#initWait = setTimeout(() => this.close(4408, 'Connection initialisation timeout'), host.initTimeoutMs);
    this.#closed = host.server.opened(this, this);
  }

  /** To be called when the socket has closed. */
  async closed(code: number, reason: string): Promise<void> {
    clearTimeout(this.#initWait);
    this.#stay?.();
    this.leave();
    this.outlet.close();
    await this.#closed?.(code, reason);
  }

  onMessage(receive: Receive): void {
    this.#receive = receive;
  }

  /** Passes a message to graphql-ws. */
  hand(message: string | OperationMessage): Promise<void> | undefined {
    return this.#receive?.(message as string);
  }

  /** Sends a message of graphql-ws. Frames may go to the socket past `ws`, because it sends none that are divided or compressed. */
  send(message: string): Promise<void> {
    const said = this.ids.toClient(message);
    if (said !== undefined) this.#say(said);
    // graphql-ws would keep the operation until then, and what it sends is counted here.
    return Promise.resolve();
  }

  /** Sends a result of the operation with that name. Resolves when the client has taken it, or won't. */
  async sendNext(name: string, result: ExecutionResult, share: Share): Promise<void> {
    if (!this.ids.isOpen(name) || !this.isOpen()) return;
    const head = `{"id":${JSON.stringify(idOf(name))},"type":"next","payload":`;
    const formatted = formatResult(result);
    if (share.bytes <= WHOLE_ANSWER_BYTES) {
      const taken = this.outlet.send(messageFrame(`${head}${resultText(formatted)}}`));
      // The outlet counts it now.
      share.clear();
      return taken;
    }
    const pieces = fragments(joined(head, jsonPieces(formatted), '}'));
    const isWanted = (): boolean => this.ids.isOpen(name);
    await new Promise<void>((resolve) => this.outlet.sendLong({ pieces, isWanted, end: resolve }));
  }

  /** Reads no more messages until those that were answered are taken. To be called after each message. */
  throttle(): void {
    if (this.outlet.isFull && this.outlet.size > MAX_SAID_BYTES) this.pauseByOutlet(true);
  }

  /** Of every connection that gets this far. */
  get protocol(): string {
    return GRAPHQL_TRANSPORT_WS_PROTOCOL;
  }

  /** For the outlet. */
  get tellsDrained(): boolean {
    return true;
  }

  /** When the outlet makes pieces of a large answer. */
  get turns(): Account {
    return this.account;
  }

  /** Called by the outlet. */
  unread(bytes: number): void {
    const more = bytes - this.#unread;
    this.#unread = bytes;
    this.account.writes(more);
  }

  /** Called by the outlet. */
  taken(): void {
    this.pauseByOutlet(false);
    // The last pieces of a large answer may leave nothing to drain.
    this.#pings?.answerDue();
  }

  /** `share`: of an operation that may wait to be executed, until `release`. */
  hold(name: string, share: Share): void {
    this.#shares ??= new Map();
    this.#shares.set(name, share);
  }

  release(name: string): void {
    this.#shares?.delete(name);
  }

  /** The client has completed the operation. */
  cancel(name: string): void {
    this.#shares?.get(name)?.cancel();
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

  /** `error`: undefined when the subscription has completed, or the client has left. */
  handedOverEnded(name: string, error: unknown): void {
    this.subscriptions--;
    const { ids } = this;
    if (!ids.isOpen(name)) return;
    const id = idOf(name);
    ids.close(id);
    if (error === undefined) this.#say(`{"id":${JSON.stringify(id)},"type":"complete"}`);
    else this.sendError(id, this.host.failure(error));
  }

  #say(message: string): void {
    if (this.isOpen()) this.outlet.say(messageFrame(message));
  }

  isOpen(): boolean {
    return this.socket.readyState === this.socket.OPEN;
  }

  /** Like `close`, after the large answer that is being sent. */
  closeAfterAnswer(code: number, reason: string): void {
    if (!this.outlet.isSendingLong) return this.close(code, reason);
    // The answer's `complete` comes in between.
    const end = (): void => void setImmediate(() => this.close(code, reason));
    this.outlet.sendLong({ pieces: [][Symbol.iterator](), isWanted: () => true, end });
  }

  /** Everything that was sent before goes first, except for a large answer, which is cut. */
  close(code = 1000, reason = ''): void {
    this.outlet.flush();
    this.socket.close(code, closeReason(reason));
    this.outlet.close();
  }

  /** Closes without waiting for the client, which may have stopped reading. */
  cut(code: number, reason: string): void {
    this.close(code, reason);
    this.tcp.destroySoon();
  }

  /** Answers a ping of WebSocket, once the socket takes something: then only the newest, as RFC 6455 (5.5.3) permits. */
  pong(data: Buffer): void {
    // Between the pieces of a large answer the socket may take all of them, and drain nothing.
    if (this.tcp.writableNeedDrain) this.#waitingPings.pong(data);
    else this.sendPong(data);
  }

  sendPong(data: Buffer): void {
    if (this.isOpen()) this.socket.pong(data);
  }

  /**
   * Answers a ping of the subprotocol, without the ping's payload, which the protocol makes optional. Several that come while the socket
   * takes nothing get one answer.
   */
  onPing(): void {
    if (this.outlet.isFull) this.#waitingPings.answer();
    else this.sendAnswer();
  }

  sendAnswer(): void {
    this.#say('{"type":"pong"}');
  }

  get #waitingPings(): Pings {
    return (this.#pings ??= new Pings(this.tcp, this));
  }

  /** Admits or refuses by `connection_init`. False ends the connection, with 4403 unless it is closed already. */
  async enter(context: WsContext, { admit, requestLog }: TransportOptions): Promise<boolean> {
    const { identity } = this;
    this.context = context;
    clearTimeout(this.#initWait);
    this.#initWait = undefined;
    const request = this.#request;
    this.#request = undefined;
    // graphql-ws passes only one `connection_init` on.
    if (!request) return false;
    try {
      const authorization = authorizationOf(context.connectionParams) ?? request.headers.authorization;
      // graphql-ws keeps them as long as the connection is open.
      if (context.connectionParams) Object.assign(context, { connectionParams: undefined });
      const admission = await admit(request, authorization);
      // A socket that has closed meanwhile must not start a timer.
      if (this.isGone) return false;
      this.caller = admission.caller;
      // The client reconnects with a fresh token.
      if (admission.expiresAt !== undefined)
        this.#stay = whenExpired(admission, () => this.close(4403, 'the token has expired'));
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
