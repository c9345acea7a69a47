/** One request that inserts a batch, and what its answer means. */
import type { GraphQLFailure, Result, Target } from '../../http-client/http-client.ts';
import { post, reasonOf } from '../../http-client/http-client.ts';
import type { Input } from './input.ts';

export type Answer =
  | { readonly kind: 'inserted' }
  /** Nobody is there, or nobody who speaks HTTP. */
  | { readonly kind: 'unreachable'; readonly reason: string }
  /** Somebody was: it broke off. */
  | { readonly kind: 'lost'; readonly reason: string }
  /** The same inputs may go in later. */
  | { readonly kind: 'later'; readonly reason: string; readonly afterMs: number | undefined; readonly isRate: boolean }
  /** Some of them can't go in: `issues` by index, if the server said which. */
  | {
      readonly kind: 'refused';
      readonly reason: string;
      readonly issues: ReadonlyMap<number, string>;
      /** Too many, whatever they are. */
      readonly isCount: boolean;
    }
  /** No input of this run can. */
  | { readonly kind: 'failed'; readonly reason: string };

/** For a server that has gone without a word. */
const PATIENCE_MS = 60_000;

const BROKEN_OFF: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

const QUERY = JSON.stringify(
  'mutation Insert($inputs: [InsertItemInput!]!) { insertItems(inputs: $inputs) { __typename } }',
);

export async function insertBatch(target: Target, inputs: readonly Input[]): Promise<Answer> {
  const body = `{"query":${QUERY},"variables":{"inputs":[${inputs.map(({ json }) => json).join(',')}]}}`;
  try {
    const response = await post(target, body, PATIENCE_MS);
    return answerOf(response.status, resultIn(await response.text()));
  } catch (error) {
    // Somebody was there, and may have inserted it.
    if (error instanceof Error && error.name === 'TimeoutError') return { kind: 'lost', reason: 'no answer in time' };
    const reason = reasonOf(error);
    return { kind: BROKEN_OFF.has(reason) ? 'lost' : 'unreachable', reason };
  }
}

function resultIn(text: string): Result<unknown> | undefined {
  try {
    const result = JSON.parse(text) as unknown;
    const isResult = typeof result === 'object' && result !== null && ('data' in result || 'errors' in result);
    return isResult ? (result as Result<unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function answerOf(status: number, result: Result<unknown> | undefined): Answer {
  const failure = result?.errors?.[0];
  if (result?.data && !failure) return { kind: 'inserted' };
  if (failure?.extensions) return meaningOf(failure, failure.extensions);
  const reason = failure?.message ?? `it answers ${status}${result ? '' : ', and not with GraphQL'}`;
  if (status === 413) return { kind: 'refused', reason, issues: new Map(), isCount: false };
  const mayPass = status >= 500 || status === 408 || status === 429;
  return mayPass ? { kind: 'later', reason, afterMs: undefined, isRate: status === 429 } : { kind: 'failed', reason };
}

function meaningOf({ message }: GraphQLFailure, extensions: Readonly<Record<string, unknown>>): Answer {
  const { code, retryAfterMs, issues } = extensions;
  switch (code) {
    case 'RATE_LIMITED':
    case 'ENGINE_UNAVAILABLE':
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
