/**
 * graphql-transport-ws by graphql-ws, whose protocol handling stays; operations run through Yoga's envelope, as on HTTP.
 *
 * What is ours: errors of a document or a subscription end that operation only; a socket is closed for silence only when it
 * neither answers nor drains.
 */
import type { ExecutionResult } from 'graphql';
import { GRAPHQL_TRANSPORT_WS_PROTOCOL, handleProtocols, makeServer, type SubscribePayload } from 'graphql-ws';
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { StreamingMap } from '../../core/streaming-map.ts';
import type { FanOut } from '../../fanout/fan-out.ts';
import type { Admit } from '../protocol/admission.ts';
import { Connection } from './connection.ts';
import { formatError, formatResult, maskError, refused } from '../protocol/errors.ts';
import type { Yoga } from '../http/http.ts';
import { operationContext } from '../operations/operation.ts';
import { idOf, operationMessage, type OperationMessage } from '../protocol/operation-ids.ts';
import type { Heartbeat } from '../protocol/heartbeat.ts';
import type { Insertions } from '../operations/insertions.ts';
import type { Asker, RequestLog } from '../observability/request-log.ts';
import { spread } from '../protocol/stagger-closings.ts';
import { isPersistedOnly, persistedQueryNotSupported, type trusting } from '../protocol/trusted-documents.ts';
import { type Hand, WebSocketInsertions } from './websocket-insertions.ts';
import { causesOf, execute, type OperationArgs, prepare, subscribe } from './websocket-operation.ts';

export interface WebSocketOptions {
  readonly yoga: Yoga;
  readonly map: StreamingMap;
  readonly admit: Admit;
  /** Per connection. */
  readonly maxSubscriptions: number;
  readonly maxMessageBytes: number;
  readonly heartbeat: Heartbeat;
  /** Until `connection_init`: tokens are often fetched first. */
  readonly initTimeoutMs: number;
  /** Whether no more connections may open. */
  readonly isFull: () => boolean;
  /** Where only the documents of a manifest run. */
  readonly trust: ReturnType<typeof trusting> | undefined;
  readonly log: RequestLog;
  /** Undefined: every subscription has a generator of its own. */
  readonly fanOut: FanOut | undefined;
  readonly insertions: Insertions;
}

/** Of the time to drain; the rest is for those that close. */
const SPREAD = 0.8;

interface Extra {
  readonly connection: Connection;
}

export class WebSocketTransport {
  readonly #options: WebSocketOptions;
  readonly #sockets: WebSocketServer;
  readonly #connections = new Set<Connection>();
  /** Undefined where documents are named by their hash: the short way knows none. */
  readonly #insertions: WebSocketInsertions | undefined;
  readonly #server;

  constructor(options: WebSocketOptions) {
    this.#options = options;
    // Compression costs seven times the CPU; frames that may be shared can't be compressed per socket anyway.
    const settings = { noServer: true, perMessageDeflate: false, maxPayload: options.maxMessageBytes };
    this.#sockets = new WebSocketServer({ ...settings, handleProtocols: chosenOf });
    this.#insertions = options.trust ? undefined : new WebSocketInsertions(options);
    this.#server = makeServer({
      connectionInitWaitTimeout: options.initTimeoutMs,
      onConnect: (context) => (context.extra as Extra).connection.enter(context, options),
      onSubscribe: async (context, name, payload) => {
        const { connection } = context.extra as Extra;
        const asker = { ...connection.asker, id: idOf(name) };
        const prepared = await this.#prepare(connection, payload, asker);
        if (Array.isArray(prepared)) options.log.failed(asker, prepared, { transport: 'websocket' });
        return prepared;
      },
      execute: (args) => execute(args as OperationArgs),
      subscribe: (args) => subscribe(args as OperationArgs, options),
      onError: (_context, _id, _payload, errors) => errors.flatMap(causesOf).map(formatError),
      onNext: (_context, _id, _payload, _args, result) =>
        result.errors ? formatResult(result as ExecutionResult) : undefined,
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
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#opened(webSocket, request));
  }

