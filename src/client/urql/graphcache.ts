import type {
  Cache,
  CacheExchangeOpts,
  KeyGenerator,
  Resolver,
  ResolveInfo,
  ResolverResult,
} from '@urql/exchange-graphcache';
import { keyOf } from '../item-filter.ts';
import { addLive, applyChanges, currentItems, type ItemChanges, remove } from './graphcache-lists.ts';
import { type Filter, tellPage } from './graphcache-told.ts';
import {
  entityOf,
  type Fields,
  keyOfEntity,
  memoisedNewest,
  type ReadNewest,
  upsert,
  VERSIONED,
} from './graphcache-versions.ts';

/**
 * Configuration for urql's normalised cache; each client needs its own. It keeps the newest version of each item, reads all pages of
 * `Query.items` as one list, and applies removals and resets. Select `cursor` of items and removals: without it, the last result to
 * arrive wins. With a filter on values select `reason` of removals as well: an item that the filter doesn't select any more leaves the lists
 * with this `where`, and stays in the cache. Select the same fields of items everywhere: a list doesn't show a live item that has fewer fields than the list selects.
 *
 * @example
 * ```ts
 * const exchange = cacheExchange(graphcacheConfig());
 * ```
 */
export function graphcacheConfig(): Pick<CacheExchangeOpts, 'keys' | 'resolvers' | 'updates'> {
  const readNewest = memoisedNewest();
  return {
    keys: {
      Item: (item) => keyOf(item) ?? null,
      RemovedItem: embedded,
      ItemConnection: embedded,
      ItemEdge: embedded,
      PageInfo: embedded,
      ItemChanges: embedded,
      StreamStatus: embedded,
    },
    resolvers: {
      Item: {
        id: keyOfItem,
        key: keyOfItem,
        ...Object.fromEntries(VERSIONED.map((field) => [field, newestField(readNewest)])),
      },
      Query: {
        item: currentItem(readNewest),
        items: (_query, args, cache, pass) => currentItems(cache, args, pass, readNewest),
      },
    },
    updates: {
      Item: {
        cursor: (item, _args, cache, info) => upsert(item, cache, info),
        ...Object.fromEntries(
          ['id', 'key', 'value', 'timestamp', 'expiresAt'].map((field) => [field, upsertUncompared]),
        ),
      },
      // Graphcache stores what an updater gets under the field's name, whatever its alias.
      RemovedItem: { key: () => {}, reason: () => {}, cursor: () => {} },
      Query: {
        item: ({ item }, { key }, cache) => {
          if (item === null) remove(cache, key as string);
        },
        items: ({ items }, { filter }, cache) => tellPage(cache, items as Fields | null, filter as Filter),
      },
      Mutation: {
        insertItem: ({ insertItem }, _args, cache) => addLive(cache, [insertItem]),
        insertItems: ({ insertItems }, _args, cache) => addLive(cache, insertItems),
        removeItem: ({ removeItem }, { key }, cache) => {
          if (removeItem) remove(cache, key as string, (removeItem as Fields)['cursor']);
        },
      },
      Subscription: {
        items: ({ items }, { filter }, cache) => addLive(cache, [items], filter as Filter),
        itemChanges: ({ itemChanges }, { filter }, cache) =>
          applyChanges(cache, itemChanges as ItemChanges, filter as Filter),
      },
    },
  };
}

const embedded: KeyGenerator = () => null;

const keyOfItem: Resolver = (_item, _args, _cache, { parentKey }) => keyOfEntity(parentKey);

const newestField =
  (readNewest: ReadNewest): Resolver =>
  (item: Fields, _args, cache, pass) => {
    const newest = readNewest(cache, pass.parentKey, pass);
    // A removed item is in no list, but the result of its own insertion, or a late result, still shows its fields.
    return (newest && !newest.isRemoved ? newest.fields : item)[pass.fieldName] as ResolverResult;
  };

const currentItem =
  (readNewest: ReadNewest): Resolver =>
  (_query, { key }, cache, pass) => {
    const entity = entityOf(key as string);
    const newest = readNewest(cache, entity, pass);
    if (newest) return newest.isRemoved ? null : entity;
    return cache.resolve('Query', pass.parentFieldKey);
  };

function upsertUncompared(item: Fields, _args: unknown, cache: Cache, info: ResolveInfo): void {
  if (item['cursor'] === undefined) upsert(item, cache, info);
}
