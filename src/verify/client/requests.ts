/** Requests to the servers that are verified, each to the node whose turn it is. */
import type { TypedDocumentString } from '../../../schema/documents/graphql.ts';
import { post, reasonOf, type Result, resultIn, type ServerAddress } from '../../http-client/http-client.ts';

/** How long a single answer may take, in ms. */
export const ANSWER_TIMEOUT_MS = 15_000;

/** No server answers at the address, or it refuses to be verified. */
export class UnreachableError extends Error {}

/** The connection broke, or the time was over, before an answer came: the call may have been executed or not. */
export class NoAnswerError extends Error {}

/** The next node in turn: a reader or writer that connects again comes to another one. */
export type NextNode = () => ServerAddress;

export function roundRobin([first, ...others]: readonly [ServerAddress, ...ServerAddress[]]): NextNode {
  const nodes = [first, ...others];
  let count = 0;
  return () => nodes[count++ % nodes.length] ?? first;
}

/**
 * Executes a query or mutation over HTTP.
 *
 * @throws NoAnswerError when no answer comes, or one that is no GraphQL result
 */
export async function request<Data, Variables extends object>(
  address: ServerAddress,
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
): Promise<Result<Data>> {
  const body = JSON.stringify({ query: String(document), variables });
  let result: Result<unknown> | undefined;
  try {
    const response = await post(address, body, ANSWER_TIMEOUT_MS);
    result = resultIn(await response.text());
  } catch (error) {
    throw new NoAnswerError(reasonOf(error), { cause: error });
  }
  if (!result) throw new NoAnswerError('the answer is not a GraphQL result');
  return result as Result<Data>;
}

/** The code of the first error: `UNKNOWN` for an error without one, undefined without an error. */
export function codeOf({ errors }: Result<unknown>): string | undefined {
  if (!errors || errors.length === 0) return undefined;
  const code = errors[0]?.extensions?.['code'];
  return typeof code === 'string' ? code : 'UNKNOWN';
}

/** Repeats an attempt that got no answer, for `timeoutMs`, and then throws its last `NoAnswerError`. */
export async function retryUntilAnswered<T>(attempt: () => Promise<T>, timeoutMs: number): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (let waitMs = 20; ; waitMs = Math.min(waitMs * 2, 1000)) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof NoAnswerError) || performance.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}