  /** 1012: clients resume elsewhere. Resolves when every socket has gone, those that don't answer after `timeoutMs`. */
  async close(timeoutMs: number): Promise<void> {
    const ends = [...this.#connections].map((connection) => () => connection.close(1012, 'draining'));
    spread(ends, timeoutMs * SPREAD);
    const gone = [...this.#sockets.clients].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    const timer = setTimeout(() => {
      for (const socket of this.#sockets.clients) socket.terminate();
    }, timeoutMs);
    await Promise.all(gone);
    clearTimeout(timer);
    this.#sockets.close();
  }

  #opened(socket: WebSocket, request: IncomingMessage): void {
    const { isFull, heartbeat, log } = this.#options;
    const asker = log.connected(request);
    const logError = (error: unknown): void => log.internal(error, asker);
    // What is wrong with a frame, ws answers by itself with the right code; the rest is seen at `close`.
    socket.on('error', (error) => log.broken(asker, error));
    if (isFull()) {
      socket.on('close', (code) => log.disconnected(asker, code));
      log.refused(asker, 'TOO_MANY_CONNECTIONS', { transport: 'websocket' });
      return socket.close(1013, 'too many connections');
    }
    if (socket.protocol !== GRAPHQL_TRANSPORT_WS_PROTOCOL) {
      const offered = socket.protocol.slice(0, MAX_SHOWN);
      const reason = `speak ${GRAPHQL_TRANSPORT_WS_PROTOCOL}${offered ? `, not ${offered}` : ': no subprotocol was offered'}`;
      log.refused(asker, '4406', { transport: 'websocket', reason });
      socket.on('close', (code) => log.disconnected(asker, code));
      return socket.close(4406, reason);
    }
    heartbeat.watch(request.socket, socket);
    const connection = new Connection(socket, request, asker);
    this.#connections.add(connection);
    const closed = this.#server.opened(
      {
        protocol: socket.protocol,
        send: (message) => connection.send(message),
        close: (code, reason) => connection.close(code ?? 1000, reason),
        // Without its payload, which the protocol leaves to us.
        onPing: () => connection.send('{"type":"pong"}'),
        onMessage: (receive) => {
          const hand = (message: string | OperationMessage): void => {
            // What is a string is parsed first.
            receive(message as string).catch((error: unknown) => {
              if (isUnexpectedType(error)) return connection.close(4400, 'unexpected message');
              logError(error);
              connection.close(4500, 'Internal server error');
            });
          };
          socket.on('message', (message, isBinary) => {
            // `ws` hands a message over as one Buffer unless it is told otherwise, and has looked at text only.
            const bytes = message as Buffer;
            if (isBinary && !isUtf8(bytes)) return connection.close(1007, 'the message is not UTF-8');
            this.#receive(bytes.toString(), connection, hand);
          });
        },
      },
      { connection },
    );
    socket.on('close', (code, reason) => {
      log.disconnected(asker, code);
      connection.closed();
      this.#connections.delete(connection);
      closed(code, String(reason)).catch(logError);
    });
  }

  #receive(text: string, connection: Connection, hand: Hand): void {
    try {
      const message = connection.context?.acknowledged ? operationMessage(text) : undefined;
      if (message) this.#receiveOperation(message, connection, hand);
      // What isn't about one operation, graphql-ws judges.
      else hand(text);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#refuseDeep(text, connection);
    }
  }

  /** Numbers are looked at by a parser that recurses; the plain one doesn't, and knows whose message it is. */
  #refuseDeep(text: string, connection: Connection): void {
    const { type, id } = JSON.parse(text) as Partial<OperationMessage>;
    const isNew = type === 'subscribe' && typeof id === 'string' && !connection.ids.has(id);
    if (!isNew) return connection.close(4400, 'the message is nested too deep');
    const error = refused('BAD_USER_INPUT', 'the message is nested too deep');
    this.#options.log.failed({ ...connection.asker, id }, [error], { transport: 'websocket' });
    connection.sendError(id, JSON.stringify([formatError(error)]));
  }

  #receiveOperation(message: OperationMessage, connection: Connection, hand: Hand): void {
    const { ids } = connection;
    if (message.type === 'complete') {
      const name = ids.close(message.id);
      // Of one that has ended: the two messages have crossed.
      if (name !== undefined) hand({ ...message, id: name });
    } else if (ids.has(message.id)) {
      connection.close(4409, `Subscriber for ${message.id} already exists`);
    } else if (!this.#insertions?.take(message, connection, hand)) {
      const { trust } = this.#options;
      const isNamed = trust !== undefined || isPersistedOnly(message.payload ?? {});
      hand({ ...(isNamed ? withQuery(message) : message), id: ids.open(message.id) });
    }
  }

  async #prepare(connection: Connection, payload: SubscribePayload, asker: Asker) {
    const { yoga, map, maxSubscriptions, trust, log, fanOut } = this.#options;
    const { ids, caller, signal, outcome } = connection;
    if (!outcome && Math.max(ids.size, connection.subscriptions + 1) > maxSubscriptions)
      return [refused('TOO_MANY_SUBSCRIPTIONS', `a connection may have ${maxSubscriptions} subscriptions at once`)];
    try {
      const fanOutRequest = fanOut && {};
      const operation = operationContext({
        map,
        caller,
        extensions: payload.extensions,
        signal,
        fanOutRequest,
        outcome,
      });
      const enveloped = yoga.getEnveloped({ operation, asker });
      if (!trust && isPersistedOnly(payload)) throw persistedQueryNotSupported();
      const query = trust ? trust(payload) : payload.query;
      return await prepare(enveloped, { ...payload, query }, connection, asker);
    } catch (error) {
      return [maskError(error, (cause) => log.internal(cause, asker))];
    }
  }
}

/**
 * A client that doesn't speak ours gets the subprotocol that it offers, and is then told so: a browser shows no reason of a socket whose
 * subprotocol was not taken. Clients of the older `graphql-ws` protocol (subscriptions-transport-ws) are the most of them.
 */
function chosenOf(protocols: Set<string>): string | false {
  const [first] = protocols;
  return handleProtocols(protocols) || (first ?? false);
}

/** Of a subprotocol. */
const MAX_SHOWN = 40;

/** What only servers say; graphql-ws throws it like an error of its own. */
function isUnexpectedType(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Unexpected message of type');
}

/** graphql-ws takes no subscribe message without a query, but where a document is named it may be left out. */
function withQuery(message: OperationMessage): OperationMessage {
  const { payload } = message;
  if (typeof payload !== 'object' || payload === null || payload['query'] != null) return message;
  return { ...message, payload: { ...payload, query: '' } };
}
