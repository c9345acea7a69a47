/** Sends mutations and records them with their answers. */
import type { Caller } from '../client/caller.ts';
import { codeOf, NoAnswerError, retryUntilAnswered } from '../client/requests.ts';
import type { Write, WriteInput } from '../check/history.ts';
import type { Result } from '../../http-client/http-client.ts';
import type { Subject } from './subject.ts';

export interface Call {
  readonly kind: Write['kind'];
  readonly inputs: readonly WriteInput[];
}

/** Where writes are recorded. */
export interface WriteRecorder {
  readonly writes: Write[];
  readonly subject: Subject;
  /** How long a call without an answer is repeated. */
  readonly timeoutMs: number;
  nextId(kind: string): string;
}

/** The codes that guarantee that nothing was written. */
const REFUSALS: ReadonlySet<string> = new Set([
  'BAD_USER_INPUT',
  'CONFLICT',
  'PAYLOAD_TOO_LARGE',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'RATE_LIMITED',
  'ENGINE_UNAVAILABLE',
  'OVERLOADED',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
]);

/** Of these, the codes after which the same call may pass later. */
const LATER: ReadonlySet<string> = new Set(['ENGINE_UNAVAILABLE', 'OVERLOADED']);

/** Sends the call once. */
export async function write(recorder: WriteRecorder, caller: Caller, { kind, inputs }: Call): Promise<Write> {
  const startedAt = performance.now();
  const id = recorder.nextId(kind);
  const { results, error } = await attempt(recorder.subject, caller, { kind, inputs });
  const answeredAt = results || error !== null ? performance.now() : null;
  const written: Write = { id, kind, inputs, startedAt, answeredAt, connection: caller.connection, results, error };
  recorder.writes.push(written);
  return written;
}

/**
 * Repeats the call until there is an answer: only for calls that may be repeated. `isGivenUp`: an answer that nothing was written ends it
 * too, so that the checker reports the value as unexplained if it shows up all the same.
 */
export async function writeSafely(
  recorder: WriteRecorder,
  caller: Caller,
  call: Call,
  { isGivenUp = false } = {},
): Promise<Write> {
  return retryUntilAnswered(async () => {
    const written = await write(recorder, caller, call);
    if (written.results || (written.error !== null && (isGivenUp || !LATER.has(written.error)))) return written;
    // The next attempt goes to another node, if there is one: this one may be cut off.
    if (written.connection === caller.connection) caller.breakOff();
    throw new NoAnswerError(`no answer to ${call.kind}`);
  }, recorder.timeoutMs);
}

async function attempt(subject: Subject, caller: Caller, call: Call): Promise<Pick<Write, 'results' | 'error'>> {
  try {
    const { results, code } = await send(subject, caller, call);
    if (code === undefined) return { results, error: null };
    return { results: null, error: REFUSALS.has(code) ? code : null };
  } catch (error) {
    if (!(error instanceof NoAnswerError)) throw error;
    return { results: null, error: null };
  }
}

type Answer = { readonly results: Write['results']; readonly code: string | undefined };

async function send(subject: Subject, caller: Caller, { kind, inputs }: Call): Promise<Answer> {
  const { documents } = subject;
  const [first] = inputs;
  if (!first) throw new Error('a call needs at least one input');
  if (kind === 'batch') {
    const result = await caller.call(documents.insertMany, subject.insertManyVariables(inputs));
    return answerOf(result, ({ insertItems }) => insertItems);
  }
  if (kind === 'insert') {
    const result = await caller.call(documents.insertOne, subject.insertOneVariables(first));
    return answerOf(result, ({ insertItem }) => [insertItem]);
  }
  const { key, ifCursor, idempotencyKey } = first;
  const result = await caller.call(documents.remove, { key: subject.keyVariable(key), ifCursor, idempotencyKey });
  return answerOf(result, ({ removeItem }) => [removeItem]);
}

function answerOf<Data>(result: Result<Data>, results: (answer: Data) => Write['results']): Answer {
  const code = codeOf(result);
  const answer = code === undefined && result.data ? results(result.data) : null;
  return {
    results: answer && answer.map((result) => result && { cursor: result.cursor, timestamp: result.timestamp }),
    code: code ?? (answer ? undefined : 'UNKNOWN'),
  };
}
