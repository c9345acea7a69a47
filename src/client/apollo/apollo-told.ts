/**
 * Lists with a filter on values. The cache can't evaluate the filter, so each list stores what the subscriptions with its `where` have told
 * since its first page was read: at which cursor an item was selected, or was not selected any more. Pages that were read before that, and
 * arrive after it, must not bring an item back.
 */
import type { InMemoryCache, StoreObject } from '@apollo/client';
import { isOlder } from '../cursors.ts';
import { type ItemFilter, keyMatcher, whereId } from '../item-filter.ts';

/** What a message has told about one item. */
export interface Told {
  readonly key: string;
  /** Undefined if the document doesn’t select it. */
  readonly cursor: string | undefined;
  readonly isSelected: boolean;
}

/** By key. */
export type ToldItems = Readonly<Record<string, Told>>;

interface List extends StoreObject {
  readonly edges?: readonly { readonly node?: unknown }[];
  readonly told?: ToldItems;
}

/**
 * Stores it in the lists with the same `where`, and removes what is not selected any more. `isReset`: what isn't told is not selected any
 * more, as far as the filter selects its key.
 */
export function tellLists(
  cache: InMemoryCache,
  filter: ItemFilter | null | undefined,
  told: readonly Told[],
  isReset = false,
): void {
  const where = whereId(filter);
  if (where === '' || (told.length === 0 && !isReset)) return;
  const hasKey = keyMatcher(filter);
  cache.modify<{ items: List }>({
    fields: {
      items(list, { storeFieldName, readField }) {
        // The value of this field is what `mergePages` returns.
        const { edges, told: before = {} } = list as List;
        if (!edges || whereId(filterIn(storeFieldName)) !== where) return list;
        const after = Object.fromEntries(Object.entries(before).filter(([key]) => !isReset || !hasKey(key)));
        for (const each of told) if (!isOlder(each.cursor, after[each.key]?.cursor)) after[each.key] = each;
        const isShown = (key: string | undefined): boolean =>
          key === undefined || (after[key]?.isSelected ?? !(isReset && hasKey(key)));
        const kept = edges.filter(({ node }) => isShown(readField<string>('key', node as StoreObject)));
        return { ...list, edges: kept.length < edges.length ? kept : edges, told: after };
      },
    },
  });
}

/** The filter of a list, from the name under which the cache stores it: `items:{"filter":{…}}`. */
function filterIn(storeFieldName: string): ItemFilter | undefined {
  const [, args = '{}'] = /^items[:(](.*?)\)?$/s.exec(storeFieldName) ?? [];
  try {
    return (JSON.parse(args) as { filter?: ItemFilter }).filter;
  } catch {
    return undefined;
  }
}
