/** Plain HTTP requests to a seamline server, for the commands that talk to one. */

/** How to reach a server. */
export interface ServerAddress {
  /** Of GraphQL over HTTP: `http://127.0.0.1:4000/graphql`. */
  readonly url: string;
  /** Sent as a bearer token. Undefined: none is sent. */
  readonly token: string | undefined;
}

/** A GraphQL request as it is sent, over any transport. */
export interface RequestPayload {
  readonly query: string;
  readonly variables?: object | undefined;
  readonly extensions?: object | undefined;
}

/** A GraphQL error as clients see it. */
export interface GraphQLFailure {
  readonly message: string;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** What a server answers to a query or mutation, or as one result of a subscription. */
export interface Result<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly GraphQLFailure[];
}

/** The headers of a POST request to the server. `accept`: the media types that the caller can read. */
export function headersOf({ token }: ServerAddress, accept: string): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': 'application/json', accept };
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
  return headers;
}

/**
 * Sends one POST request. `body`: JSON text of a `RequestPayload`.
 *
 * @throws as `fetch` does, and a `TimeoutError` after `timeoutMs`
 */
export function post(address: ServerAddress, body: string, timeoutMs: number): Promise<Response> {
  return fetch(address.url, {
    method: 'POST',
    headers: headersOf(address, 'application/graphql-response+json, application/json'),
    body,
    signal: AbortSignal.timeout(timeoutMs),
  });
}

/** The body of a response as a GraphQL result. Undefined when it is anything else. */
export function resultIn(text: string): Result<unknown> | undefined {
  try {
    const result = JSON.parse(text) as unknown;
    const isResult = typeof result === 'object' && result !== null && ('data' in result || 'errors' in result);
    return isResult ? (result as Result<unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Why a request or a connection failed. `fetch` itself says `fetch failed` only and has the reason as its cause. */
export function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const code = (cause as { code?: unknown }).code;
  if (typeof code === 'string' && code !== '') return code;
  return cause instanceof Error ? cause.message : String(cause);
}

const BROKEN_OFF: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** Whether a reason of `reasonOf` says that a server broke the connection off. */
export const isBrokenOff = (reason: string): boolean => BROKEN_OFF.has(reason);
