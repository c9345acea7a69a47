import type {
  Cache,
  CacheExchangeOpts,
  KeyGenerator,
  Resolver,
  ResolveInfo,
  ResolverResult,
} from '@urql/exchange-graphcache';
import { keyOf } from '../item-keys.ts';
import { addLive, currentItems, type Filter, remove, removeAllExcept } from './graphcache-lists.ts';
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
 * arrive wins. Select the same fields of items everywhere: a list doesn't show a live item that has fewer fields than the list selects.
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
      RemovedItem: { key: removed, cursor: removed },
      Query: {
        item: ({ item }, { key }, cache) => {
          if (item === null) remove(cache, key as string);
        },
      },
      Mutation: {
        insertItem: ({ insertItem }, _args, cache) => addLive(cache, [insertItem]),
        insertItems: ({ insertItems }, _args, cache) => addLive(cache, insertItems),
        removeItem: ({ removeItem }, { key }, cache) => {
          if (removeItem) remove(cache, key as string, (removeItem as Fields)['cursor']);
        },
      },
      Subscription: {
        items: ({ items }, _args, cache) => addLive(cache, [items]),
        itemChanges: ({ itemChanges }, { filter }, cache) => {
          const { reset, upserted } = itemChanges as {
            readonly reset?: boolean;
            readonly upserted?: readonly Fields[];
          };
          if (reset === true) removeAllExcept(cache, new Set(upserted?.map(keyOf)), filter as Filter);
          addLive(cache, upserted);
        },
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

function removed(item: Fields, _args: unknown, cache: Cache): void {
  const key = keyOf(item);
  if (key !== undefined) remove(cache, key, item['cursor']);
}
