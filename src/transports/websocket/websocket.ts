/**
 * graphql-transport-ws by graphql-ws, which handles the protocol; operations run through Yoga's envelope, as over HTTP
 * (websocket-operation.ts).
 *
 * Unlike graphql-ws alone, errors of a document or a subscription end that operation only, and a silent socket is closed only when it
 * neither answers nor drains.
 */
import type { GraphQLError } from 'graphql';
import { makeServer } from 'graphql-ws';
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Server as SocketServer, type WebSocket, WebSocketServer } from 'ws';
import { assertShallow, NestedTooDeep } from '../../core/model/json.ts';
import { insertionBytes } from '../answers/insertion-bytes.ts';
import { Connection } from './connection.ts';
import { formatError, maskError, refused, shortened, stringify } from '../protocol/errors.ts';
import { operationIdentity, type RequestIdentity } from '../observability/request-log.ts';
import type { Receiving } from './receiving.ts';
import { chosenOf, refusalOf } from './subprotocol.ts';
import { ServedSocket, type SocketHost } from './served-socket.ts';
import { idOf, operationMessage, type OperationMessage } from '../protocol/operation-ids.ts';
import { staggerClosings } from '../protocol/stagger-closings.ts';
import { isPersistedOnly } from '../protocol/trusted-documents.ts';
import { causesOf, execute, type OperationArgs, prepare, subscribe } from './websocket-operation.ts';
import type { WebSocketOptions } from './websocket-options.ts';

/** Share of the drain's time in which sockets are told to close; they close in the rest. */
const STAGGER_SHARE = 0.8;

export class WebSocketTransport implements SocketHost<Connection> {
  readonly #options: WebSocketOptions;
  readonly #sockets: SocketServer<typeof ServedSocket>;
  readonly #connections = new Set<Connection>();
  /** Sockets without a connection, or whose connection has been cut, until they have closed. */
  readonly #others = new Set<WebSocket>();
  readonly server;
  readonly receiving: Receiving;
  readonly initTimeoutMs: number;

