/** Insertions and removals that subscriptions and mutations bring into Apollo's cache. */
import { gql, type Reference, type StoreObject } from '@apollo/client';
import type { Collection } from '../collections.ts';
import { epochOf, isOlder } from '../resuming/cursors.ts';
import { type ItemFilter, keyMatcher } from '../item-filter.ts';
import type { MergeOptions } from './apollo-pages.ts';
import { type Entity, keyIn, type Told, tellLists } from './apollo-told.ts';

type Filter = ItemFilter | null | undefined;

/** The removal stays cached, so that an older insertion that arrives later doesn't restore the item; `cache.gc()` deletes it. */
const REMOVAL = gql`
  fragment Removal on RemovedItem {
    cursor
  }
`;

const filterOf = ({ args }: MergeOptions): Filter => args?.['filter'] as Filter;

export function merging(collection: Collection) {
  const { name } = collection;

  function mergeLiveItem(_: unknown, incoming: Entity, options: MergeOptions): Entity {
    tellLists(options.cache, collection, filterOf(options), toldOf([incoming], true, options));
    return incoming;
  }

  function mergeRemoval(_: unknown, incoming: StoreObject | null, options: MergeOptions): StoreObject | null {
    if (incoming) evict(incoming, options);
    return incoming;
  }

  function mergeChanges(_: unknown, incoming: StoreObject, options: MergeOptions): StoreObject {
    const { cache, readField } = options;
    const filter = filterOf(options);
    const upserted = readField<readonly Reference[]>('upserted', incoming) ?? [];
    const removed = readField<readonly StoreObject[]>('removed', incoming) ?? [];
    for (const each of removed) if (!isUnmatched(each, filter)) evict(each, options);
    const isReset = readField('reset', incoming) === true;
    if (isReset) evictSelected(filter, upserted, readField('cursor', incoming), options);
    const told = [...toldOf(upserted, true, options), ...toldOf(removed, false, options)];
    tellLists(cache, collection, filter, told, isReset);
    return incoming;
  }

  const toldOf = (entities: readonly Entity[], isSelected: boolean, { readField }: MergeOptions): Told[] =>
    entities.flatMap((entity) => {
      const key = isSelected ? keyIn(collection, entity) : readField<string>('key', entity);
      return key === undefined ? [] : [{ key, cursor: readField<string>('cursor', entity), isSelected }];
    });

  function evict(removed: StoreObject, { cache, readField }: MergeOptions): void {
    const id = `${name}:${readField<string>('key', removed)}`;
    const cursor = readField<string>('cursor', removed);
    // An older removal may arrive later than a newer one.
    if (!isOlder(cursor, readField('cursor', { __ref: `Removed${id}` }))) {
      cache.writeFragment({
        id: `Removed${id}`,
        fragment: REMOVAL,
        data: { __typename: 'RemovedItem', cursor: cursor ?? null },
      });
      // The cache keeps what was written with an id of its own until it is released.
      cache.release(`Removed${id}`);
    }
    if (!isOlder(cursor, readField('cursor', { __ref: id }))) cache.evict({ id });
  }

  /**
   * Evicts items on `reset`, because their removals may have been lost with the server's log. With a filter on values an item that is not in
   * the message may still be in the map, unless it is of another log.
   */
  function evictSelected(
    filter: Filter,
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
      const [type, key] = [id.slice(0, id.indexOf(':')), id.slice(id.indexOf(':') + 1)];
      const isOwn = type === name || type === `Removed${name}`;
      if (isOwn && !kept.has(id) && isSelected(key) && isGone(id)) cache.evict({ id });
    }
  }

  return { mergeChanges, mergeLiveItem, mergeRemoval };
}

/** Whether the item is still in the map. Without `reason` a removal with a filter on values doesn't say it, so the item stays. */
const isUnmatched = ({ reason }: StoreObject, filter: Filter): boolean =>
  reason === undefined && filter?.where != null ? true : reason === 'UNMATCHED';
