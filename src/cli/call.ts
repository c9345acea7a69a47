import type { TypedDocumentString } from '../../schema/documents/graphql.ts';
import { post, reasonOf, type Result, resultIn, type ServerAddress } from '../http-client/http-client.ts';

const ANSWER_TIMEOUT_MS = 60_000;

/**
 * Executes a query or mutation over HTTP.
 *
 * @throws Error whose message says why there are no data
 */
export async function call<Data, Variables extends object>(
  address: ServerAddress,
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const { url, token } = address;
  const { status, result } = await answerOf(address, JSON.stringify({ query: String(document), variables }));
  const failure = result?.errors?.[0];
  if (failure) {
    const code = failure.extensions?.['code'];
    const advice = code === 'UNAUTHENTICATED' && token === undefined ? ': pass --token or set SEAMLINE_TOKEN' : '';
    throw new Error(`${failure.message}${typeof code === 'string' ? ` (${code})` : ''}${advice}`);
  }
  if (!result?.data) throw new Error(`${url}: HTTP status ${status} without a GraphQL result: check --url`);
  return result.data as Data;
}

async function answerOf(
  address: ServerAddress,
  body: string,
): Promise<{ readonly status: number; readonly result: Result<unknown> | undefined }> {
  try {
    const response = await post(address, body, ANSWER_TIMEOUT_MS);
    return { status: response.status, result: resultIn(await response.text()) };
  } catch (error) {
    const isLate = error instanceof Error && error.name === 'TimeoutError';
    const reason = isLate ? `no answer within ${ANSWER_TIMEOUT_MS / 1000} s` : reasonOf(error);
    throw new Error(`cannot reach ${address.url}: ${reason}`, { cause: error });
  }
}
