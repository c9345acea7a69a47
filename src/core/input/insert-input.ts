/** What may go in. One place for the rules: the library checks whole inputs with them, the GraphQL schema each field. */
import { parseCursor } from '../model/cursor.ts';
import { BadInputError, type Issue, PayloadTooLargeError } from '../model/errors.ts';
import type { Idempotency, Insertion } from '../model/command.ts';
import { fnv1a32, utf8Length } from '../model/hash.ts';
import { isPlainJson, stringifyJson, UnkeptNumber } from '../model/json.ts';
import type { Cursor } from '../model/position.ts';

export interface InsertInput<Value> {
  /** 1 to 512 bytes of UTF-8, well-formed. */
  readonly key: string;
  /** JSON, not null. */
  readonly value: Value;
  /** Seconds, 1 or more. */
  readonly ttl?: number | null | undefined;
  /** Per key: a retry with the same one answers with the first result. */
  readonly idempotencyKey?: string | null | undefined;
  /** `ConflictError` when the key is there. */
  readonly ifAbsent?: boolean | null | undefined;
  /** `ConflictError` unless the key's current item has this cursor. */
  readonly ifCursor?: string | null | undefined;
}

export interface RemoveOptions {
  readonly idempotencyKey?: string | null | undefined;
  readonly ifCursor?: string | null | undefined;
}

export interface InputLimits {
  /** Seconds; for inputs without a `ttl` of their own. Default: none. */
  readonly ttl: number | undefined;
  /** Of one value's JSON, in UTF-8. Default 64 KiB. */
  readonly maxValueBytes: number;
  /** Inputs of one batch. Default 1,000, which also is the most. */
  readonly maxBatch: number;
  /** Keys and values of one batch together. Default 512 KiB. */
  readonly maxBatchBytes: number;
}

export const MAX_KEY_BYTES = 512;
const MAX_FILTER_KEYS = 1000;
export const MAX_TTL = 0x7fffffff;
const MAX_DEPTH = 64;

/** What is wrong with a key (or an idempotency key), if anything. */
export function keyProblem(key: unknown): string | undefined {
  if (typeof key !== 'string') return 'must be a string';
  if (key === '') return 'must not be empty';
  if (!key.isWellFormed()) return 'must be well-formed Unicode';
  return utf8Length(key) > MAX_KEY_BYTES ? `must not exceed ${MAX_KEY_BYTES} bytes of UTF-8` : undefined;
}

export function filterKeysProblem(keys: readonly unknown[]): string | undefined {
  return keys.length > MAX_FILTER_KEYS ? `must not have more than ${MAX_FILTER_KEYS} entries` : undefined;
}

export const keyPrefixProblem = (prefix: string): string | undefined =>
  prefix === '' ? undefined : keyProblem(prefix);

export function ttlProblem(ttl: unknown): string | undefined {
  const sound = Number.isInteger(ttl) && (ttl as number) >= 1 && (ttl as number) <= MAX_TTL;
  return sound ? undefined : 'must be a whole number of seconds, 1 or more';
}

/** What is wrong with a value, and where in it. */
export interface ValueIssue {
  /** Below the value. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What keeps a value from being kept as JSON without loss, if anything. */
export function valueIssue(value: unknown): ValueIssue | undefined {
  return value === null ? { path: [], message: 'must not be null' } : issueIn(value, []);
}

/** `path` is of this value while it is looked at. */
function issueIn(value: unknown, path: (string | number)[]): ValueIssue | undefined {
  const found = (message: string): ValueIssue => ({ path: [...path], message });
  if (value === null || typeof value === 'boolean') return undefined;
  if (typeof value === 'string')
    return value.isWellFormed() ? undefined : found('must be well-formed Unicode, and has a lone surrogate');
  if (typeof value === 'number')
    return Number.isFinite(value) ? undefined : found(`must not be ${value}, which JSON has not`);
  if (typeof value !== 'object') return found(`must be JSON, which has no ${typeof value}`);
  if (value instanceof UnkeptNumber)
    return found(`must not be ${value.source}: no double holds it exactly, so send it as a string`);
  if (path.length === MAX_DEPTH) return { path: [], message: `must not nest deeper than ${MAX_DEPTH}` };
  const shape = shapeProblem(value);
  if (shape !== undefined) return found(shape);
  for (const [name, member] of Array.isArray(value) ? value.entries() : Object.entries(value)) {
    // The path goes to clients, too.
    if (typeof name === 'string' && !name.isWellFormed())
      return found('must have names of well-formed Unicode only, and one has a lone surrogate');
    if (member === undefined && typeof name === 'string') continue;
    path.push(name);
    const issue = issueIn(member, path);
    if (issue) return issue;
    path.pop();
  }
  return undefined;
}

/** Of what `JSON.stringify` would write without all that it has, or as something else. */
function shapeProblem(value: object): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (Array.isArray(value) ? prototype !== Array.prototype : prototype !== null && prototype !== Object.prototype)
    return 'must hold plain objects only';
  // A number of `JSON.rawJSON`, say.
  if (prototype === null && Object.isFrozen(value) && isRawJson(value)) return 'must be JSON, not the text of it';
  return Object.getOwnPropertySymbols(value).length > 0 ? 'must be JSON, which has no symbol' : undefined;
}

