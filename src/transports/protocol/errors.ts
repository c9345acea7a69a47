/** Every error that leaves the server has one of the codes in docs/errors.md and shows nothing internal. */
import { type ExecutionResult, type FormattedExecutionResult, GraphQLError, type GraphQLFormattedError } from 'graphql';
import { resultText } from '../../core/model/json-text.ts';
import { refused as makeRefusal, toGraphQLError } from '../../../schema/request/errors.ts';

/** Codes of Yoga and its plugins, and ours for them. */
const CODES: Readonly<Record<string, string>> = {
  BAD_REQUEST: 'BAD_USER_INPUT',
  REQUEST_ENTITY_TOO_LARGE: 'PAYLOAD_TOO_LARGE',
};

/** As docs/errors.md lists them. */
export const OWN_CODES: ReadonlySet<unknown> = new Set(
  `BAD_USER_INPUT CURSOR_EXPIRED LAGGED CONFLICT PAYLOAD_TOO_LARGE UNAUTHENTICATED FORBIDDEN RATE_LIMITED
   TOO_MANY_SUBSCRIPTIONS ENGINE_UNAVAILABLE INDETERMINATE OVERLOADED PERSISTED_QUERY_NOT_SUPPORTED GRAPHQL_PARSE_FAILED GRAPHQL_VALIDATION_FAILED
   INTERNAL_SERVER_ERROR`.split(/\s+/),
);

export type LogError = (error: unknown) => void;

/** By name, not by class: with graphql 16 two copies of the class may be loaded. */
export function isGraphQLError(error: unknown): error is GraphQLError {
  return error instanceof Error && error.name === 'GraphQLError';
}

/** For Yoga's `maskedErrors`: keeps an error that is meant for the client, logs and hides any other. */
export function maskError(error: unknown, log: LogError): GraphQLError {
  const known = toGraphQLError(error);
  if (!isGraphQLError(known)) return internal(known, log);
  const { originalError, extensions } = known;
  const code = extensions['code'];
  if (OWN_CODES.has(code)) return withCode(known, code as string, extensions);
  if (originalError && originalError !== known) {
    // A resolver threw it; the executor added the place.
    const inner = toGraphQLError(originalError);
    if (!isGraphQLError(inner)) return internal(known, log);
    return withCode(known, codeOf(inner), inner.extensions);
  }
  return withCode(known, codeOf(known), extensions);
}

/** Characters of a message: an error of graphql-js quotes what the client sent, whatever its length. */
const MAX_MESSAGE_LENGTH = 4096;

/** The error, with a message of bounded length. */
export function shortened(error: GraphQLError): GraphQLError {
  const { message, nodes, source, positions, path, originalError, extensions } = error;
  if (message.length <= MAX_MESSAGE_LENGTH) return error;
  const short = (text: string): string => `${text.slice(0, MAX_MESSAGE_LENGTH)}…`;
  const { issues } = extensions as { issues?: readonly { readonly message: string }[] };
  const shorter = issues?.map((issue) => (issue.message === message ? { ...issue, message: short(message) } : issue));
  return new GraphQLError(short(message), {
    nodes,
    source,
    positions,
    path,
    originalError,
    extensions: { ...extensions, ...(shorter && { issues: shorter }) },
  });
}

/** The result, with errors whose messages have a bounded length. */
export const withShortErrors = (result: ExecutionResult): ExecutionResult => withErrors(result, shortened);

/** The error as it goes on the wire. */
export function formatError(error: GraphQLError): GraphQLFormattedError {
  const { extensions, ...plain } = error.toJSON();
  const { http: _http, ...rest } = extensions ?? {};
  return { ...plain, extensions: rest };
}

/** The result with other errors. */
export function withErrors(result: ExecutionResult, change: (error: GraphQLError) => unknown): ExecutionResult {
  return result.errors ? { ...result, errors: result.errors.map((error) => change(error) as GraphQLError) } : result;
}

/** The result as it goes on the wire. */
export function formatResult(result: ExecutionResult): FormattedExecutionResult {
  return withErrors(result, (error) => formatError(shortened(error))) as FormattedExecutionResult;
}

/** The result with masked errors. */
export function maskResult(result: ExecutionResult, log: LogError): ExecutionResult {
  return withErrors(result, (error) => maskError(error, log));
}

/** The JSON of a result, with masked errors. */
export function stringify(result: ExecutionResult, log: LogError): string {
  return resultText(formatResult(maskResult(result, log)));
}

export function parseFailed(error: unknown): GraphQLError {
  if (isGraphQLError(error) && OWN_CODES.has(error.extensions['code'])) return error;
  const message = error instanceof Error ? error.message : 'the document is not valid GraphQL';
  const locations = isGraphQLError(error) ? { source: error.source, positions: error.positions } : {};
  return new GraphQLError(message, { ...locations, extensions: { code: 'GRAPHQL_PARSE_FAILED' } });
}

