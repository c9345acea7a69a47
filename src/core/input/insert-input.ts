/** The rules for inputs. The library checks whole inputs with them, the GraphQL schema each argument. */
import { parseCursor } from '../model/cursor.ts';
import { BadInputError, type Issue, PayloadTooLargeError } from '../model/errors.ts';
import type { Idempotency, Insertion } from '../model/command.ts';
import { fnv1a32, utf8Length } from '../model/hash.ts';
import { isPlainJson, stringifyJson, UnkeptNumber } from '../model/json.ts';
import { ownText } from '../model/own-text.ts';
import type { Cursor } from '../model/position.ts';

export interface RemoveOptions {
  /** A retry with the same idempotency key, for the same key, resolves with the first result. 1 to 512 bytes of UTF-8. */
  readonly idempotencyKey?: string | null | undefined;
  /** `ConflictError` unless the key's current item has this cursor. */
  readonly ifCursor?: string | null | undefined;
}

/** One insertion. */
export interface InsertInput<Value> extends RemoveOptions {
  /** 1 to 512 bytes of UTF-8, well-formed. */
  readonly key: string;
  /** JSON, not null, at most 64 levels deep. */
  readonly value: Value;
  /** Seconds until the item expires, 1 or more. @default the map's `ttl` */
  readonly ttl?: number | null | undefined;
  /** `ConflictError` when the key already exists. @default false */
  readonly ifAbsent?: boolean | null | undefined;
}

export interface InputLimits {
  /** Seconds, for inputs without a `ttl`. @default none: items don't expire */
  readonly ttl: number | undefined;
  /** Bytes of one value's JSON in UTF-8. @default 65,536 */
  readonly maxValueBytes: number;
  /** Inputs of one batch, 1 to 1,000. @default 1,000 */
  readonly maxBatch: number;
  /** Bytes of the keys and values of one batch. @default 524,288 */
  readonly maxBatchBytes: number;
}

export const MAX_KEY_BYTES = 512;
const MAX_FILTER_KEYS = 1000;
export const MAX_TTL = 0x7fffffff;
/** Levels of arrays and objects in a value. */
export const MAX_DEPTH = 64;

/** Why a text can't be a key or an idempotency key. */
export function keyProblem(key: unknown): string | undefined {
  if (typeof key !== 'string') return 'must be a string';
  if (key === '') return 'must not be empty';
  if (!key.isWellFormed()) return 'must be well-formed Unicode';
  const bytes = utf8Length(key);
  return bytes > MAX_KEY_BYTES ? `must not exceed ${MAX_KEY_BYTES} bytes of UTF-8, has ${bytes}` : undefined;
}

export function filterKeysProblem(keys: readonly unknown[]): string | undefined {
  return keys.length > MAX_FILTER_KEYS ? `must have at most ${MAX_FILTER_KEYS} entries, has ${keys.length}` : undefined;
}

/** A value in an error: short, and never an object. */
const shown = (value: unknown): string => (typeof value === 'number' ? String(value) : typeof value);

export const keyPrefixProblem = (prefix: string): string | undefined =>
  prefix === '' ? undefined : keyProblem(prefix);

export function ttlProblem(ttl: unknown): string | undefined {
  const sound = Number.isInteger(ttl) && (ttl as number) >= 1 && (ttl as number) <= MAX_TTL;
  return sound ? undefined : `must be a whole number of seconds from 1 to ${MAX_TTL}, got ${shown(ttl)}`;
}

