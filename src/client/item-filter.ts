/**
 * Selects items by their values. All given members must hold; `{}` selects every value. Where `path` leads nowhere, `exists: false`, `ne`
 * and `notIn` hold and everything else is false.
 *
 * @example
 * const dear: ValueFilter = { path: '/status', in: ['open', 'held'], and: [{ path: '/price', gte: 100 }] };
 */
export interface ValueFilter {
  /** A JSON Pointer (RFC 6901) into the value: `/status`, `/tags/0`. `and`, `or` and `not` don't use it. @default the value itself */
  readonly path?: string | undefined;
  /** Equals it: numbers by value, objects in any order of members. `null` is JSON's null. */
  readonly eq?: unknown;
  readonly ne?: unknown;
  /** Equals an element. */
  readonly in?: readonly unknown[] | undefined;
  readonly notIn?: readonly unknown[] | undefined;
  /** A number compares with numbers, a string with strings by code points; anything else is false. */
  readonly lt?: number | string | undefined;
  readonly lte?: number | string | undefined;
  readonly gt?: number | string | undefined;
  readonly gte?: number | string | undefined;
  readonly startsWith?: string | undefined;
  /** A string has this substring, an array this element, an object each of these members with an equal value. */
  readonly contains?: unknown;
  /** Whether `path` leads somewhere; to a null is somewhere. */
  readonly exists?: boolean | undefined;
  /** Each selects the same value. An empty list selects every value. */
  readonly and?: readonly ValueFilter[] | undefined;
  /** One of them selects the same value. An empty list selects none. */
  readonly or?: readonly ValueFilter[] | undefined;
  /** Doesn't select the same value. */
  readonly not?: ValueFilter | undefined;
}

/** Selects items by key and by value. All given members must hold. */
export interface ItemFilter {
  /** Only these keys; an empty list selects nothing. @default every key */
  readonly keys?: readonly (string | number)[] | null | undefined;
  /** Only keys that start with it. @default every key */
  readonly keyPrefix?: string | null | undefined;
  /** Only items whose value is selected. @default every value */
  readonly where?: ValueFilter | null | undefined;
}

type Filter = ItemFilter | null | undefined;

/** The key of an item or a removal; undefined if neither `key` nor `id` was selected. */
export function keyOf({ id, key = id }: Readonly<Record<string, unknown>>): string | undefined {
  return typeof key === 'string' ? key : undefined;
}

/** Makes a predicate that tells whether a filter selects a key, whatever its value. Without a filter it is true for every key. */
export function keyMatcher(filter: Filter): (key: string) => boolean {
  const { keys, keyPrefix } = filter ?? {};
  const selected = keys && new Set(keys.map(String));
  return (key) => selected?.has(key) !== false && key.startsWith(keyPrefix ?? '');
}

/** Equal for filters of equal content, regardless of the order of their members, and of null and absent members. */
export const filterId = (filter: Filter): string =>
  JSON.stringify([filter?.keys ?? null, filter?.keyPrefix ?? null, whereId(filter)]);

/** Equal for filters that select the same values in the same words, regardless of the order of members. Empty for every value. */
export const whereId = (filter: Filter): string => (filter?.where ? contentOf(filter.where) : '');

/** Equal for objects of equal content, regardless of the order of their members. */
export const contentOf = (object: object): string => JSON.stringify(object, withSortedMembers);

/** A replacer for `JSON.stringify`. A null in a filter on values is a value, so it is not the same as an absent member. */
function withSortedMembers(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members);
}
