/**
 * Lists with a filter on values. The cache can't evaluate the filter, so it stores for each `where` what pages and subscriptions have told last
 * about an item: whether it was selected at a cursor.
 *
 *     Item:<id>  .__told({ where, cursor })
 *
 * As with versions, each cursor has a field of its own.
 */
import type { Cache } from '@urql/exchange-graphcache';
import { isOlder } from '../resuming/cursors.ts';
import { type ItemFilter, whereId } from '../item-filter.ts';
import type { CachedCollection } from './graphcache-collection.ts';
import type { Fields } from './graphcache-fields.ts';
import { fieldsOf } from './graphcache-versions.ts';

export type Filter = ItemFilter | null | undefined;

interface Told {
  /** Empty if the document doesn't select it. */
  readonly cursor: string;
  readonly isSelected: boolean;
}

/** Stores it, unless something newer has been told. A filter without `where` selects by the key alone, so there is nothing to store. */
export function tell(
  of: CachedCollection,
  cache: Cache,
  key: string,
  filter: Filter,
  isSelected: boolean,
  cursor: unknown,
): void {
  const where = whereId(filter);
  if (where === '') return;
  const entity = of.entityOf(key);
  const told: Told = { cursor: typeof cursor === 'string' ? cursor : '', isSelected };
  const before = allTold(cache, entity, where);
  if (before.some((each) => isOlder(told.cursor, each.cursor))) return;
  for (const each of before)
    if (each.cursor !== told.cursor) cache.invalidate(entity, '__told', { where, cursor: each.cursor });
  cache.writeFragment(of.told, { ...of.dataOf(key), __told: told }, { where, cursor: told.cursor });
}

/** Lets items return to a list that a page has after they had left it. */
export function tellPage(
  of: CachedCollection,
  cache: Cache,
  connection: Fields | null | undefined,
  filter: Filter,
): void {
  if (whereId(filter) === '') return;
  for (const { node, cursor } of (connection?.['edges'] ?? []) as { node?: Fields; cursor?: string }[]) {
    const key = node && of.keyOf(node);
    const at = cursor ?? node?.['cursor'];
    const last = key === undefined ? undefined : lastTold(cache, of.entityOf(key), filter);
    // The same version that left can't match again.
    if (key !== undefined && last && (last.isSelected || at !== last.cursor)) tell(of, cache, key, filter, true, at);
  }
}

/** Whether a list shows an item whose key its filter selects. */
export function isListed(cache: Cache, entity: string, filter: Filter, isPaged: boolean): boolean {
  if (whereId(filter) === '') return true;
  return lastTold(cache, entity, filter)?.isSelected ?? isPaged;
}

/** What was told last about an item; undefined if nothing was. */
export function lastTold(cache: Cache, entity: string, filter: Filter): Told | undefined {
  let last: Told | undefined;
  for (const each of allTold(cache, entity, whereId(filter)))
    if (!last || !isOlder(each.cursor, last.cursor)) last = each;
  return last;
}

const allTold = (cache: Cache, entity: string, where: string): Told[] =>
  fieldsOf(cache, entity, '__told').flatMap(({ fieldKey, arguments: args }) => {
    const told =
      args?.['where'] === where ? (cache.resolve(entity, fieldKey) as unknown as Told | undefined) : undefined;
    return told ? [told] : [];
  });