/** A problem of a value. */
export interface ValueIssue {
  /** From the value down. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Why a value can't be stored as JSON without loss. */
export function valueIssue(value: unknown): ValueIssue | undefined {
  return value === null ? { path: [], message: 'must not be null' } : issueIn(value, []);
}

/** `path`: of this value. It is reused, so an issue copies it. */
function issueIn(value: unknown, path: (string | number)[]): ValueIssue | undefined {
  if (value === null || typeof value === 'boolean') return undefined;
  const issue = (message: string): ValueIssue => ({ path: [...path], message });
  if (typeof value === 'string')
    return value.isWellFormed() ? undefined : issue('must be well-formed Unicode: it has a lone surrogate');
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : issue(`must be JSON, got ${value}`);
  if (typeof value !== 'object') return issue(`must be JSON, got ${typeof value}`);
  if (value instanceof UnkeptNumber)
    return issue(`must not be ${value.source}: no double holds it exactly, so send it as a string`);
  if (path.length === MAX_DEPTH) return { path: [], message: `must not nest deeper than ${MAX_DEPTH} levels` };
  const shape = shapeProblem(value);
  if (shape !== undefined) return issue(shape);
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const below = issueBelow(index, value[index], path);
      if (below) return below;
    }
    return undefined;
  }
  // Its prototype has no members. `Object.entries` takes twice as long.
  for (const name in value) {
    // Checked before the name enters a path, because clients get the path.
    if (!name.isWellFormed()) return issue('must have names of well-formed Unicode: one has a lone surrogate');
    const member = (value as Record<string, unknown>)[name];
    const below = member === undefined ? undefined : issueBelow(name, member, path);
    if (below) return below;
  }
  return undefined;
}

function issueBelow(name: string | number, member: unknown, path: (string | number)[]): ValueIssue | undefined {
  // Most members are numbers, texts without an issue, and booleans.
  if (typeof member === 'number' ? Number.isFinite(member) : typeof member === 'boolean') return undefined;
  path.push(name);
  const below = issueIn(member, path);
  path.pop();
  return below;
}

/** Why `JSON.stringify` would lose a part of the object, or write something else. */
function shapeProblem(value: object): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (Array.isArray(value) ? prototype !== Array.prototype : prototype !== null && prototype !== Object.prototype)
    return 'must be a plain object or array';
  if (prototype === null && Object.isFrozen(value) && isRawJson(value)) return 'must be JSON, got a JSON.rawJSON text';
  return Object.getOwnPropertySymbols(value).length > 0 ? 'must be JSON: it has a symbol as a name' : undefined;
}

/** Missing in TypeScript's library. */
const isRawJson = (JSON as unknown as { isRawJSON(value: unknown): boolean }).isRawJSON;

/** The escape that `JSON.stringify` writes for a lone surrogate. A backslash in a value is written as two, but may match as well. */
const LONE_SURROGATE = /\\ud[89a-f]/;

/** The value's JSON, or why it has none. */
function jsonOf(value: unknown): string | ValueIssue {
  if (value !== null && isPlainJson(value, MAX_DEPTH)) {
    const json: unknown = JSON.stringify(value);
    // A non-enumerable `toJSON` may return anything.
    if (typeof json !== 'string') return { path: [], message: 'must be JSON' };
    if (!LONE_SURROGATE.test(json)) return json;
  }
  return valueIssue(value) ?? stringifyJson(value);
}

/** @throws {BadInputError} with paths from `inputs` down. @throws {PayloadTooLargeError} */
export function checkBatch(inputs: readonly InsertInput<unknown>[], limits: InputLimits): readonly Insertion[] {
  const { maxBatch, maxBatchBytes } = limits;
  if (inputs.length < 1 || inputs.length > maxBatch)
    throw new BadInputError([
      { path: ['inputs'], message: `must have 1 to ${maxBatch} entries, has ${inputs.length}` },
    ]);
  assertFewParts(inputs, limits);
  const issues: Issue[] = [];
  const json = inputs.map((input, index) => {
    const text = jsonOf(input.value);
    issues.push(...issuesOf(input, ['inputs', index], typeof text === 'string' ? undefined : text));
    return typeof text === 'string' ? text : '';
  });
  if (issues.length > 0) throw new BadInputError(issues);
  const insertions = inputs.map((input, index) => insertionOf(input, json[index] ?? '', limits));
  const bytes = insertions.reduce((sum, insertion) => sum + insertion.bytes, 0);
  if (bytes > maxBatchBytes)
    throw new PayloadTooLargeError(`the batch has ${bytes} bytes of keys and values, more than ${maxBatchBytes}`);
  return insertions;
}

/**
 * Each member of a value takes a byte of its JSON, so a value with more members than it may have bytes needs no JSON to be refused.
 * @throws {PayloadTooLargeError}
 */
