/** Parses a line into an input of `insertItems`. */
import { keyProblem, MAX_TTL, ttlProblem, valueIssue, type ValueIssue } from '../../core/input/insert-input.ts';
import { parseJson, stringifyJson } from '../../core/model/json.ts';
import type { Line } from './lines.ts';

/** An input as it is sent: encoded once, so that a retry sends the same bytes. */
export interface Input {
  readonly line: number;
  /** Bytes of the source up to the end of the line. */
  readonly end: number;
  readonly json: string;
  readonly bytes: number;
  /** In seconds, where it is an argument of the batch instead of a field of the input: a batch has inputs of one ttl. */
  readonly ttl?: number;
}

export type Reading =
  | { readonly kind: 'input'; readonly input: Input }
  | {
      readonly kind: 'bad';
      readonly problem: string;
      /** What to do about it. */
      readonly hint?: string;
    }
  | { readonly kind: 'empty' }
  | { readonly kind: 'expired' };

const EXAMPLE = 'a line has a key and a value, such as {"key":"a","value":{"n":1}}';

/** Fields of the lines that `seamline tail` prints. */
const KNOWN_FIELDS: ReadonlySet<string> = new Set(['id', 'key', 'value', 'ttl', 'timestamp', 'expiresAt', 'cursor']);

/** `runId` is unique to the run: with the line number it forms the idempotency key that makes a retry harmless. */
export function readInput(line: Line, runId: string, now: number): Reading {
  const given = objectIn(line);
  if ('kind' in given) return given;
  const { fields } = given;
  const { number, end } = line;
  const { key, value = null, ttl: givenTtl = null, expiresAt = null } = fields;
  const lifetime = lifetimeOf(givenTtl, expiresAt, now);
  const { ttl } = lifetime;
  if (key === undefined) return { kind: 'bad', problem: 'no key', hint: EXAMPLE };
  if (!('value' in fields)) return { kind: 'bad', problem: 'no value', hint: valueHint(fields) };
  const wrong = about('key', keyProblem(key)) ?? aboutValue(valueIssue(value)) ?? lifetime.problem;
  if (wrong !== undefined) return { kind: 'bad', problem: wrong };
  if (typeof ttl === 'number' && ttl <= 0) return { kind: 'expired' };
  const json = `{"key":${JSON.stringify(key)},"value":${stringifyJson(value)},${
    typeof ttl === 'number' ? `"ttl":${ttl},` : ''
  }"idempotencyKey":"${runId}-${number}"}`;
  return { kind: 'input', input: { line: number, end, json, bytes: Buffer.byteLength(json) } };
}

/** The `ttl` of a line, or what its `expiresAt` leaves of it, in seconds; 0 or less: it has expired. `problem`: why the line has none. */
export function lifetimeOf(
  ttl: unknown,
  expiresAt: unknown,
  now: number,
): { readonly ttl: unknown; readonly problem: string | undefined } {
  if (ttl !== null) return { ttl, problem: about('ttl', ttlProblem(ttl)) };
  if (expiresAt === null) return { ttl: null, problem: undefined };
  const left = secondsUntil(expiresAt, now);
  return { ttl: left, problem: Number.isNaN(left) ? 'expiresAt must be an RFC 3339 date and time' : undefined };
}

/** The object of a line, or why there is none. */
export function objectIn({ text, problem }: Line): { readonly fields: Readonly<Record<string, unknown>> } | Reading {
  if (problem !== undefined) return { kind: 'bad', problem };
  if (text === '') return { kind: 'empty' };
  const fields = parse(text);
  if (fields === undefined) return { kind: 'bad', problem: 'not JSON' };
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
    return { kind: 'bad', problem: 'not an object' };
  return { fields: fields as Record<string, unknown> };
}

/** For an object whose own fields are meant as the value. */
const valueHint = (fields: object): string =>
  Object.keys(fields).every((name) => KNOWN_FIELDS.has(name))
    ? EXAMPLE
    : `${EXAMPLE}; jq -c '{key, value: del(.key)}' turns the other fields into the value`;

export const about = (field: string, problem: string | undefined): string | undefined =>
  problem === undefined ? undefined : `${field} ${problem}`;

const aboutValue = (issue: ValueIssue | undefined): string | undefined =>
  issue && about(['value', ...issue.path].join('.'), issue.message);

function parse(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** NaN when `time` is not an RFC 3339 date and time. */
function secondsUntil(time: unknown, now: number): number {
  const isTime = typeof time === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i.test(time);
  if (!isTime) return Number.NaN;
  return Math.min(MAX_TTL, Math.ceil((Date.parse(time) - now) / 1000));
}
