/**
 * graphql-transport-ws by graphql-ws, whose protocol handling stays; operations run through Yoga's envelope, as on HTTP.
 *
 * What is ours: errors of a document or a subscription end that operation only; a socket is closed for silence only when it
 * neither answers nor drains.
 */
import {
  type ExecutionArgs,
  type ExecutionResult,
  type FormattedExecutionResult,
  getOperationAST,
  type GraphQLError,
} from 'graphql';
import {
  type Context as WsContext,
  type GraphQLExecutionContextValue,
  handleProtocols,
  makeServer,
  type SubscribePayload,
} from 'graphql-ws';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { StreamingMap } from '../core/streaming-map.ts';
import type { Admit } from './admission.ts';
import { Connection, shortened } from './connection.ts';
import { formatError, maskError, parseFailed, refused } from './errors.ts';
import type { Yoga } from './http.ts';
import { type OperationContext, operationContext, withCursor } from './operation.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { Asker, RequestLog } from './request-log.ts';
import { spread } from './spread.ts';
import type { trusting } from './trusted-documents.ts';

export interface WebSocketOptions {
  readonly yoga: Yoga;
  readonly map: StreamingMap;
  readonly admit: Admit;
  /** Per connection. */
  readonly maxSubscriptions: number;
  readonly maxMessageBytes: number;
  readonly heartbeat: Heartbeat;
  /** Whether no more connections may open. */
  readonly isFull: () => boolean;
  /** Where only the documents of a manifest run. */
  readonly trust: ReturnType<typeof trusting> | undefined;
  readonly log: RequestLog;
}

/** Of the time to drain; the rest is for those that close. */
const SPREAD = 0.8;

type Enveloped = ReturnType<Yoga['getEnveloped']>;

interface Extra {
  readonly connection: Connection;
}

interface OperationArgs extends ExecutionArgs {
  readonly enveloped: Enveloped;
  readonly connection: Connection;
}

/** Ends one operation with an `error` message. */
class OperationFailed extends Error {
  readonly errors: readonly GraphQLError[];
  constructor(errors: readonly GraphQLError[]) {
    super('the operation failed');
    this.errors = errors;
  }
}

export class WebSocketTransport {
  readonly #options: WebSocketOptions;
  readonly #sockets: WebSocketServer;
  readonly #connections = new Set<Connection>();
  readonly #server;

  constructor(options: WebSocketOptions) {
    this.#options = options;
    // Compression costs seven times the CPU; frames that may be shared can't be compressed per socket anyway.
    const settings = { noServer: true, perMessageDeflate: false, maxPayload: options.maxMessageBytes };
    this.#sockets = new WebSocketServer({ ...settings, handleProtocols: (protocols) => handleProtocols(protocols) });
    this.#server = makeServer({
      onConnect: ({ extra, connectionParams }) => (extra as Extra).connection.enter(connectionParams, options),
      onSubscribe: async (context, id, payload) => {
        const asker = { ...(context.extra as Extra).connection.asker, id };
        const prepared = await this.#prepare(context, payload, asker);
        if (Array.isArray(prepared)) options.log.failed(asker, prepared, { transport: 'websocket' });
        return prepared;
      },
      execute: (args) => execute(args as OperationArgs),
      subscribe: (args) => subscribe(args as OperationArgs),
      onError: (_context, _id, _payload, errors) => errors.flatMap(causesOf).map(formatError),
      onNext: (_context, _id, _payload, _args, result) =>
        result.errors ? formatted(result as ExecutionResult) : undefined,
    });
  }

  get connections(): number {
    return this.#sockets.clients.size;
  }

  get subscriptions(): number {
    let count = 0;
    for (const { open } of this.#connections) count += open.size;
    return count;
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#opened(webSocket, request));
  }

  /** 1012: clients resume elsewhere. Resolves when every socket has gone, those that don't answer after `timeoutMs`. */
  async close(timeoutMs: number): Promise<void> {
    const ends = [...this.#sockets.clients].map((socket) => () => socket.close(1012, 'draining'));
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
    const { isFull, heartbeat, log, trust } = this.#options;
    const asker = log.connected(request);
    const logError = (error: unknown): void => log.internal(error, asker);
    // What is wrong with a frame, ws answers by itself with the right code; the rest is seen at `close`.
    socket.on('error', (error) => log.broken(asker, error));
    socket.once('close', (code) => log.disconnected(asker, code));
    if (isFull()) {
      log.refused(asker, 'TOO_MANY_CONNECTIONS', { transport: 'websocket' });
      return socket.close(1013, 'too many connections');
    }
    heartbeat.watch(request.socket, socket);
    const connection = new Connection(socket, request, asker);
    this.#connections.add(connection);
    const closed = this.#server.opened(
      {
        protocol: socket.protocol,
        send: (message) => send(socket, message),
        close: (code, reason) => socket.close(code, shortened(reason)),
        // Without its payload, which the protocol leaves to us.
        onPing: () => send(socket, '{"type":"pong"}'),
        onMessage: (receive) => {
          socket.on('message', (message) => {
            // `ws` hands a message over as one Buffer unless it is told otherwise.
            const text = (message as Buffer).toString();
            receive(trust ? withQuery(text) : text).catch((error: unknown) => {
              if (isUnexpectedType(error)) return socket.close(4400, 'unexpected message');
              logError(error);
              socket.close(4500, 'Internal server error');
            });
          });
        },
      },
      { connection },
    );
    socket.once('close', (code, reason) => {
      this.#connections.delete(connection);
      closed(code, String(reason)).catch(logError);
    });
  }

  async #prepare(context: WsContext, payload: SubscribePayload, asker: Asker) {
    const { yoga, map, maxSubscriptions, trust, log } = this.#options;
    const { connection } = context.extra as Extra;
    const { caller, signal } = connection;
    if (Math.max(Object.keys(context.subscriptions).length, connection.open.size + 1) > maxSubscriptions)
      return [refused('TOO_MANY_SUBSCRIPTIONS', `a connection may have ${maxSubscriptions} subscriptions at once`)];
    try {
      const operation = operationContext({ map, caller, extensions: payload.extensions, signal });
      const enveloped = yoga.getEnveloped({ operation, asker });
      const query = trust ? trust(payload) : payload.query;
      return await prepare(enveloped, { ...payload, query }, connection);
    } catch (error) {
      return [maskError(error, (cause) => log.internal(cause, asker))];
    }
  }
}