function assertFewParts(inputs: readonly InsertInput<unknown>[], { maxValueBytes }: InputLimits): void {
  for (const { key, value } of inputs)
    if (partsOf(value, maxValueBytes, MAX_DEPTH) > maxValueBytes)
      throw new PayloadTooLargeError(`the value of ${JSON.stringify(key)} has more than ${maxValueBytes} bytes`);
}

/** How many values a value consists of, itself included. Stops counting above `max`, and at `depth`. */
function partsOf(value: unknown, max: number, depth: number): number {
  if (typeof value !== 'object' || value === null || depth === 0) return 1;
  let parts = 1;
  if (Array.isArray(value)) {
    parts += value.length;
    for (let index = 0; index < value.length && parts <= max; index++) {
      const member: unknown = value[index];
      if (typeof member === 'object' && member !== null) parts += partsOf(member, max - parts, depth - 1) - 1;
    }
    return parts;
  }
  for (const name in value) {
    parts += partsOf((value as Record<string, unknown>)[name], max - parts, depth - 1);
    if (parts > max) break;
  }
  return parts;
}

/** @throws {BadInputError} with paths such as `key`. */
export function checkRemoval(
  key: string,
  { idempotencyKey, ifCursor }: RemoveOptions,
): { idempotency?: Idempotency; ifCursor?: Cursor } {
  const issues = issuesOf({ key, idempotencyKey, ifCursor }, []);
  if (issues.length > 0) throw new BadInputError(issues);
  return {
    ...(idempotencyKey != null && {
      idempotency: { key: idempotencyKey, payload: payloadHash(`remove ${ifCursor ?? ''}`) },
    }),
    ...(ifCursor != null && { ifCursor: ifCursor as Cursor }),
  };
}

/** The issues of one input, from `path` down. `wrong`: the issue of its value. */
function issuesOf(
  { key, ttl, idempotencyKey, ifCursor }: Omit<InsertInput<unknown>, 'value'>,
  path: Issue['path'],
  wrong?: ValueIssue,
): Issue[] {
  const issues: Issue[] = [];
  const add = (field: string, message: string | undefined, below: ValueIssue['path'] = []): void => {
    if (message !== undefined) issues.push({ path: [...path, field, ...below], message });
  };
  add('key', keyProblem(key));
  add('value', wrong?.message, wrong?.path);
  if (ttl != null) add('ttl', ttlProblem(ttl));
  if (idempotencyKey != null) add('idempotencyKey', keyProblem(idempotencyKey));
  if (ifCursor != null) add('ifCursor', cursorProblem(ifCursor));
  return issues;
}

/** Why a text can't be a cursor. */
export function cursorProblem(cursor: string): string | undefined {
  try {
    parseCursor(cursor);
    return undefined;
  } catch {
    return 'not a cursor of this server';
  }
}

function insertionOf(input: InsertInput<unknown>, json: string, limits: InputLimits): Insertion {
  const { key, ttl, idempotencyKey, ifAbsent, ifCursor } = input;
  const valueBytes = utf8Length(json);
  if (valueBytes > limits.maxValueBytes)
    throw new PayloadTooLargeError(
      `the value of ${JSON.stringify(key)} has ${valueBytes} bytes, more than ${limits.maxValueBytes}`,
    );
  const payload = (): string =>
    payloadHash(JSON.stringify(['insert', json, ttl ?? null, ifAbsent ?? false, ifCursor ?? null]));
  return {
    // The item keeps the key.
    key: ownText(key),
    json,
    bytes: utf8Length(key) + valueBytes,
    ttl: ttl ?? limits.ttl,
    idempotency: idempotencyKey == null ? undefined : { key: idempotencyKey, payload: payload() },
    ifAbsent: ifAbsent === true ? true : undefined,
    ifCursor: ifCursor == null ? undefined : (ifCursor as Cursor),
  };
}

/** 64 bits: enough to detect a mistaken payload, not a forged one. */
function payloadHash(text: string): string {
  // The table of first results keeps it: a concatenation would keep its parts.
  return ownText(`${fnv1a32(text).toString(36)}.${fnv1a32(text, 0x01234567).toString(36)}`);
}
