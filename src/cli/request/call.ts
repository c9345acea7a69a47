import {
  isBrokenOff,
  post,
  reasonOf,
  type Result,
  resultIn,
  type ServerAddress,
} from '../../http-client/http-client.ts';

const ANSWER_TIMEOUT_MS = 60_000;

/** The request was answered, but without data. */
export class RefusedError extends Error {}

/** No server listens at the address, or it does not speak HTTP. */
export class UnreachableError extends Error {}

/**
 * Executes a query or mutation over HTTP. Resolves with its data.
 *
 * @throws RefusedError, UnreachableError, or another Error, whose message says why there are no data
 */
export async function call(
  address: ServerAddress,
  query: string,
  variables: object,
  timeoutMs = ANSWER_TIMEOUT_MS,
): Promise<object> {
  const { url, token } = address;
  const { status, result } = await answerOf(address, JSON.stringify({ query, variables }), timeoutMs);
  const failure = result?.errors?.[0];
  if (failure) {
    const code = failure.extensions?.['code'];
    const advice = code === 'UNAUTHENTICATED' && token === undefined ? ': pass --token or set SEAMLINE_TOKEN' : '';
    throw new RefusedError(`${failure.message}${typeof code === 'string' ? ` (${code})` : ''}${advice}`);
  }
  if (!result?.data) throw new Error(`${url}: HTTP status ${status} without a GraphQL result: check --url`);
  return result.data;
}

async function answerOf(
  address: ServerAddress,
  body: string,
  timeoutMs: number,
): Promise<{ readonly status: number; readonly result: Result<object> | undefined }> {
  try {
    const response = await post(address, body, timeoutMs);
    // Data are an object.
    return { status: response.status, result: resultIn(await response.text()) as Result<object> | undefined };
  } catch (error) {
    const isLate = error instanceof Error && error.name === 'TimeoutError';
    const reason = isLate ? `no answer within ${timeoutMs / 1000} s` : reasonOf(error);
    const message = `cannot reach ${address.url}: ${reason}`;
    // A server was there when it did not answer in time, or broke the connection off.
    throw isLate || isBrokenOff(reason)
      ? new Error(message, { cause: error })
      : new UnreachableError(message, { cause: error });
  }
}
