import type { ItemFilter } from '../../schema/documents/graphql.ts';

export type { ItemFilter };

type Filter = ItemFilter | null | undefined;

/** The key of an item or a removal; undefined if neither `key` nor `id` was selected. */
export function keyOf({ id, key = id }: Readonly<Record<string, unknown>>): string | undefined {
  return typeof key === 'string' ? key : undefined;
}

/** Makes a predicate that tells whether a filter selects a key. Without a filter it is true for every key. */
export function keyMatcher(filter: Filter): (key: string) => boolean {
  const { keys, keyPrefix } = filter ?? {};
  const selected = keys && new Set(keys.map(String));
  return (key) => selected?.has(key) !== false && key.startsWith(keyPrefix ?? '');
}

/** Equal for filters of equal content, regardless of the order of their members, and of null and absent members. */
export const filterId = (filter: Filter): string => JSON.stringify([filter?.keys ?? null, filter?.keyPrefix ?? null]);
