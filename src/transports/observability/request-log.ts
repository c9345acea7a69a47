/**
 * What logs say of requests and connections. Each line names its request, and over WebSocket the connection and the
 * subscription; none has tokens, cookies, documents, variables or items in it.
 */
import type { GraphQLError } from 'graphql';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { errorFields, type LogFields, type Logger, messageOf } from '../../core/model/logger.ts';
import { Refusals } from './refusal-log.ts';

/** Who asks, as lines name it. */
export interface Asker {
  /** The request's id, over WebSocket of the upgrade. */
  readonly request: string;
  readonly client: string;
  readonly headers: IncomingHttpHeaders;
  readonly connection?: string;
  /** Of the subscription, as the client calls it. */
  readonly id?: string;
}

/** A table beside the requests costs the garbage collector more. */
const ASKER = Symbol('asker');

type Asked = IncomingMessage & { [ASKER]?: Asker };

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
  readonly #refusals: Refusals;
  /** Whose operation an error ended: where errors are masked, that isn't known any more. */
  readonly #culprits = new WeakMap<object, LogFields>();

  /** Whose errors are told by their operations. */
  readonly #told = new WeakSet<Asker>();

  constructor(logger: Logger, clientOf: (request: IncomingMessage) => string) {
    this.#logger = logger;
    this.#clientOf = clientOf;
    this.#refusals = new Refusals(logger);
  }

  /** The same for the same request. Its id is what `X-Request-Id` says, if that is sane. */
  asker(request: Asked): Asker {
    let asker = request[ASKER];
    if (!asker) {
      const given = request.headers['x-request-id'];
      const id = typeof given === 'string' && SANE_ID.test(given) ? given : newId();
      const client = this.#clientOf(request);
      asker = { request: id, client: SANE_ID.test(client) ? client : 'unknown', headers: request.headers };
      request[ASKER] = asker;
    }
    return asker;
  }

  /** For a connection that stays open. */
  connected(request: IncomingMessage): Asker {
    const asker = { ...this.asker(request), connection: newId() };
    this.#logger.debug?.({ ...namesOf(asker), client: asker.client }, 'connection opened');
    return asker;
  }

  disconnected(asker: Asker, close: number): void {
    if (REFUSING_CLOSES.has(close)) this.refused(asker, String(close));
    this.#logger.debug?.({ ...namesOf(asker), close }, 'connection closed');
  }

  /** `code`: an error's (docs/clients.md), or of a socket's end. */
  refused(asker: Asker, code: string, fields: LogFields = {}): void {
    this.#refusals.note(code, { ...namesOf(asker), client: asker.client, ...fields });
  }

  /** What `ws` finds wrong with a frame, such as its size. */
  broken(asker: Asker, error: Error & { readonly code?: unknown }): void {
    if (String(error.code).startsWith('WS_ERR_')) this.refused(asker, String(error.code));
  }

  /** Errors as they leave: a refusal is warned of, a client's mistake is not. */
  failed(asker: Asker, errors: readonly GraphQLError[], fields: LogFields = {}): void {
    for (const { extensions, message } of errors) {
      const { code } = extensions;
      const reason = TOLD.has(code) ? { reason: message } : {};
      if (WARNED.has(code)) this.refused(asker, String(code), { ...fields, ...reason });
      else if (code !== INTERNAL) this.#refusals.count(typeof code === 'string' ? code : 'BAD_USER_INPUT');
    }
  }

  /** An operation has begun: its errors are its own to tell. */
  told(asker: Asker): void {
    // A connection's askers are told of by nobody else.
    if (asker.connection === undefined) this.#told.add(asker);
  }

  isTold(asker: Asker): boolean {
    return this.#told.has(asker);
  }

  operation(asker: Asker, fields: LogFields, message: string): void {
    this.#logger.debug?.({ ...namesOf(asker), ...fields }, message);
  }

  /** So that `internal` can tell. */
  blame(error: object, asker: Asker, fields: LogFields): void {
    this.#culprits.set(error, { ...namesOf(asker), ...fields });
  }

  /** What is hidden from the client. */
  internal(error: unknown, asker?: Asker): void {
    const cause = originOf(error);
    const culprit = asker
      ? namesOf(asker)
      : (this.#culprits.get(error as object) ?? this.#culprits.get(cause as object));
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
function namesOf({ request, connection, id }: Asker): LogFields {
  return { request, ...(connection && { connection }), ...(id !== undefined && { id: id.slice(0, MAX_ID_LENGTH) }) };
}

/** What a resolver threw, without the document that hangs on what the executor made of it. */
function originOf(error: unknown): unknown {
  const { originalError } = error instanceof Error ? (error as Partial<GraphQLError>) : {};
  return originalError ?? error;
}
