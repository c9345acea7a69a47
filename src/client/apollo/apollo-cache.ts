/**
 * Type policies of items for Apollo's InMemoryCache. Results arrive in any order: a mutation's result over HTTP may arrive after newer
 * items of the stream. The cursors decide: an item older than the cached one is stored under an id that nothing refers to.
 */
import type { Reference, StoreObject, TypePolicies, TypePolicy } from '@apollo/client';
import { type MergeOptions, mergePages, type ReadOptions, readPages } from './apollo-pages.ts';
import { epochOf, isOlder } from '../cursors.ts';
import { type ItemFilter, keyMatcher, keyOf } from '../item-filter.ts';
import { type Told, tellLists } from './apollo-told.ts';

/**
 * Type policies for Apollo's cache. They keep the newest version of each item, merge pages of `Query.items`, and apply removals and resets.
 * Select `cursor` of items and removals: without it, the last result to arrive wins. With a filter on values select `reason` of removals as
 * well: an item that the filter doesn't select any more leaves the lists with this `where`, and stays in the cache.
 *
 * @example
 * ```ts
 * const cache = new InMemoryCache({ typePolicies });
 * ```
 */
export const typePolicies: TypePolicies = {
  // The removal stays cached, so that an older insertion that arrives later doesn't restore the item; `cache.gc()` deletes it.
  Item: { keyFields: versionedKeyFields('Item', ['Item', 'RemovedItem']) },
  RemovedItem: { keyFields: removalKeyFields },
  Query: {
    fields: {
      item: { keyArgs: ['key'], read: readItem, merge: mergeItem },
      items: { keyArgs: ['filter'], read: readPages, merge: mergePages },
    },
  },
  Mutation: { fields: { removeItem: { merge: mergeRemoval } } },
  Subscription: { fields: { items: { merge: mergeLiveItem }, itemChanges: { merge: mergeChanges } } },
};

type ItemType = 'Item' | 'RemovedItem';

type KeyFieldsFunction = Extract<TypePolicy['keyFields'], (...args: never[]) => unknown>;

function versionedKeyFields(typename: ItemType, rivals: readonly ItemType[]): KeyFieldsFunction {
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

/** An item that a filter doesn't select any more is still in the map, so this is no state of the item. */
function removalKeyFields(...[object, context]: Parameters<KeyFieldsFunction>): ReturnType<KeyFieldsFunction> {
  return object['reason'] === 'UNMATCHED' ? false : versionedKeyFields('RemovedItem', ['RemovedItem'])(object, context);
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

type Entity = Reference | StoreObject;

const filterOf = ({ args }: MergeOptions): ItemFilter | null | undefined =>
  args?.['filter'] as ItemFilter | null | undefined;

function mergeLiveItem(_: Existing, incoming: Entity, options: MergeOptions): Existing {
  tellLists(options.cache, filterOf(options), toldOf([incoming], true, options));
  return incoming;
}

function mergeChanges(_: Existing, incoming: StoreObject, options: MergeOptions): Existing {
  const { cache, readField } = options;
  const filter = filterOf(options);
  const upserted = readField<readonly Reference[]>('upserted', incoming) ?? [];
  const removed = readField<readonly Entity[]>('removed', incoming) ?? [];
  const unmatched = new Set(removed.filter((each) => isUnmatched(each, filter, options)));
  for (const each of removed) if (!unmatched.has(each)) evict(each, options);
  const isReset = readField('reset', incoming) === true;
  if (isReset) evictSelected(filter, upserted, readField('cursor', incoming), options);
  const told = [...toldOf(upserted, true, options), ...toldOf(removed, false, options)];
  tellLists(cache, filter, told, isReset);
  return incoming;
}

/** Whether the item is still in the map. Without `reason` a removal with a filter on values doesn't say it, so the item stays. */
function isUnmatched(
  removed: Entity,
  filter: ItemFilter | null | undefined,
  { cache, readField }: MergeOptions,
): boolean {
  const reason = readField('reason', removed);
  if (reason !== undefined || filter?.where == null) return reason === 'UNMATCHED';
  cache.evict({ id: `RemovedItem:${readField<string>('key', removed)}` });
  return true;
}

const toldOf = (entities: readonly Entity[], isSelected: boolean, { readField }: MergeOptions): Told[] =>
  entities.flatMap((entity) => {
    const key = readField<string>('key', entity) ?? readField<string>('id', entity);
    return key === undefined ? [] : [{ key, cursor: readField<string>('cursor', entity), isSelected }];
  });

function evict(removed: Entity, { cache, readField }: MergeOptions): void {
  const id = `Item:${readField<string>('key', removed)}`;
  if (!isOlder(readField('cursor', removed), readField('cursor', { __ref: id }))) cache.evict({ id });
}

/**
 * Evicts items on `reset`, because their removals may have been lost with the server's log. With a filter on values an item that is not in
 * the message may still be in the map, unless it is of another log.
 */
function evictSelected(
  filter: ItemFilter | null | undefined,
  upserted: readonly Reference[],
  cursor: unknown,
  { cache, readField }: MergeOptions,
): void {
  const isSelected = keyMatcher(filter);
  const kept = new Set(upserted.map(({ __ref }) => __ref));
  const isGone = (id: string): boolean => {
    if (filter?.where == null) return true;
    const own = readField('cursor', { __ref: id });
    return typeof own === 'string' && typeof cursor === 'string' && epochOf(own) !== epochOf(cursor);
  };
  for (const id of Object.keys(cache.extract(true))) {
    const key = /^(?:Removed)?Item:(.*)$/s.exec(id)?.[1];
    if (key !== undefined && !kept.has(id) && isSelected(key) && isGone(id)) cache.evict({ id });
  }
}
