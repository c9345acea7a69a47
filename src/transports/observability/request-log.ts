/**
 * The log of requests and connections. Each line names its request, and over WebSocket the connection and the subscription. No line has
 * tokens, cookies, documents, variables or items.
 */
import { propagation } from '@opentelemetry/api';
import type { GraphQLError } from 'graphql';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { errorFields, type LogFields, type Logger, messageOf } from '../../core/model/logger.ts';
import { RefusalLog } from './refusal-log.ts';

/** A request, as log lines name it. */
export interface RequestIdentity {
  /** The request's id; over WebSocket that of the upgrade. */
  readonly request: string;
  readonly client: string;
  readonly headers: IncomingHttpHeaders;
  readonly connection?: string | undefined;
  /** The client's id of the subscription. */
  readonly id?: string | undefined;
}

/** A property, because a WeakMap of requests costs the garbage collector more. */
const IDENTITY = Symbol('identity');

type Asked = IncomingMessage & { [IDENTITY]?: RequestIdentity };

/** Codes that an operator should see: refused access, exceeded limits, an engine in trouble. */
const WARNED: ReadonlySet<unknown> = new Set(
  `UNAUTHENTICATED FORBIDDEN RATE_LIMITED TOO_MANY_SUBSCRIPTIONS PAYLOAD_TOO_LARGE ENGINE_UNAVAILABLE
   INDETERMINATE OVERLOADED`.split(/\s+/),
);

/** Codes whose messages quote nothing that a client sent. */
const QUOTED: ReadonlySet<unknown> = new Set(['UNAUTHENTICATED', 'ENGINE_UNAVAILABLE', 'INDETERMINATE']);

/** Close codes for violations of the protocol. A bad token is logged by its error. */
const REFUSING_CLOSES: ReadonlySet<number> = new Set([4400, 4401, 4408, 4409, 4429]);

const INTERNAL = 'INTERNAL_SERVER_ERROR';

/** Valid ids; they are too short for a token. */
const SANE_ID = /^[\w.:=+/-]{1,64}$/;

/** Of a subscription's id; a longer one is cut. */
const MAX_ID_LENGTH = 64;

export class RequestLog {
  readonly #logger: Logger;
  readonly #clientOf: (request: IncomingMessage) => string;
  readonly refusalLog: RefusalLog;
  /** The fields of the operation that an error ended: where errors are masked, the operation is unknown. */
  readonly #attributed = new WeakMap<object, LogFields>();

  /** Requests whose errors are logged by their operations. */
  readonly #reported = new WeakSet<RequestIdentity>();

  constructor(logger: Logger, clientOf: (request: IncomingMessage) => string) {
    this.#logger = logger;
    this.#clientOf = clientOf;
    this.refusalLog = new RefusalLog(logger);
  }

  /** The same object for the same request. Its id is that of `X-Request-Id` if that is valid. */
  identityOf(request: Asked): RequestIdentity {
    let identity = request[IDENTITY];
    if (!identity) {
      const given = request.headers['x-request-id'];
      const id = typeof given === 'string' && SANE_ID.test(given) ? given : newId();
      const client = this.#clientOf(request);
      identity = { request: id, client: SANE_ID.test(client) ? client : 'unknown', headers: request.headers };
      request[IDENTITY] = identity;
    }
    return identity;
  }

  /** The identity of a WebSocket connection, which is kept as long as the connection. */
  connected(request: IncomingMessage): RequestIdentity {
    const identity = this.identityOf(request);
    const { request: id, client, headers } = identity;
    const kept = { request: id, client, headers: tracingHeaders(headers), connection: newId(), id: undefined };
    this.#logger.debug?.({ ...namesOf(kept), client: kept.client }, 'connection opened');
    return kept;
  }

  disconnected(identity: RequestIdentity, close: number): void {
    if (REFUSING_CLOSES.has(close)) this.refused(identity, String(close));
    this.#logger.debug?.({ ...namesOf(identity), close }, 'connection closed');
  }

