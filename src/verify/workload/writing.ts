/** Calls that write, recorded. */
import {
  InsertItemDocument,
  type InsertItemInput,
  InsertItemsDocument,
  RemoveItemDocument,
} from '../../../schema/documents/graphql.ts';
import { type Caller, persist } from '../client/caller.ts';
import type { Write, WriteInput } from '../check/history.ts';
import { codeOf, LostError, type Result } from '../../http-client/http-client.ts';

export interface Call {
  readonly kind: Write['kind'];
  readonly inputs: readonly WriteInput[];
}

/** Where writes are recorded. */
export interface WriteLog {
  readonly writes: Write[];
  /** How long calls are repeated. */
  readonly patienceMs: number;
  nextId(kind: string): string;
}

/** Errors that say that nothing was written. */
const REFUSALS: ReadonlySet<string> = new Set([
  'BAD_USER_INPUT',
  'CONFLICT',
  'PAYLOAD_TOO_LARGE',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'RATE_LIMITED',
  'ENGINE_UNAVAILABLE',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
]);

/** One attempt. */
export async function write(log: WriteLog, caller: Caller, { kind, inputs }: Call): Promise<Write> {
  const startedAt = performance.now();
  const id = log.nextId(kind);
  const { results, error } = await attempt(caller, { kind, inputs });
  const answeredAt = results || error !== null ? performance.now() : null;
  const written: Write = { id, kind, inputs, startedAt, answeredAt, connection: caller.connection, results, error };
  log.writes.push(written);
  return written;
}

/**
 * Until there is an answer: only for calls that may be repeated. `isGivenUp`: not when it is answered that nothing was written, so that
 * what shows up all the same is nobody's.
 */
export async function writeSafely(
  log: WriteLog,
  caller: Caller,
  call: Call,
  { isGivenUp = false } = {},
): Promise<Write> {
  return persist(async () => {
    const written = await write(log, caller, call);
    if (written.results || (written.error !== null && (isGivenUp || written.error !== 'ENGINE_UNAVAILABLE')))
      return written;
    // The next attempt goes to another node, if there is one: this one may be cut off.
    if (written.connection === caller.connection) caller.breakOff();
    throw new LostError(`${call.kind} got no answer`);
  }, log.patienceMs);
}

async function attempt(caller: Caller, call: Call): Promise<Pick<Write, 'results' | 'error'>> {
  try {
    const { results, code } = await send(caller, call);
    if (code === undefined) return { results, error: null };
    return { results: null, error: REFUSALS.has(code) ? code : null };
  } catch (error) {
    if (!(error instanceof LostError)) throw error;
    return { results: null, error: null };
  }
}

type Answer = { readonly results: Write['results']; readonly code: string | undefined };

async function send(caller: Caller, { kind, inputs }: Call): Promise<Answer> {
  const [first] = inputs;
  if (!first) throw new Error('a call without input');
  if (kind === 'batch') {
    const result = await caller.call(InsertItemsDocument, { inputs: inputs.map(inputOf) });
    return answerOf(result, ({ insertItems }) => insertItems);
  }
  if (kind === 'insert') {
    const result = await caller.call(InsertItemDocument, { input: inputOf(first) });
    return answerOf(result, ({ insertItem }) => [insertItem]);
  }
  const { key, ifCursor, idempotencyKey } = first;
  const result = await caller.call(RemoveItemDocument, { key, ifCursor, idempotencyKey });
  return answerOf(result, ({ removeItem }) => [removeItem]);
}

function answerOf<Data>(result: Result<Data>, results: (answer: Data) => Write['results']): Answer {
  const code = codeOf(result);
  const answer = code === undefined && result.data ? results(result.data) : null;
  return {
    results: answer && answer.map((one) => one && { cursor: one.cursor, timestamp: one.timestamp }),
    code: code ?? (answer ? undefined : 'UNKNOWN'),
  };
}

const inputOf = ({ value, ...input }: WriteInput): InsertItemInput => ({
  ...input,
  value: JSON.parse(value ?? 'null') as unknown,
});
