/**
 * graphql-transport-ws by graphql-ws, which handles the protocol; operations run through Yoga's envelope, as over HTTP
 * (websocket-operation.ts).
 *
 * Unlike graphql-ws alone, errors of a document or a subscription end that operation only, and a silent socket is closed only when it
 * neither answers nor drains.
 */
import type { GraphQLError } from 'graphql';
import { GRAPHQL_TRANSPORT_WS_PROTOCOL, handleProtocols, makeServer } from 'graphql-ws';
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { assertShallow, NestedTooDeep } from '../../core/model/json.ts';
import { insertionBytes } from '../answers/insertion-bytes.ts';
import { Connection } from './connection.ts';
import { formatError, refused, shortened, stringify } from '../protocol/errors.ts';
import { receiveInTurns } from './receiving.ts';
import { idOf, operationMessage, type OperationMessage } from '../protocol/operation-ids.ts';
import { staggerClosings } from '../protocol/stagger-closings.ts';
import { isPersistedOnly } from '../protocol/trusted-documents.ts';
import { causesOf, execute, type OperationArgs, prepare, subscribe } from './websocket-operation.ts';
import type { WebSocketOptions } from './websocket-options.ts';

/** Share of the drain's time in which sockets are told to close; they close in the rest. */
const STAGGER_SHARE = 0.8;

export class WebSocketTransport {
  readonly #options: WebSocketOptions;
  readonly #sockets: WebSocketServer;
  readonly #connections = new Set<Connection>();
  readonly #server;

  constructor(options: WebSocketOptions) {
    this.#options = options;
    // Compression costs seven times the CPU; frames that may be shared can't be compressed per socket anyway.
    const settings = { noServer: true, perMessageDeflate: false, maxPayload: options.maxMessageBytes };
    // `ws` would answer pings also while the client reads nothing.
    this.#sockets = new WebSocketServer({ ...settings, autoPong: false, handleProtocols: chosenOf });
    this.#server = makeServer({
      connectionInitWaitTimeout: options.initTimeoutMs,
      onConnect: (context) => (context.extra as Connection).enter(context, options),
      onSubscribe: async (context, name, payload) => {
        const connection = context.extra as Connection;
        const identity = { ...connection.identity, id: idOf(name) };
        const prepared = await prepare(options, connection, identity, name, payload);
        // graphql-ws keeps the message as long as the operation is open.
        Object.assign(payload, { query: '', variables: undefined, extensions: undefined });
        if (Array.isArray(prepared)) options.requestLog.failed(identity, prepared, { transport: 'websocket' });
        return prepared;
      },
      execute: (args) => execute(args as OperationArgs),
      subscribe: (args) => subscribe(args as OperationArgs, options),
      onError: (_context, _id, _payload, errors) =>
        errors.flatMap(causesOf).map((error) => formatError(shortened(error))),
    });
  }

  get connections(): number {
    return this.#sockets.clients.size;
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
    const gone = [...this.#sockets.clients].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    const timer = setTimeout(() => {
      for (const socket of this.#sockets.clients) socket.terminate();
    }, timeoutMs);
    await Promise.all(gone);
    clearTimeout(timer);
    this.#sockets.close();
  }

  #opened(socket: WebSocket, request: IncomingMessage): void {
    const { answers, isFull, heartbeat, requestLog, incomingBytes, turns } = this.#options;
    const identity = requestLog.connected(request);
    // The functions below are kept as long as the connection, and must not keep the request.
    const tcp = request.socket;
    let [connection, closed]: [Connection?, ((code: number, reason: string) => Promise<void>)?] = [];
    // `ws` answers an invalid frame by itself with the right code; the rest is handled at `close`.
    socket.on('error', (error) => requestLog.broken(identity, error));
    socket.on('close', (code, reason) => {
      requestLog.disconnected(identity, code);
      if (!connection) return;
      heartbeat.unwatch(tcp);
      connection.closed();
      this.#connections.delete(connection);
      closed?.(code, String(reason)).catch((error: unknown) => requestLog.internal(error, identity));
    });
    if (isFull() && !this.#makeRoom()) {
      requestLog.refused(identity, 'TOO_MANY_CONNECTIONS', { transport: 'websocket' });
      return socket.close(1013, 'too many connections');
    }
    if (socket.protocol !== GRAPHQL_TRANSPORT_WS_PROTOCOL) {
      const offered = socket.protocol.slice(0, MAX_SHOWN);
      const reason = `speak ${GRAPHQL_TRANSPORT_WS_PROTOCOL}${offered ? `, not ${offered}` : ': no subprotocol was offered'}`;
      requestLog.refused(identity, '4406', { transport: 'websocket', reason });
      return socket.close(4406, reason);
    }
    heartbeat.watch(tcp, socket);
    const opened = new Connection(socket, request, identity, answers.accountOf(tcp));
    connection = opened;
    this.#connections.add(opened);
    socket.on('ping', (data) => opened.pong(data));
    const onRefused = (): void => {
      requestLog.refused(identity, 'OVERLOADED', { transport: 'websocket' });
      opened.cut(1013, 'too many messages are being sent');
    };
    receiveInTurns(socket, tcp, { incomingBytes, onRefused, turns });
    closed = this.#server.opened(opened, opened);
    socket.on('message', (message, isBinary) => {
      // `ws` passes each message as one Buffer by default, and has validated the UTF-8 of text messages only.
      const bytes = message as Buffer;
      // Frames that have come with the one that closed the socket.
      if (socket.readyState !== socket.OPEN) return;
      if (isBinary && !isUtf8(bytes)) return opened.close(1007, 'the message is not UTF-8');
      opened.messageBytes = bytes.length;
      this.#receive(bytes.toString(), opened);
      opened.throttle();
    });
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
    this.#options.requestLog.failed({ ...connection.identity, id }, [error], { transport: 'websocket' });
    connection.sendError(id, JSON.stringify([formatError(error)]));
  }

  #receiveOperation(message: OperationMessage, connection: Connection): void {
    const { ids } = connection;
    const { id } = message;
    if (message.type === 'complete') {
      const name = ids.close(id);
      // The operation may have ended: then the two messages have crossed.
      if (name === undefined) return;
      connection.cancel(name);
      return this.#hand({ ...message, id: name }, connection);
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
    const identity = { ...connection.identity, id };
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

/**
 * A client of another subprotocol gets what it offers, and a close frame with the reason: a browser shows no reason when its subprotocol is
 * refused. Most of these are clients of the older `graphql-ws` protocol (subscriptions-transport-ws).
 */
function chosenOf(protocols: Set<string>): string | false {
  const [first] = protocols;
  return handleProtocols(protocols) || (first ?? false);
}

/** Of an operation's id, which is kept and sent with each result. */
const MAX_ID_LENGTH = 512;

/** Of a message that isn't about an operation: `connection_init`, a ping. */
const MAX_OTHER_BYTES = 64 * 1024;

/** Of a subprotocol. */
const MAX_SHOWN = 40;

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
