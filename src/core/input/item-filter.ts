import { type KeyFilter, keyFilter, type KeyFilterInput, isEveryKey, passes } from './key-filter.ts';
import { type ValueFilter, valueFilter, type ValueFilterInput } from './where/where-filter.ts';

/** The items that a reader sees: those whose key and whose value pass. Made by `itemFilter`. */
export interface ItemFilter extends KeyFilter {
  /** Undefined: every value. */
  readonly where?: ValueFilter | undefined;
}

/** All conditions must hold. */
export interface ItemFilterInput extends KeyFilterInput {
  /** Only items whose value matches. @default every value */
  readonly where?: ValueFilterInput | null | undefined;
}

/**
 * A filter for `StreamingMap.items` and `changes`. `allowedPrefix` narrows it further: the prefix that a caller's token allows.
 * @throws {BadInputError} at `filter.where`
 *
 * @example
 * map.items({ filter: itemFilter({ keyPrefix: 'order:', where: { path: '/status', eq: 'open' } }) });
 */
export function itemFilter(input?: ItemFilterInput | null, allowedPrefix = ''): ItemFilter {
  const keys = keyFilter(input, allowedPrefix);
  if (input?.where == null) return keys;
  return { ...keys, where: valueFilter(input.where, ['filter', 'where']) };
}

/** Whether the item is one that the reader sees. */
export function matches(filter: ItemFilter, item: { readonly key: string; readonly value: unknown }): boolean {
  return passes(filter, item.key) && (filter.where === undefined || filter.where.matches(item.value));
}

/** Whether the reader sees every item. */
export function isEveryItem(filter: ItemFilter): boolean {
  return filter.where === undefined && isEveryKey(filter);
}
