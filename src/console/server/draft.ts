/** What the insert form holds, and the variables of the mutation that it makes of it. */
import type { Collection } from './collections.ts';
import type { Failure } from './failure.ts';
import { parseExactly, pretty } from './format.ts';

export interface Draft {
  /** Empty for a typed collection, whose value has the key. */
  readonly key: string;
  /** The JSON text in the field. */
  readonly value: string;
  readonly ttl: string;
  readonly ifAbsent: boolean;
  /** The item that the draft was copied from, another object for each copy; undefined for a new item. */
  readonly edited?: { readonly key: string } | undefined;
}

/** For a new item. */
export function emptyDraft({ isTyped, example }: Collection): Draft {
  return { key: '', value: isTyped ? pretty(example.input) : '{ "text": "hello" }', ttl: '', ifAbsent: false };
}

/** Of an item. A typed value without its nulls, because an absent field is null. */
export function draftOf({ isTyped }: Collection, key: string, value: unknown): Draft {
  const input = isTyped ? withoutNulls(value) : value;
  return { key: isTyped ? '' : key, value: pretty(input), ttl: '', ifAbsent: false, edited: { key } };
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.map(([name, member]) => [name, withoutNulls(member)]));
}

/** The key as a variable of the collection's documents. */
export const keyVariable = ({ hasIntKeys }: Collection, key: string): string | number =>
  hasIntKeys ? Number(key) : key;

/** The key of the item that the draft stands for; undefined if it has none yet. */
export function keyOfDraft({ isTyped, key }: Collection, draft: Draft): string | undefined {
  if (!isTyped) return draft.key;
  try {
    const value = (JSON.parse(draft.value) as Readonly<Record<string, unknown>> | null)?.[key];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  } catch {
    return undefined;
  }
}

type Variables = Readonly<Record<string, unknown>>;
type Parsed = { readonly variables: Variables } | { readonly variables?: undefined; readonly failure: Failure };

/** Checks only what the server can't check: that the fields can be sent as a mutation. */
export function variablesOf({ isTyped }: Collection, draft: Draft, idempotencyKey: string): Parsed {
  const invalid = (fields: Failure['fields']): Parsed => ({ failure: { fields } });
  const { key, value, ifAbsent } = draft;
  let json: unknown;
  try {
    json = parseExactly(value);
  } catch (error) {
    const { message } = error as Error;
    return invalid({ value: error instanceof RangeError ? message : `This is not valid JSON: ${message}` });
  }
  if (json === null) return invalid({ value: 'A value can’t be null. To delete an item, remove it.' });
  if (draft.ttl !== '' && !/^-?\d{1,9}$/.test(draft.ttl.trim()))
    return invalid({ ttl: 'Enter whole seconds, such as 60.' });
  const options = { ttl: draft.ttl === '' ? undefined : Number(draft.ttl), ifAbsent, idempotencyKey };
  return { variables: isTyped ? { input: json, ...options } : { input: { key, value: json, ...options } } };
}
