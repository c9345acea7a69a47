/**
 * What logs say of requests and connections. Each line names its request, and over WebSocket the connection and the
 * subscription; none has tokens, cookies, documents, variables or items in it.
 */
import type { GraphQLError } from 'graphql';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { errorFields, type LogFields, type Logger, messageOf } from '../../core/model/logger.ts';
import { RefusalLog } from './refusal-log.ts';

/** Who asks, as lines name it. */
export interface RequestIdentity {
  /** The request's id, over WebSocket of the upgrade. */
  readonly request: string;
  readonly client: string;
  readonly headers: IncomingHttpHeaders;
  readonly connection?: string;
  /** Of the subscription, as the client calls it. */
  readonly id?: string;
}

/** A table beside the requests costs the garbage collector more. */
const IDENTITY = Symbol('identity');

type Asked = IncomingMessage & { [IDENTITY]?: RequestIdentity };

/** Codes of what an operator should see: doors that were closed, limits that were met, an engine in trouble. */
const WARNED: ReadonlySet<unknown> = new Set(
  `UNAUTHENTICATED FORBIDDEN RATE_LIMITED TOO_MANY_SUBSCRIPTIONS PAYLOAD_TOO_LARGE ENGINE_UNAVAILABLE
   INDETERMINATE`.split(/\s+/),
);

/** Codes whose messages are of our own making and quote nothing that was sent. */
const TOLD: ReadonlySet<unknown> = new Set(['UNAUTHENTICATED', 'ENGINE_UNAVAILABLE', 'INDETERMINATE']);

/** What graphql-ws, or we, close a connection with that breaks the protocol's rules; a bad token is told by itself. */
const REFUSING_CLOSES: ReadonlySet<number> = new Set([4400, 4401, 4408, 4409, 4429]);

const INTERNAL = 'INTERNAL_SERVER_ERROR';

/** What an id may be; too short for a token. */
const SANE_ID = /^[\w.:=+/-]{1,64}$/;

/** What a client calls its subscription is cut there. */
const MAX_ID_LENGTH = 64;

export class RequestLog {
  readonly #logger: Logger;
  readonly #clientOf: (request: IncomingMessage) => string;
  readonly #refusals: RefusalLog;
  /** Whose operation an error ended: where errors are masked, that isn't known any more. */
  readonly #attributed = new WeakMap<object, LogFields>();

  /** Whose errors are told by their operations. */
  readonly #reported = new WeakSet<RequestIdentity>();

  constructor(logger: Logger, clientOf: (request: IncomingMessage) => string) {
    this.#logger = logger;
    this.#clientOf = clientOf;
    this.#refusals = new RefusalLog(logger);
  }

  /** The same for the same request. Its id is what `X-Request-Id` says, if that is sane. */
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

  /** For a connection that stays open. */
  connected(request: IncomingMessage): RequestIdentity {
    const identity = { ...this.identityOf(request), connection: newId() };
    this.#logger.debug?.({ ...namesOf(identity), client: identity.client }, 'connection opened');
    return identity;
  }

  disconnected(identity: RequestIdentity, close: number): void {
    if (REFUSING_CLOSES.has(close)) this.refused(identity, String(close));
    this.#logger.debug?.({ ...namesOf(identity), close }, 'connection closed');
  }

  /** `code`: an error's (docs/clients.md), or of a socket's end. */
  refused(identity: RequestIdentity, code: string, fields: LogFields = {}): void {
    this.#refusals.note(code, { ...namesOf(identity), client: identity.client, ...fields });
  }

  /** What `ws` finds wrong with a frame, such as its size. */
  broken(identity: RequestIdentity, error: Error & { readonly code?: unknown }): void {
    if (String(error.code).startsWith('WS_ERR_')) this.refused(identity, String(error.code));
  }

  /** Errors as they leave: a refusal is warned of, a client's mistake is not. */
  failed(identity: RequestIdentity, errors: readonly GraphQLError[], fields: LogFields = {}): void {
    for (const { extensions, message } of errors) {
      const { code } = extensions;
      const reason = TOLD.has(code) ? { reason: message } : {};
      if (WARNED.has(code)) this.refused(identity, String(code), { ...fields, ...reason });
      else if (code !== INTERNAL) this.#refusals.count(typeof code === 'string' ? code : 'BAD_USER_INPUT');
    }
  }

  /** An operation has begun: its errors are its own to tell. */
  markReported(identity: RequestIdentity): void {
    // A connection's identities are told of by nobody else.
    if (identity.connection === undefined) this.#reported.add(identity);
  }

  isReported(identity: RequestIdentity): boolean {
    return this.#reported.has(identity);
  }

  operation(identity: RequestIdentity, fields: LogFields, message: string): void {
    this.#logger.debug?.({ ...namesOf(identity), ...fields }, message);
  }

  /** So that `internal` can tell. */
  attribute(error: object, identity: RequestIdentity, fields: LogFields): void {
    this.#attributed.set(error, { ...namesOf(identity), ...fields });
  }

  /** What is hidden from the client. */
  internal(error: unknown, identity?: RequestIdentity): void {
    const cause = originOf(error);
    const culprit = identity
      ? namesOf(identity)
      : (this.#attributed.get(error as object) ?? this.#attributed.get(cause as object));
    this.#logger.error({ ...culprit, ...errorFields(cause) }, `internal error: ${messageOf(cause)}`);
  }

  /** By code. */
  get refusals(): ReadonlyMap<string, number> {
    return this.#refusals.counts;
  }

  /** Says what has been suppressed so far. */
  flush(): void {
    this.#refusals.flush();
  }
}

/** Copied into one piece: as it is made it is a tree of strings ten times as large. */
function newId(): string {
  return Buffer.from(crypto.randomUUID(), 'latin1').toString('latin1');
}

/** Of who asks, what every line says. */
function namesOf({ request, connection, id }: RequestIdentity): LogFields {
  return { request, ...(connection && { connection }), ...(id !== undefined && { id: id.slice(0, MAX_ID_LENGTH) }) };
}

/** What a resolver threw, without the document that hangs on what the executor made of it. */
function originOf(error: unknown): unknown {
  const { originalError } = error instanceof Error ? (error as Partial<GraphQLError>) : {};
  return originalError ?? error;
}