async function prepare(
  enveloped: Enveloped,
  payload: SubscribePayload,
  connection: Connection,
): Promise<OperationArgs | GraphQLError[]> {
  let document;
  try {
    document = enveloped.parse(payload.query);
  } catch (error) {
    return [parseFailed(error)];
  }
  const { schema } = enveloped;
  const errors = enveloped.validate(schema, document) as readonly GraphQLError[];
  if (errors.length > 0) return [...errors];
  if (!getOperationAST(document, payload.operationName))
    return [refused('BAD_USER_INPUT', 'name the operation to run: `operationName` names none in the document')];
  const contextValue = (await enveloped.contextFactory()) as OperationContext & GraphQLExecutionContextValue;
  const { variables: variableValues, operationName } = payload;
  return { enveloped, connection, schema, document, contextValue, variableValues, operationName };
}

async function execute({ enveloped, connection: _connection, ...args }: OperationArgs): Promise<ExecutionResult> {
  const result = (await enveloped.execute(args)) as ExecutionResult;
  return withCursor(result, args.contextValue as OperationContext);
}

/** Results as an iterable that fails with `OperationFailed`, and whose `return` reaches the subscriber at once. */
async function subscribe({
  enveloped,
  connection: { open },
  ...args
}: OperationArgs): Promise<AsyncIterable<ExecutionResult>> {
  const context = args.contextValue as OperationContext;
  const results = (await enveloped.subscribe(args)) as ExecutionResult | AsyncGenerator<ExecutionResult, void>;
  if (!(Symbol.asyncIterator in results)) return failed(results.errors ?? []);
  open.add(results);
  const end = (): boolean => open.delete(results);
  const generator: AsyncGenerator<ExecutionResult, void> = {
    async next() {
      try {
        const next = await results.next();
        if (next.done === true) end();
        return next.done === true ? next : { done: false, value: withCursor(next.value, context) };
      } catch (error) {
        end();
        throw new OperationFailed([error as GraphQLError]);
      }
    },
    async return() {
      end();
      return results.return(undefined);
    },
    async throw(error) {
      end();
      return results.throw(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await this.return(undefined);
    },
  };
  return generator;
}

function failed(errors: readonly GraphQLError[]): AsyncIterable<ExecutionResult> {
  return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new OperationFailed(errors)) }) };
}

function formatted({ errors, ...result }: ExecutionResult): FormattedExecutionResult {
  return { ...result, ...(errors && { errors: errors.map(formatError) }) };
}

/** graphql-ws wraps what an iterable throws. */
function causesOf(error: GraphQLError): readonly GraphQLError[] {
  const cause = error.originalError ?? error.cause;
  return cause instanceof OperationFailed ? cause.errors : [error];
}

/** Resolves when the message has left for the kernel: the only backpressure there is. */
function send(socket: WebSocket, message: string): Promise<void> {
  if (socket.readyState !== socket.OPEN) return Promise.resolve();
  // An error here is the socket's end, which `close` tells.
  return new Promise((resolve) => socket.send(message, () => resolve()));
}

/** What only servers say; graphql-ws throws it like an error of its own. */
function isUnexpectedType(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Unexpected message of type');
}

/** graphql-ws takes no subscribe message without a query, but where documents are named it may be left out. */
function withQuery(text: string): string {
  try {
    const message = JSON.parse(text) as { type?: unknown; payload?: { query?: unknown } | null };
    if (message?.type !== 'subscribe' || typeof message.payload !== 'object' || message.payload === null) return text;
    if (message.payload.query != null) return text;
    return JSON.stringify({ ...message, payload: { ...message.payload, query: '' } });
  } catch {
    return text;
  }
}
