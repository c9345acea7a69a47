/**
 * Type policies of items for Apollo's InMemoryCache. Results arrive in any order: a mutation's result over HTTP may arrive after newer
 * items of the stream. The cursors decide: an item older than the cached one is stored under an id that nothing refers to.
 */
import type { InMemoryCache, Reference, StoreObject, TypePolicies, TypePolicy } from '@apollo/client';
import { type MergeOptions, mergePages, type ReadOptions, readPages } from './apollo-pages.ts';
import { isOlder } from '../cursors.ts';
import { type ItemFilter, keyMatcher, keyOf } from '../item-keys.ts';

/**
 * Type policies for Apollo's cache. They keep the newest version of each item, merge pages of `Query.items`, and apply removals and resets.
 * Select `cursor` of items and removals: without it, the last result to arrive wins.
 *
 * @example
 * ```ts
 * const cache = new InMemoryCache({ typePolicies });
 * ```
 */
export const typePolicies: TypePolicies = {
  // The removal stays cached, so that an older insertion that arrives later doesn't restore the item; `cache.gc()` deletes it.
  Item: { keyFields: versionedKeyFields('Item', ['Item', 'RemovedItem']) },
  RemovedItem: { keyFields: versionedKeyFields('RemovedItem', ['RemovedItem']) },
  Query: {
    fields: {
      item: { keyArgs: ['key'], read: readItem, merge: mergeItem },
      items: { keyArgs: ['filter'], read: readPages, merge: mergePages },
    },
  },
  Mutation: { fields: { removeItem: { merge: mergeRemoval } } },
  Subscription: { fields: { itemChanges: { merge: mergeChanges } } },
};

type ItemType = 'Item' | 'RemovedItem';

function versionedKeyFields(typename: ItemType, rivals: readonly ItemType[]): NonNullable<TypePolicy['keyFields']> {
  return (object, { readField, selectionSet }) => {
    const key = keyOf(object);
    if (key === undefined) return false;
    const { cursor } = object;
    // Without a selection set, as in `cache.identify(item)`, the caller means the cached item.
    const isLate =
      selectionSet !== undefined &&
      rivals.some((rival) => isOlder(cursor, readField('cursor', { __ref: `${rival}:${key}` })));
    return `${isLate ? 'Older' : ''}${typename}:${key}`;
  };
}

type Existing = Reference | StoreObject | null | undefined;

/** Finds the item by its key, even if another query or subscription brought it. */
function readItem(existing: Existing, { args, storage, isReference, canRead, readField }: ReadOptions): Existing {
  if (existing && !isReference(existing)) return existing;
  const key = String(args?.['key']);
  const item = { __ref: `Item:${key}` };
  if (!canRead(item)) return existing === null || canRead({ __ref: `RemovedItem:${key}` }) ? null : undefined;
  return existing === null && readField('cursor', item) === storage['absent'] ? null : item;
}

function mergeItem(_: Existing, incoming: Existing, { args, storage, readField }: MergeOptions): Existing {
  // A result of null has no cursor, so it holds until the item is written again.
  if (incoming === null) storage['absent'] = readField('cursor', { __ref: `Item:${String(args?.['key'])}` });
  return incoming;
}

function mergeRemoval(_: Existing, incoming: Existing, options: MergeOptions): Existing {
  if (incoming) evict(incoming, options);
  return incoming;
}

type ReferenceList = readonly Reference[] | undefined;

function mergeChanges(_: Existing, incoming: StoreObject, options: MergeOptions): Existing {
  const { args, cache, readField } = options;
  if (readField('reset', incoming) === true)
    evictSelected(
      cache,
      args?.['filter'] as ItemFilter | undefined,
      readField<ReferenceList>('upserted', incoming) ?? [],
    );
  for (const removed of readField<ReferenceList>('removed', incoming) ?? []) evict(removed, options);
  return incoming;
}

function evict(removed: Reference | StoreObject, { cache, readField }: MergeOptions): void {
  const id = `Item:${readField<string>('key', removed)}`;
  if (!isOlder(readField('cursor', removed), readField('cursor', { __ref: id }))) cache.evict({ id });
}

/** Evicts items on `reset`, because their removals may have been lost with the server's log. */
function evictSelected(
  cache: InMemoryCache,
  filter: ItemFilter | null | undefined,
  upserted: readonly Reference[],
): void {
  const isSelected = keyMatcher(filter);
  const kept = new Set(upserted.map(({ __ref }) => __ref));
  for (const id of Object.keys(cache.extract(true))) {
    const key = /^(?:Removed)?Item:(.*)$/s.exec(id)?.[1];
    if (key !== undefined && !kept.has(id) && isSelected(key)) cache.evict({ id });
  }
}
