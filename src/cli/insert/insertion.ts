/** Sends one batch and classifies the answer. */
import {
  type GraphQLFailure,
  isBrokenOff,
  post,
  reasonOf,
  type Result,
  resultIn,
  type ServerAddress,
} from '../../http-client/http-client.ts';
export type Answer =
  | { readonly kind: 'inserted' }
  /** No server listens at the address, or it does not speak HTTP. */
  | { readonly kind: 'unreachable'; readonly reason: string }
  /** The connection broke before the answer: the batch may have been inserted. */
  | { readonly kind: 'lost'; readonly reason: string }
  /** The server may accept the same inputs later. */
  | { readonly kind: 'later'; readonly reason: string; readonly afterMs: number | undefined; readonly isRate: boolean }
  /** The server refuses some of the inputs. `issues`: by index, when it names them. */
  | {
      readonly kind: 'refused';
      readonly reason: string;
      readonly issues: ReadonlyMap<number, string>;
      /** The batch has too many inputs, whatever they are. */
      readonly isCount: boolean;
    }
  /** The server refuses every input of this run. */
  | { readonly kind: 'failed'; readonly reason: string };

/** Detects a server that is gone without closing the connection. */
const ANSWER_TIMEOUT_MS = 60_000;

/** `body`: that of the request which inserts the batch. */
export async function insertBatch(address: ServerAddress, body: string): Promise<Answer> {
  try {
    const response = await post(address, body, ANSWER_TIMEOUT_MS);
    return answerOf(response.status, resultIn(await response.text()));
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError')
      return { kind: 'lost', reason: `no answer within ${ANSWER_TIMEOUT_MS / 1000} s` };
    const reason = reasonOf(error);
    return { kind: isBrokenOff(reason) ? 'lost' : 'unreachable', reason };
  }
}

function answerOf(status: number, result: Result<unknown> | undefined): Answer {
  const failures = result?.errors ?? [];
  const [failure] = failures;
  if (result?.data && !failure) return { kind: 'inserted' };
  const typed = typedIssues(failures);
  if (failure && typed.size > 0) return { kind: 'refused', reason: failure.message, issues: typed, isCount: false };
  if (failure?.extensions) return meaningOf(failure, failure.extensions);
  const reason = failure?.message ?? `HTTP status ${status}${result ? '' : ' without a GraphQL result: check --url'}`;
  if (status === 413) return { kind: 'refused', reason, issues: new Map(), isCount: false };
  const mayPass = status >= 500 || status === 408 || status === 429;
  return mayPass ? { kind: 'later', reason, afterMs: undefined, isRate: status === 429 } : { kind: 'failed', reason };
}

function meaningOf({ message }: GraphQLFailure, extensions: Readonly<Record<string, unknown>>): Answer {
  const { code, retryAfterMs, issues } = extensions;
  switch (code) {
    case 'RATE_LIMITED':
    case 'ENGINE_UNAVAILABLE':
    case 'OVERLOADED':
    case 'INDETERMINATE': {
      const afterMs = typeof retryAfterMs === 'number' ? retryAfterMs : undefined;
      return { kind: 'later', reason: `${message} (${code})`, afterMs, isRate: code === 'RATE_LIMITED' };
    }
    case 'PAYLOAD_TOO_LARGE':
      return { kind: 'refused', reason: message, issues: new Map(), isCount: false };
    case 'BAD_USER_INPUT':
      return { kind: 'refused', reason: message, ...readIssues(issues) };
    default:
      return { kind: 'failed', reason: typeof code === 'string' ? `${message} (${code})` : message };
  }
}

function readIssues(given: unknown): { issues: ReadonlyMap<number, string>; isCount: boolean } {
  const list = Array.isArray(given) ? (given as { path?: unknown[]; message?: unknown }[]) : [];
  const issues = new Map<number, string>();
  for (const { path: [root, index, ...rest] = [], message } of list)
    if (root === 'inputs' && typeof index === 'number') issues.set(index, [rest.join('.'), message].join(' '));
  return { issues, isCount: list.some(({ path }) => path?.length === 1 && path[0] === 'inputs') };
}

/**
 * What graphql-js says of a variable that does not fit its type, such as `Variable "$inputs" got invalid value "x" at "inputs[0].price"; Float
 * cannot …`. Quotes inside of values are escaped, so that the first place is the real one unless a name in the value imitates it.
 */
const AT_INPUT = /(?<!\\) at "inputs\[(\d+)\]\.?([^"]*)"; /g;

/** The problems by the index of their input. Empty when a failure says nothing of one input: then the batch is halved. */
function typedIssues(failures: readonly GraphQLFailure[]): ReadonlyMap<number, string> {
  const issues = new Map<number, string>();
  for (const { message } of failures) {
    // After 50 problems graphql-js looks no further: the others show when the batch is sent again without these.
    if (message.startsWith('Too many errors processing variables')) continue;
    const [place, ...others] = message.startsWith('Variable "$inputs" got invalid value ')
      ? message.matchAll(AT_INPUT)
      : [];
    if (!place || others.length > 0) return new Map();
    const [text, index, path = ''] = place;
    const problem = message.slice(place.index + text.length);
    if (!issues.has(Number(index))) issues.set(Number(index), path === '' ? problem : `${path}: ${problem}`);
  }
  return issues;
}