/** An error with a code. `status` and `headers`: of its HTTP response. */
export function refused(
  code: string,
  message: string,
  status?: number,
  headers: Readonly<Record<string, string>> = {},
): GraphQLError {
  return makeRefusal(code, message, { ...(status && { http: { status, headers } }) });
}

const RETRY_AFTER_S = 1;

/** The server has too much to keep. Nothing was executed. */
export function overloaded(reason: string): GraphQLError {
  const http = { status: 503, headers: { 'Retry-After': String(RETRY_AFTER_S) } };
  const retryAfterMs = RETRY_AFTER_S * 1000;
  return makeRefusal('OVERLOADED', `${reason}: retry after ${RETRY_AFTER_S} s`, { retryAfterMs, http });
}

/** What a response that consists of the error has of it. */
export function responseOf({ extensions }: GraphQLError): {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
} {
  return extensions['http'] ?? {};
}

/** HTTP's own errors follow HTTP's rules, regardless of `Accept`. */
const HTTP_STATUSES: ReadonlySet<number | undefined> = new Set([405, 406, 413, 415]);

export function isAboutHttp({ errors = [] }: ExecutionResult): boolean {
  return errors.some((error) => HTTP_STATUSES.has(responseOf(error).status));
}

/** Of a response without data, by code; 400 for any other code. */
const STATUSES: Readonly<Record<string, number>> = {
  FORBIDDEN: 403,
  RATE_LIMITED: 429,
  ENGINE_UNAVAILABLE: 503,
  OVERLOADED: 503,
};

/**
 * GraphQL over HTTP: a result without data has a status of 4xx or 5xx as `application/graphql-response+json`, and 200 as
 * `application/json`, because older clients take that status for the connection's. An error's own status goes first.
 */
export function withStatus(result: ExecutionResult, type: string): ExecutionResult {
  const [error] = result.errors ?? [];
  if (!error || 'data' in result || type !== 'application/graphql-response+json') return result;
  if (responseOf(error).status !== undefined) return result;
  const status = STATUSES[String(error.extensions['code'])] ?? 400;
  return { ...result, extensions: { ...result.extensions, http: { status } } };
}

function codeOf({ message, extensions }: GraphQLError): string {
  const code = typeof extensions['code'] === 'string' ? extensions['code'] : '';
  if (OWN_CODES.has(code)) return code;
  if (message.startsWith('Syntax Error')) return 'GRAPHQL_PARSE_FAILED';
  // An error of graphql-js or Yoga itself is about the request: invalid variables, an unknown operation.
  return CODES[code] ?? 'BAD_USER_INPUT';
}

function withCode(error: GraphQLError, code: string, extensions: Readonly<Record<string, unknown>>): GraphQLError {
  const { message, nodes, source, positions, path } = error;
  const http = httpOf(extensions);
  const { originalError: _originalError, unexpected: _unexpected, code: _code, ...rest } = extensions;
  const issues =
    code === 'BAD_USER_INPUT' && !('issues' in rest)
      ? { issues: [{ path: path ?? variablePath(message), message }] }
      : {};
  return new GraphQLError(message, {
    nodes,
    source,
    positions,
    path,
    extensions: { ...rest, ...(http && { http }), ...issues, code },
  });
}

/** Where an error of a variable is, which graphql-js only says in words: `Variable "$input" got invalid value 1.5 at "input.lines[0].quantity"; …`. */
function variablePath(message: string): (string | number)[] {
  const name = /^Variable "\$(\w+)" (?:got|of) /.exec(message)?.[1];
  if (name === undefined) return [];
  // A quoted text in the value has escaped quotes.
  const [, rest = ''] = new RegExp(` at "${name}((?:\\.\\w+|\\[\\d+\\])+)"; `).exec(message) ?? [];
  const steps = rest.matchAll(/\.(\w+)|\[(\d+)\]/g);
  return [name, ...Array.from(steps, ([, member, index]) => member ?? Number(index))];
}

/** Errors with `spec` are 200 as `application/json`: by GraphQL over HTTP, those of a document and of its variables. */
function httpOf({ http, code }: Readonly<Record<string, unknown>>): object | undefined {
  if (typeof http !== 'object' || http === null) return undefined;
  // Yoga sets `spec` on errors of the request, which are 4xx.
  if (code === 'BAD_REQUEST') return { ...http, spec: false };
  // The executor gives errors of variables a status only; ours have headers.
  const isOfVariables = (code === undefined || code === 'BAD_USER_INPUT') && !('headers' in http);
  return isOfVariables ? { ...http, spec: true } : http;
}

function internal(error: unknown, log: LogError): GraphQLError {
  log(error);
  const { nodes, source, positions, path } = isGraphQLError(error) ? error : ({} as Partial<GraphQLError>);
  const extensions = { code: 'INTERNAL_SERVER_ERROR', http: { status: 500 } };
  return new GraphQLError('Unexpected error.', { nodes, source, positions, path, extensions });
}
