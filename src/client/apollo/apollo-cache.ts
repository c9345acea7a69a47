/**
 * What Apollo's InMemoryCache has to know of items. Answers arrive in any order: a mutation's, over HTTP, may come after newer
 * items of the stream. Cursors tell: what is older than what the cache has is kept apart, under an id that nothing refers to.
 */
import type { InMemoryCache, Reference, StoreObject, TypePolicies, TypePolicy } from '@apollo/client';
import { type MergeOptions, mergePages, type ReadOptions, readPages } from './apollo-pages.ts';
import { isOlder } from '../cursors.ts';
import { type ItemFilter, selecting } from '../item-filter.ts';

/** For `new InMemoryCache({ typePolicies })`. Select `cursor` of items and removals: without it, what comes last wins. */
export const typePolicies: TypePolicies = {
  // A removal stays, so that a late older insertion doesn't bring the item back; `cache.gc()` forgets it.
  Item: { keyFields: newest('Item', ['Item', 'RemovedItem']) },
  RemovedItem: { keyFields: newest('RemovedItem', ['RemovedItem']) },
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

function newest(typename: ItemType, rivals: readonly ItemType[]): NonNullable<TypePolicy['keyFields']> {
  return ({ id, key = id, cursor }, { readField, selectionSet }) => {
    if (typeof key !== 'string') return false;
    // Who only asks for the id, as in `cache.identify(item)`, means what the cache has.
    const isLate =
      selectionSet !== undefined &&
      rivals.some((rival) => isOlder(cursor, readField('cursor', { __ref: `${rival}:${key}` })));
    return `${isLate ? 'Older' : ''}${typename}:${key}`;
  };
}

type Existing = Reference | StoreObject | null | undefined;

/** Under its key, whichever answer brought the item. */
function readItem(existing: Existing, { args, storage, isReference, canRead, readField }: ReadOptions): Existing {
  if (existing && !isReference(existing)) return existing;
  const key = String(args?.['key']);
  const item = { __ref: `Item:${key}` };
  if (!canRead(item)) return existing === null || canRead({ __ref: `RemovedItem:${key}` }) ? null : undefined;
  return existing === null && readField('cursor', item) === storage['absent'] ? null : item;
}

function mergeItem(_: Existing, incoming: Existing, { args, storage, readField }: MergeOptions): Existing {
  // An answer of null has no cursor: it holds until the item is written again.
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
    forget(cache, args?.['filter'] as ItemFilter | undefined, readField<ReferenceList>('upserted', incoming) ?? []);
  for (const removed of readField<ReferenceList>('removed', incoming) ?? []) evict(removed, options);
  return incoming;
}

function evict(removed: Reference | StoreObject, { cache, readField }: MergeOptions): void {
  const id = `Item:${readField<string>('key', removed)}`;
  if (!isOlder(readField('cursor', removed), readField('cursor', { __ref: id }))) cache.evict({ id });
}

/** On `reset`: removals may have been lost with what the server has forgotten. */
function forget(cache: InMemoryCache, filter: ItemFilter | null | undefined, upserted: readonly Reference[]): void {
  const isSelected = selecting(filter ?? {});
  const kept = new Set(upserted.map(({ __ref }) => __ref));
  for (const id of Object.keys(cache.extract(true))) {
    const key = /^(?:Removed)?Item:(.*)$/s.exec(id)?.[1];
    if (key !== undefined && !kept.has(id) && isSelected(key)) cache.evict({ id });
  }
}
