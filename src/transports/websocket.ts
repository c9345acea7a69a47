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
import { formatError, type LogError, maskError, parseFailed, refused } from './errors.ts';
import type { Yoga } from './http.ts';
import { type OperationContext, operationContext, withCursor } from './operation.ts';
import { Heartbeat } from './heartbeat.ts';

export interface WebSocketOptions {
  readonly yoga: Yoga;
  readonly map: StreamingMap;
  readonly maxConnections: number;
  /** Per connection. */
  readonly maxSubscriptions: number;
  readonly maxMessageBytes: number;
  readonly keepAliveMs: number;
  readonly logError: LogError;
}

type Enveloped = ReturnType<Yoga['getEnveloped']>;

interface OperationArgs extends ExecutionArgs {
  readonly enveloped: Enveloped;
}

type Subscriptions = WsContext['subscriptions'];

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
  readonly #heartbeat: Heartbeat;
  readonly #subscriptions = new Map<WebSocket, Subscriptions>();
  readonly #server;

  constructor(options: WebSocketOptions) {
    this.#options = options;
    // Compression costs seven times the CPU; frames that may be shared can't be compressed per socket anyway.
    const settings = { noServer: true, perMessageDeflate: false, maxPayload: options.maxMessageBytes };
    this.#sockets = new WebSocketServer({ ...settings, handleProtocols: (protocols) => handleProtocols(protocols) });
    this.#heartbeat = new Heartbeat(options.keepAliveMs);
    this.#server = makeServer({
      onSubscribe: (context, _id, payload) => this.#prepare(context, payload),
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
    for (const subscriptions of this.#subscriptions.values()) count += Object.keys(subscriptions).length;
    return count;
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#opened(webSocket, request));
  }

  /** 1012: clients resume elsewhere. */
  drain(): void {
    for (const socket of this.#sockets.clients) socket.close(1012, 'draining');
  }

  /** Resolves when every socket has gone, those that don't answer after `timeoutMs`. */
  async close(timeoutMs: number): Promise<void> {
    this.drain();
    const gone = [...this.#sockets.clients].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    const timer = setTimeout(() => {
      for (const socket of this.#sockets.clients) socket.terminate();
    }, timeoutMs);
    await Promise.all(gone);
    clearTimeout(timer);
    this.#heartbeat.stop();
    this.#sockets.close();
  }

  #opened(socket: WebSocket, request: IncomingMessage): void {
    const { maxConnections, logError } = this.#options;
    // What is wrong with a frame, ws answers by itself with the right code; the rest is seen at `close`.
    socket.on('error', () => {});
    if (this.connections > maxConnections) return socket.close(1013, 'too many connections');
    this.#heartbeat.watch(socket, request.socket);
    const closed = this.#server.opened(
      {
        protocol: socket.protocol,
        send: (message) => send(socket, message),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (receive) => {
          socket.on('message', (message) => {
            // `ws` hands a message over as one Buffer unless it is told otherwise.
            receive((message as Buffer).toString()).catch((error: unknown) => {
              logError(error);
              socket.close(4500, 'Internal server error');
            });
          });
        },
      },
      { socket },
    );
    socket.once('close', (code, reason) => {
      this.#subscriptions.delete(socket);
      closed(code, String(reason)).catch(logError);
    });
  }

  async #prepare(context: WsContext, payload: SubscribePayload) {
    const { yoga, map, maxSubscriptions, logError } = this.#options;
    const { socket } = context.extra as { socket: WebSocket };
    this.#subscriptions.set(socket, context.subscriptions);
    if (Object.keys(context.subscriptions).length > maxSubscriptions)
      return [refused('TOO_MANY_SUBSCRIPTIONS', `a connection may have ${maxSubscriptions} subscriptions at once`)];
    try {
      const operation = operationContext({ map, extensions: payload.extensions });
      const enveloped = yoga.getEnveloped({ operation });
      return await prepare(enveloped, payload);
    } catch (error) {
      return [maskError(error, logError)];
    }
  }
}

async function prepare(enveloped: Enveloped, payload: SubscribePayload): Promise<OperationArgs | GraphQLError[]> {
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
  return { enveloped, schema, document, contextValue, variableValues, operationName };
}

async function execute({ enveloped, ...args }: OperationArgs): Promise<ExecutionResult> {
  const result = (await enveloped.execute(args)) as ExecutionResult;
  return withCursor(result, args.contextValue as OperationContext);
}

/** Results as an iterable that fails with `OperationFailed`, and whose `return` reaches the subscriber at once. */
async function subscribe({ enveloped, ...args }: OperationArgs): Promise<AsyncGenerator<ExecutionResult, void>> {
  const context = args.contextValue as OperationContext;
  const results = (await enveloped.subscribe(args)) as ExecutionResult | AsyncGenerator<ExecutionResult, void>;
  if (!(Symbol.asyncIterator in results)) return failed(results.errors ?? []);
  const generator: AsyncGenerator<ExecutionResult, void> = {
    async next() {
      try {
        const next = await results.next();
        return next.done === true ? next : { done: false, value: withCursor(next.value, context) };
      } catch (error) {
        throw new OperationFailed([error as GraphQLError]);
      }
    },
    return: () => results.return(undefined),
    throw: (error) => results.throw(error),
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await results.return(undefined);
    },
  };
  return generator;
}

// eslint-disable-next-line require-yield
async function* failed(errors: readonly GraphQLError[]): AsyncGenerator<ExecutionResult, void> {
  throw new OperationFailed(errors);
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
