/** The server that is verified, and plain requests to it. */
import type { TypedDocumentString } from '../../schema/documents/graphql.ts';

export interface Target {
  readonly url: string;
  readonly token: string | undefined;
}

/** The node whose turn it is: whoever comes back comes to another one. */
export type NextNode = () => Target;

export function inTurn([first, ...others]: readonly [Target, ...Target[]]): NextNode {
  const nodes = [first, ...others];
  let turn = 0;
  return () => nodes[turn++ % nodes.length] ?? first;
}

export interface GraphQLFailure {
  readonly message: string;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

export interface Result<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly GraphQLFailure[];
}

export interface Payload {
  readonly query: string;
  readonly variables?: object | undefined;
  readonly extensions?: object | undefined;
}

/** There is nobody, or somebody else. */
export class UnreachableError extends Error {}

/** A call without an answer. */
export class LostError extends Error {}

/** What an answer is waited for, in ms. */
export const PATIENCE_MS = 15_000;

export function headersOf({ token }: Target, accept: string): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': 'application/json', accept };
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
  return headers;
}

/** One request. Rejects as `fetch` does. */
export function post(target: Target, body: string, patienceMs: number): Promise<Response> {
  return fetch(target.url, {
    method: 'POST',
    headers: headersOf(target, 'application/graphql-response+json, application/json'),
    body,
    signal: AbortSignal.timeout(patienceMs),
  });
}

/** Over HTTP. Throws `LostError` when there was no answer, or none of GraphQL. */
export async function ask<Data, Variables extends object>(
  target: Target,
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
): Promise<Result<Data>> {
  const body = JSON.stringify({ query: String(document), variables });
  try {
    const response = await post(target, body, PATIENCE_MS);
    const result = (await response.json()) as Result<Data>;
    if (typeof result !== 'object' || result === null || !('data' in result || 'errors' in result))
      throw new Error('not an answer of GraphQL');
    return result;
  } catch (error) {
    throw new LostError(reasonOf(error), { cause: error });
  }
}

export const codeOf = ({ errors }: Result<unknown>): string | undefined => {
  if (!errors || errors.length === 0) return undefined;
  const code = errors[0]?.extensions?.['code'];
  return typeof code === 'string' ? code : 'UNKNOWN';
};

/** fetch says `fetch failed`, and why only in its cause. */
export function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const code = (cause as { code?: unknown }).code;
  if (typeof code === 'string' && code !== '') return code;
  return cause instanceof Error ? cause.message : String(cause);
}