/** TypeScript's library doesn't know it. */
const isRawJson = (JSON as unknown as { isRawJSON(value: unknown): boolean }).isRawJSON;

/** `JSON.stringify` writes a lone surrogate like this; a backslash of a value's own is written as two. */
const LONE_SURROGATE = /\\ud[89a-f]/;

/** The value's JSON, or what keeps it from being kept as such. */
function jsonOf(value: unknown): string | ValueIssue {
  if (value !== null && isPlainJson(value, MAX_DEPTH)) {
    const json: unknown = JSON.stringify(value);
    // A `toJSON` that is hidden may say anything.
    if (typeof json !== 'string') return { path: [], message: 'must be JSON' };
    if (!LONE_SURROGATE.test(json)) return json;
  }
  return valueIssue(value) ?? stringifyJson(value);
}

export interface CheckedBatch<Value> {
  readonly insertions: readonly Insertion<Value>[];
  /** The values' JSON, in their order. */
  readonly json: readonly string[];
}

/** Throws `BadInputError` with paths below `path`, or `PayloadTooLargeError`. */
export function checkBatch<Value>(inputs: readonly InsertInput<Value>[], limits: InputLimits): CheckedBatch<Value> {
  const { maxBatch, maxBatchBytes } = limits;
  if (inputs.length < 1 || inputs.length > maxBatch)
    throw new BadInputError([
      { path: ['inputs'], message: `must have 1 to ${maxBatch} entries, has ${inputs.length}` },
    ]);
  const issues: Issue[] = [];
  const json = inputs.map((input, index) => {
    const text = jsonOf(input.value);
    addIssues(issues, input, index, typeof text === 'string' ? undefined : text);
    return typeof text === 'string' ? text : '';
  });
  if (issues.length > 0) throw new BadInputError(issues);
  const insertions = inputs.map((input, index) => insertionOf(input, json[index] ?? '', limits));
  const bytes = insertions.reduce((sum, insertion) => sum + insertion.bytes, 0);
  if (bytes > maxBatchBytes)
    throw new PayloadTooLargeError(`the batch has ${bytes} bytes of keys and values, more than ${maxBatchBytes}`);
  return { insertions, json };
}

export function checkRemoval(
  key: string,
  { idempotencyKey, ifCursor }: RemoveOptions,
): { idempotency?: Idempotency; ifCursor?: Cursor } {
  const issues = [
    ...issueOf(['key'], keyProblem(key)),
    ...issueOf(['idempotencyKey'], idempotencyKey == null ? undefined : keyProblem(idempotencyKey)),
  ];
  if (issues.length > 0) throw new BadInputError(issues);
  return {
    ...(idempotencyKey != null && { idempotency: { key: idempotencyKey, payload: hash(`remove ${ifCursor ?? ''}`) } }),
    ...(ifCursor != null && { ifCursor: checkedCursor(ifCursor, ['ifCursor']) }),
  };
}

function addIssues(
  issues: Issue[],
  { key, ttl, idempotencyKey, ifCursor }: InsertInput<unknown>,
  index: number,
  wrong: ValueIssue | undefined,
): void {
  const add = (field: string, message: string | undefined, below: ValueIssue['path'] = []): void => {
    if (message !== undefined) issues.push({ path: ['inputs', index, field, ...below], message });
  };
  add('key', keyProblem(key));
  add('value', wrong?.message, wrong?.path);
  if (ttl != null) add('ttl', ttlProblem(ttl));
  if (idempotencyKey != null) add('idempotencyKey', keyProblem(idempotencyKey));
  if (ifCursor != null) add('ifCursor', cursorProblem(ifCursor));
}

function issueOf(path: readonly (string | number)[], message: string | undefined): Issue[] {
  return message === undefined ? [] : [{ path, message }];
}

export function cursorProblem(cursor: string): string | undefined {
  try {
    parseCursor(cursor);
    return undefined;
  } catch {
    return 'not a cursor of this server';
  }
}

function checkedCursor(cursor: string, path: readonly string[]): Cursor {
  parseCursor(cursor, path);
  return cursor as Cursor;
}

function insertionOf<Value>(input: InsertInput<Value>, json: string, limits: InputLimits): Insertion<Value> {
  const { key, value, ttl, idempotencyKey, ifAbsent, ifCursor } = input;
  const valueBytes = utf8Length(json);
  if (valueBytes > limits.maxValueBytes)
    throw new PayloadTooLargeError(
      `the value of ${JSON.stringify(key)} has ${valueBytes} bytes, more than ${limits.maxValueBytes}`,
    );
  const payload = (): string =>
    hash(JSON.stringify(['insert', json, ttl ?? null, ifAbsent ?? false, ifCursor ?? null]));
  return {
    key,
    value,
    bytes: utf8Length(key) + valueBytes,
    ttl: ttl ?? limits.ttl,
    idempotency: idempotencyKey == null ? undefined : { key: idempotencyKey, payload: payload() },
    ifAbsent: ifAbsent === true ? true : undefined,
    ifCursor: ifCursor == null ? undefined : (ifCursor as Cursor),
  };
}

/** 64 bits: enough to tell a mistaken payload, not to withstand a forger. */
function hash(text: string): string {
  return `${fnv1a32(text).toString(36)}.${fnv1a32(text, 0x01234567).toString(36)}`;
}
