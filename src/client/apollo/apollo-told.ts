/**
 * Lists with a filter on values. The cache can't evaluate the filter, so each list stores what the subscriptions with its `where` have told
 * since its first page was read: at which cursor an item was selected, or was not selected any more. Pages that were read before that, and
 * arrive after it, must not bring an item back.
 */
import type { InMemoryCache, Reference, StoreObject } from '@apollo/client';
import type { Collection } from '../collections.ts';
import { isOlder } from '../resuming/cursors.ts';
import { type ItemFilter, keyMatcher, whereId } from '../item-filter.ts';

export type Entity = Reference | StoreObject;

/** The key of an item: what its id in the cache ends with, or what it has itself. */
export function keyIn({ keyOf }: Collection, entity: Entity | undefined): string | undefined {
  const ref = (entity as Partial<Reference> | undefined)?.__ref;
  return ref === undefined ? entity && keyOf(entity as StoreObject) : ref.slice(ref.indexOf(':') + 1);
}

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
  readonly edges?: readonly { readonly node?: Entity }[];
  readonly told?: ToldItems;
}

/**
 * Stores it in the lists with the same `where`, and removes what is not selected any more. `isReset`: what isn't told is not selected any
 * more, as far as the filter selects its key.
 */
export function tellLists(
  cache: InMemoryCache,
  collection: Collection,
  filter: ItemFilter | null | undefined,
  told: readonly Told[],
  isReset = false,
): void {
  const where = whereId(filter);
  if (where === '' || (told.length === 0 && !isReset)) return;
  const hasKey = keyMatcher(filter);
  const { plural } = collection;
  cache.modify<Record<string, List>>({
    fields: {
      [plural](list, { storeFieldName }) {
        // The value of this field is what `mergePages` returns.
        const { edges, told: before = {} } = list as List;
        if (!edges || whereId(filterIn(storeFieldName.slice(plural.length))) !== where) return list;
        const after = Object.fromEntries(Object.entries(before).filter(([key]) => !isReset || !hasKey(key)));
        for (const each of told) if (!isOlder(each.cursor, after[each.key]?.cursor)) after[each.key] = each;
        const isShown = (key: string | undefined): boolean =>
          key === undefined || (after[key]?.isSelected ?? !(isReset && hasKey(key)));
        const kept = edges.filter(({ node }) => isShown(keyIn(collection, node)));
        return { ...list, edges: kept.length < edges.length ? kept : edges, told: after };
      },
    },
  });
}

/** The filter of a list, from what the cache adds to the name of its field: `:{"filter":{…}}`. */
function filterIn(suffix: string): ItemFilter | undefined {
  const [, args = '{}'] = /^[:(](.*?)\)?$/s.exec(suffix) ?? [];
  try {
    return (JSON.parse(args) as { filter?: ItemFilter }).filter;
  } catch {
    return undefined;
  }
}
