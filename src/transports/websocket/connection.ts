import { setMaxListeners } from 'node:events';
import type { ExecutionResult } from 'graphql';
import { type Context as WsContext, GRAPHQL_TRANSPORT_WS_PROTOCOL, type WebSocket as Served } from 'graphql-ws';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { jsonPieces, resultText } from '../../core/model/json-text.ts';
import { fragments } from '../../fanout/fragments.ts';
import { encode, textFrame, type WireText } from '../../fanout/frames.ts';
import { Outlet, type OutletOptions } from '../../fanout/outlet.ts';
import { type Caller, EVERYBODY } from '../../../schema/request/caller.ts';
import type { Account, Requests } from '../answers/account.ts';
import { joined, WHOLE_ANSWER_BYTES } from '../answers/pieces.ts';
import type { Share } from '../answers/share.ts';
import { whenExpired } from '../protocol/admission.ts';
import { formatResult, maskError } from '../protocol/errors.ts';
import { idOf, OperationIds, type OperationMessage } from '../protocol/operation-ids.ts';
import type { RequestIdentity } from '../observability/request-log.ts';
import type { TransportOptions } from '../operations/transport-options.ts';
import { authorizationOf } from './authorization.ts';

/** Before the connection is admitted; graphql-ws passes no operation on until then. */
const NOBODY: Caller = { ...EVERYBODY, mayRead: false, mayWrite: false };

/** Bytes of short messages that wait for a full outlet, above which no more messages are read. */
const MAX_SAID_BYTES = 64 * 1024;

/** Passes a message to graphql-ws, which takes an object as it is, and parses a string. */
type Receive = (message: string) => Promise<void>;

/**
 * One WebSocket, as this transport, graphql-ws, its account and its outlet know it. There are thousands of idle ones, so it has all their
 * interfaces itself in place of an object and functions for each, and makes the rest when it is needed.
 */
export class Connection implements Served, Requests, OutletOptions {
  readonly #closing = new AbortController();
  readonly protocol = GRAPHQL_TRANSPORT_WS_PROTOCOL;
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
  /** Whether messages wait until the outlet takes more; until fewer operations wait. */
  #isPausedByOutlet = false;
  #isPausedByOperations = false;
  /** Answers to pings that wait until the socket takes something. */
  #due: { pong?: Buffer; answer?: boolean } | undefined;
  #awaitsDrain = false;
  /** Bytes that wait in the outlet. */
  #unread = 0;
  #receive: Receive | undefined;
  #stay: (() => void) | undefined;
  readonly #socket: WebSocket;
  readonly #tcp: Socket;
  /** Until the connection is admitted. */
  #request: IncomingMessage | undefined;
  readonly identity: RequestIdentity;
  caller: Caller = NOBODY;

  constructor(socket: WebSocket, request: IncomingMessage, identity: RequestIdentity, account: Account) {
    this.#socket = socket;
    this.#tcp = request.socket;
    this.#request = request;
    this.account = account;
    account.pausedBy(this);
    this.outlet = new Outlet(request.socket, () => this.#isOpen, this);
    this.identity = identity;
    // Each subscription adds a listener.
    setMaxListeners(0, this.#closing.signal);
  }

  /** To be called when the socket has closed. */
  closed(): void {
    this.#stay?.();
    this.#closing.abort();
    this.outlet.close();
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
    if (!this.ids.isOpen(name) || !this.#isOpen) return;
    const head = `{"id":${JSON.stringify(idOf(name))},"type":"next","payload":`;
    const formatted = formatResult(result);
    if (share.bytes <= WHOLE_ANSWER_BYTES) {
      const taken = this.outlet.send(frameOf(`${head}${resultText(formatted)}}`));
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
    if (this.outlet.isFull && this.outlet.size > MAX_SAID_BYTES) this.#pause(true, this.#isPausedByOperations);
  }

  /** Of the account, whose operations wait. */
  pause(): void {
    this.#pause(this.#isPausedByOutlet, true);
  }

  resume(): void {
    this.#pause(this.#isPausedByOutlet, false);
  }

  #pause(byOutlet: boolean, byOperations: boolean): void {
    const wasPaused = this.#isPausedByOutlet || this.#isPausedByOperations;
    this.#isPausedByOutlet = byOutlet;
    this.#isPausedByOperations = byOperations;
    const isPaused = byOutlet || byOperations;
    if (isPaused === wasPaused) return;
    if (isPaused) this.#socket.pause();
    else this.#socket.resume();
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
    this.#pause(false, this.#isPausedByOperations);
    // The last pieces of a large answer may leave nothing to drain.
    this.#answerDue();
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

  #say(message: string): void {
    if (this.#isOpen) this.outlet.say(frameOf(message));
  }

  get #isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
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
    this.#socket.close(code, shortened(reason));
    this.outlet.close();
  }

  /** Closes without waiting for the client, which may have stopped reading. */
  cut(code: number, reason: string): void {
    this.close(code, reason);
    this.#tcp.destroySoon();
  }

  /** Answers a ping of WebSocket, once the socket takes something: then only the newest, as RFC 6455 (5.5.3) permits. */
  pong(data: Buffer): void {
    // Between the pieces of a large answer the socket may take all of them, and drain nothing.
    if (this.#tcp.writableNeedDrain) this.#owed().pong = data;
    else if (this.#isOpen) this.#socket.pong(data);
  }

  /**
   * Answers a ping of the subprotocol, without the ping's payload, which the protocol makes optional. Several that come while the socket
   * takes nothing get one answer.
   */
  onPing(): void {
    if (this.outlet.isFull) this.#owed().answer = true;
    else this.#say('{"type":"pong"}');
  }

  #owed(): { pong?: Buffer; answer?: boolean } {
    if (!this.#awaitsDrain) {
      this.#awaitsDrain = true;
      // Before the outlet, which may fill the socket again.
      this.#tcp.prependOnceListener('drain', () => {
        this.#awaitsDrain = false;
        this.#answerDue();
      });
    }
    return (this.#due ??= {});
  }

  #answerDue(): void {
    if (!this.#due) return;
    const { pong, answer } = this.#due;
    this.#due = undefined;
    if (pong && this.#isOpen) this.#socket.pong(pong);
    if (answer) this.#say('{"type":"pong"}');
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
      // graphql-ws keeps them as long as the connection is open.
      Object.assign(context, { connectionParams: undefined });
      const admission = await admit(request, authorization);
      // A socket that has closed meanwhile must not start a timer.
      if (this.signal.aborted) return false;
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

function frameOf(message: string): WireText {
  const payload = encode(message);
  return textFrame(payload.length) + payload;
}

/** A close frame has room for 123 bytes; a character that is cut in two becomes a character of three bytes. */
function shortened(reason = ''): string {
  return Buffer.from(reason).subarray(0, 120).toString();
}