  /** `code`: of an error (docs/errors.md), or a socket's close code. `message`: without one, the line says `refused`. */
  refused(identity: RequestIdentity, code: string, fields: LogFields = {}, message?: string): void {
    this.refusalLog.note(code, { ...namesOf(identity), client: identity.client, ...fields }, message);
  }

  /** For a frame that `ws` refuses, because of its size, say. */
  broken(identity: RequestIdentity, error: Error & { readonly code?: unknown }): void {
    if (String(error.code).startsWith('WS_ERR_')) this.refused(identity, String(error.code));
  }

  /** For errors as they leave: a refusal is a warning, a client's mistake is counted. */
  failed(identity: RequestIdentity, errors: readonly GraphQLError[], fields: LogFields = {}): void {
    for (const { extensions, message } of errors) {
      const { code } = extensions;
      const reason = QUOTED.has(code) ? { reason: message } : {};
      if (WARNED.has(code)) this.refused(identity, String(code), { ...fields, ...reason });
      else if (code !== INTERNAL) this.refusalLog.count(typeof code === 'string' ? code : 'BAD_USER_INPUT');
    }
  }

  /** The request has become an operation, which logs its own errors. */
  markReported(identity: RequestIdentity): void {
    // No other code logs the errors of a connection's operations.
    if (identity.connection === undefined) this.#reported.add(identity);
  }

  isReported(identity: RequestIdentity): boolean {
    return this.#reported.has(identity);
  }

  /** `fieldsOf` is called only if the line is logged. */
  operation(identity: RequestIdentity, fieldsOf: () => LogFields, message: string): void {
    this.#logger.debug?.({ ...namesOf(identity), ...fieldsOf() }, message);
  }

  /** Lets `internal` name the operation that the error ended. */
  attribute(error: object, identity: RequestIdentity, fields: LogFields): void {
    this.#attributed.set(error, { ...namesOf(identity), ...fields });
  }

  /** An error that is hidden from the client. */
  readonly internal = (error: unknown, identity?: RequestIdentity): void => {
    const cause = originOf(error);
    const named = identity
      ? namesOf(identity)
      : (this.#attributed.get(error as object) ?? this.#attributed.get(cause as object));
    this.#logger.error({ ...named, ...errorFields(cause) }, `internal error: ${messageOf(cause)}`);
  };
}

/** Of an operation on a connection. The members are in the order of the connection's own, so that V8 gives both one shape. */
export function operationIdentity(
  { request, client, headers, connection }: RequestIdentity,
  id: string,
): RequestIdentity {
  return { request, client, headers, connection, id };
}

/** Characters of the headers that a connection keeps as long as it is open. */
const MAX_HEADERS_LENGTH = 2048;

/** Most connections have none of these. */
const NO_HEADERS: IncomingHttpHeaders = {};

const W3C_HEADERS = ['traceparent', 'tracestate', 'baggage'];

/** The headers that the traces of operations begin with, without the longest. */
function tracingHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const sizeOf = (value: unknown): number => String(value).length;
  const names = new Set([...W3C_HEADERS, ...propagation.fields().map((name) => name.toLowerCase())]);
  const sent = [...names].map((name) => [name, headers[name]] as const).filter(([, value]) => value !== undefined);
  if (sent.length === 0) return NO_HEADERS;
  let length = 0;
  const shortest = sent.toSorted(([, a], [, b]) => sizeOf(a) - sizeOf(b));
  return Object.fromEntries(
    shortest.filter(([name, value]) => (length += name.length + sizeOf(value)) <= MAX_HEADERS_LENGTH),
  );
}

/** A flat copy: `randomUUID` returns a tree of strings that is ten times as large. */
function newId(): string {
  return Buffer.from(crypto.randomUUID(), 'latin1').toString('latin1');
}

/** The fields of every line. */
function namesOf({ request, connection, id }: RequestIdentity): LogFields {
  return { request, ...(connection && { connection }), ...(id !== undefined && { id: id.slice(0, MAX_ID_LENGTH) }) };
}

/** The error that a resolver threw; the executor's error around it holds the document. */
function originOf(error: unknown): unknown {
  const { originalError } = error instanceof Error ? (error as Partial<GraphQLError>) : {};
  return originalError ?? error;
}
