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
import { setMaxListeners } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { StreamingMap } from '../core/streaming-map.ts';
import { type Caller, EVERYBODY } from '../../schema/caller.ts';
import { type Admit, whenExpired } from './admission.ts';
import { formatError, type LogError, maskError, parseFailed, refused } from './errors.ts';
import type { Yoga } from './http.ts';
import { type OperationContext, operationContext, withCursor } from './operation.ts';
import { Heartbeat } from './heartbeat.ts';

export interface WebSocketOptions {
  readonly yoga: Yoga;
  readonly map: StreamingMap;
  readonly admit: Admit;
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
  readonly connection: Connection;
}

/** Before the connection was let in; graphql-ws lets no operation through until then. */
const NOBODY: Caller = { ...EVERYBODY, mayRead: false, mayWrite: false };

/** What we know of a socket beside graphql-ws, which loses sight of a subscription whose id is used again too early. */
class Connection {
  readonly #closing = new AbortController();
  /** The open subscriptions. */
  readonly open = new Set<object>();
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  caller: Caller = NOBODY;

  constructor(socket: WebSocket, request: IncomingMessage) {
    this.socket = socket;
    this.request = request;
    // One listener a subscription: as many as may be.
    setMaxListeners(0, this.#closing.signal);
    socket.once('close', () => this.#closing.abort());
  }

  /** Aborts when the socket has closed. */
  get signal(): AbortSignal {
    return this.#closing.signal;
  }
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
  readonly #heartbeat: Heartbeat;
  readonly #connections = new Set<Connection>();
  readonly #server;

  constructor(options: WebSocketOptions) {
    this.#options = options;
    // Compression costs seven times the CPU; frames that may be shared can't be compressed per socket anyway.
    const settings = { noServer: true, perMessageDeflate: false, maxPayload: options.maxMessageBytes };
    this.#sockets = new WebSocketServer({ ...settings, handleProtocols: (protocols) => handleProtocols(protocols) });
    this.#heartbeat = new Heartbeat(options.keepAliveMs);
    this.#server = makeServer({
      onConnect: (context) => this.#connect(context),
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
    for (const { open } of this.#connections) count += open.size;
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
    const connection = new Connection(socket, request);
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
            receive((message as Buffer).toString()).catch((error: unknown) => {
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

  /** False closes it, with 4403 unless it is closed already. */
  async #connect({ extra, connectionParams }: WsContext): Promise<boolean> {
    const { admit, logError } = this.#options;
    const { connection } = extra as { connection: Connection };
    const { socket, request } = connection;
    try {
      const admission = await admit(request, authorizationOf(connectionParams) ?? request.headers.authorization);
      connection.caller = admission.caller;
      const stay = whenExpired(admission, () => socket.close(4403, 'the token has expired'));
      socket.once('close', stay);
      return true;
    } catch (thrown) {
      const { message, extensions } = maskError(thrown, logError);
      if (extensions['code'] === 'UNAUTHENTICATED') socket.close(4401, shortened(message));
      else socket.close(1013, shortened(message));
      return false;
    }
  }

  async #prepare(context: WsContext, payload: SubscribePayload) {
    const { yoga, map, maxSubscriptions, logError } = this.#options;
    const { connection } = context.extra as { connection: Connection };
    const { caller, signal } = connection;
    if (Math.max(Object.keys(context.subscriptions).length, connection.open.size + 1) > maxSubscriptions)
      return [refused('TOO_MANY_SUBSCRIPTIONS', `a connection may have ${maxSubscriptions} subscriptions at once`)];
    try {
      const operation = operationContext({ map, caller, extensions: payload.extensions, signal });
      const enveloped = yoga.getEnveloped({ operation });
      return await prepare(enveloped, payload, connection);
    } catch (error) {
      return [maskError(error, logError)];
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

/** `{ Authorization }` in any case, or `{ headers: { Authorization } }`, which GraphiQL's and other clients' forms send. */
function authorizationOf(parameters: Readonly<Record<string, unknown>> | undefined): string | undefined {
  for (const [name, value] of Object.entries(parameters ?? {})) {
    if (/^authorization$/i.test(name) && typeof value === 'string') return value;
    if (name === 'headers' && typeof value === 'object' && value !== null) {
      const inner = authorizationOf({ ...value, headers: undefined });
      if (inner !== undefined) return inner;
    }
  }
  return undefined;
}

/** What only servers say; graphql-ws throws it like an error of its own. */
function isUnexpectedType(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Unexpected message of type');
}

/** A close frame has room for 123 bytes; a character that is cut in two becomes one of three bytes. */
function shortened(reason = ''): string {
  return Buffer.from(reason).subarray(0, 120).toString();
}