  constructor(options: WebSocketOptions) {
    this.#options = options;
    // Compression costs seven times the CPU; frames that may be shared can't be compressed per socket anyway.
    const limits = { noServer: true, perMessageDeflate: false, maxPayload: options.maxMessageBytes };
    // `ws` would answer pings also while the client reads nothing.
    const settings = { ...limits, autoPong: false };
    const served = { WebSocket: ServedSocket, clientTracking: false, handleProtocols: chosenOf };
    this.#sockets = new WebSocketServer({ ...settings, ...served });
    const { incomingBytes, turns, initTimeoutMs } = options;
    this.initTimeoutMs = initTimeoutMs;
    this.receiving = { incomingBytes, turns, onRefused: (connection) => this.#refuse(connection as Connection) };
    this.server = makeServer({
      // The connection has a timer of its own.
      connectionInitWaitTimeout: 0,
      onConnect: (context) => (context.extra as Connection).enter(context, options),
      onSubscribe: async (context, name, payload) => {
        const connection = context.extra as Connection;
        const identity = operationIdentity(connection.identity, idOf(name));
        const prepared = await prepare(options, connection, identity, name, payload);
        // graphql-ws keeps the message as long as the operation is open.
        Object.assign(payload, { query: '', variables: undefined, extensions: undefined });
        if (Array.isArray(prepared)) options.requestLog.failed(identity, prepared, { transport: 'websocket' });
        return prepared;
      },
      execute: (args) => execute(args as OperationArgs),
      subscribe: (args) => subscribe(args as OperationArgs, options.fanOutOf),
      onError: (_context, _id, _payload, errors) =>
        errors.flatMap(causesOf).map((error) => formatError(shortened(error))),
    });
  }

  get connections(): number {
    return this.#connections.size + this.#others.size;
  }

  get subscriptions(): number {
    let count = 0;
    for (const { subscriptions } of this.#connections) count += subscriptions;
    return count;
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const begin = (): void => {
      if (!socket.destroyed)
        this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#opened(webSocket, request));
    };
    this.#options.turns.soon(socket, begin, 0, 'intake');
  }

  /** Closes with 1012, so that clients resume elsewhere. Resolves when all sockets are closed; after `timeoutMs` they are terminated. */
  async close(timeoutMs: number): Promise<void> {
    const ends = [...this.#connections].map((connection) => () => connection.closeAfterAnswer(1012, 'draining'));
    staggerClosings(ends, timeoutMs * STAGGER_SHARE);
    const sockets = [...this.#others, ...[...this.#connections].map(({ socket }) => socket)];
    const gone = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    const timer = setTimeout(() => {
      for (const socket of sockets) socket.terminate();
    }, timeoutMs);
    await Promise.all(gone);
    clearTimeout(timer);
    this.#sockets.close();
  }

  #opened(socket: ServedSocket, request: IncomingMessage): void {
    const { answers, isFull, heartbeat, requestLog } = this.#options;
    const identity = requestLog.connected(request);
    // It counts.
    this.#others.add(socket);
    if (isFull() && !this.#makeRoom()) {
      requestLog.refused(identity, 'TOO_MANY_CONNECTIONS', { transport: 'websocket' });
      return this.#turnAway(socket, identity, 1013, 'too many connections');
    }
    const reason = refusalOf(socket.protocol);
    if (reason !== undefined) {
      requestLog.refused(identity, '4406', { transport: 'websocket', reason });
      return this.#turnAway(socket, identity, 4406, reason);
    }
    this.#others.delete(socket);
    const tcp = request.socket;
    heartbeat.watch(tcp, socket);
    const connection = new Connection(socket, request, { host: this, identity, account: answers.accountOf(tcp) });
    this.#connections.add(connection);
    socket.serve(connection);
    connection.begin();
  }

  #turnAway(socket: WebSocket, identity: RequestIdentity, code: number, reason: string): void {
    const { requestLog } = this.#options;
    socket.on('error', (error) => requestLog.broken(identity, error));
    socket.on('close', (closed) => {
      this.#others.delete(socket);
      requestLog.disconnected(identity, closed);
    });
    socket.close(code, reason);
  }

  received(message: Buffer, isBinary: boolean, connection: Connection): void {
    // Frames that have come with the one that closed the socket.
    if (!connection.isOpen()) return;
    // `ws` has validated the UTF-8 of text messages only.
    if (isBinary && !isUtf8(message)) return connection.close(1007, 'the message is not UTF-8');
    connection.messageBytes = message.length;
    this.#receive(message.toString(), connection);
    connection.throttle();
  }

  /** `ws` answers an invalid frame by itself with the right code; the rest is handled in `left`. */
  broken(error: Error, { identity }: Connection): void {
    this.#options.requestLog.broken(identity, error);
  }

  left(code: number, reason: Buffer, connection: Connection): void {
    const { heartbeat, requestLog } = this.#options;
    const { identity, socket, tcp } = connection;
    requestLog.disconnected(identity, code);
    heartbeat.unwatch(tcp);
    this.#connections.delete(connection);
    this.#others.delete(socket);
    connection.closed(code, String(reason)).catch((error: unknown) => requestLog.internal(error, identity));
  }

  /** The errors of a subscription that has failed, as JSON. */
  failure(error: unknown): string {
    return JSON.stringify([formatError(shortened(maskError(error, this.#options.requestLog.internal)))]);
  }

  /** Messages that were begun take too much memory, and this connection's is the oldest. */
  #refuse(connection: Connection): void {
    this.#options.requestLog.refused(connection.identity, 'OVERLOADED', { transport: 'websocket' });
    connection.cut(1013, 'too many messages are being sent');
  }

  /** Passes a message to graphql-ws. */
  #hand(message: string | OperationMessage, connection: Connection): void {
    connection.hand(message)?.catch((error: unknown) => {
      if (isUnexpectedType(error)) return connection.close(4400, 'unexpected message');
      this.#options.requestLog.internal(error, connection.identity);
      connection.close(4500, 'Internal server error');
    });
  }

  /** Ends the oldest connection that hasn't sent `connection_init`. Whether there was one. */
  #makeRoom(): boolean {
    for (const connection of this.#connections) {
      if (connection.context) continue;
      this.#connections.delete(connection);
      this.#others.add(connection.socket);
      connection.cut(1013, 'too many connections');
      return true;
    }
    return false;
  }

  #receive(text: string, connection: Connection): void {
    try {
      const message = connection.context?.acknowledged ? operationMessage(text) : undefined;
      if (message) this.#receiveOperation(message, connection);
      else {
        if (connection.messageBytes > MAX_OTHER_BYTES)
          return connection.close(4400, `only subscribe messages may have more than ${MAX_OTHER_BYTES} bytes`);
        assertShallow(text);
        // graphql-ws handles every message that isn't about one operation.
        this.#hand(text, connection);
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      if (error instanceof NestedTooDeep) return connection.close(4400, 'the message is nested too deep');
      this.#refuseDeep(text, connection);
    }
  }

  /** The parser of exact numbers recurses; `JSON.parse` doesn't, and finds the message's id. */
  #refuseDeep(text: string, connection: Connection): void {
    const { type, id } = JSON.parse(text) as Partial<OperationMessage>;
    const isNew = type === 'subscribe' && typeof id === 'string' && !connection.ids.has(id);
    if (!isNew) return connection.close(4400, 'the message is nested too deep');
    const error = refused('BAD_USER_INPUT', 'the message is nested too deep');
    this.#options.requestLog.failed(operationIdentity(connection.identity, id), [error], { transport: 'websocket' });
    connection.sendError(id, JSON.stringify([formatError(error)]));
  }

  #receiveOperation(message: OperationMessage, connection: Connection): void {
    const { ids } = connection;
    const { id } = message;
    if (message.type === 'complete') {
      const operation = ids.close(id);
      // The operation may have ended: then the two messages have crossed.
      if (operation === undefined) return;
      if (typeof operation === 'object') return operation.leave();
      connection.cancel(operation);
      return this.#hand({ ...message, id: operation }, connection);
    }
    if (id.length > MAX_ID_LENGTH)
      return connection.close(4400, `the id of an operation may have ${MAX_ID_LENGTH} characters, not ${id.length}`);
    if (ids.has(id)) return connection.close(4409, `Subscriber for ${id} already exists`);
    if (this.#insertFast(message, connection)) return;
    const isNamed = this.#options.trust !== undefined || isPersistedOnly(message.payload ?? {});
    this.#hand({ ...(isNamed ? withQuery(message) : message), id: ids.open(id) }, connection);
  }

  /**
   * The fast path of insertions, before graphql-ws, whose awaits cost more than the insertion. Whether it has taken the message. Until the
   * answer is sent the id is taken; a client that completes it gets no answer.
   */
  #insertFast({ id, payload }: OperationMessage, connection: Connection): boolean {
    const { fastInserts, maxSubscriptions, requestLog, trust } = this.#options;
    const { account, ids, caller, outlet } = connection;
    // Documents that are named by their hash are not known by their text.
    if (trust || !payload) return false;
    // The plain path waits.
    if (outlet.isFull || !account.isReady || connection.subscriptions + connection.inserting >= maxSubscriptions)
      return false;
    const identity = operationIdentity(connection.identity, id);
    const share = account.open(connection.messageBytes);
    let answer;
    try {
      answer = fastInserts.start(payload, caller, identity, (asked, items) => {
        share.take(insertionBytes(asked, items, share.requestBytes));
        share.bind();
      });
    } catch (refusal) {
      requestLog.failed(identity, [refusal as GraphQLError], { transport: 'websocket' });
      connection.sendError(id, JSON.stringify([formatError(refusal as GraphQLError)]));
      return true;
    }
    if (!answer) return false;
    const name = ids.open(id);
    connection.inserting++;
    void answer.then((result) => {
      connection.inserting--;
      // The outlet counts what it is given.
      share.close();
      // The client may have completed it, and the id may be another operation's by now.
      if (!ids.isOpen(name)) return;
      ids.close(id);
      const isDone = typeof result === 'string';
      connection.sendResult(id, isDone ? result : stringify(result, requestLog.internal));
    });
    return true;
  }
}

/** Of an operation's id, which is kept and sent with each result. */
const MAX_ID_LENGTH = 512;

/** Of a message that isn't about an operation: `connection_init`, a ping. */
const MAX_OTHER_BYTES = 64 * 1024;

/** For a message that only servers send, graphql-ws throws an error. */
function isUnexpectedType(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Unexpected message of type');
}

/** graphql-ws requires a query, which a message that names its document by a hash may omit. */
function withQuery(message: OperationMessage): OperationMessage {
  const { payload } = message;
  if (typeof payload !== 'object' || payload === null || payload['query'] != null) return message;
  return { ...message, payload: { ...payload, query: '' } };
}
