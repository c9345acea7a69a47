import type {
  CacheExchangeOpts,
  KeyGenerator,
  Resolver,
  ResolverResult,
  UpdateResolver,
} from '@urql/exchange-graphcache';
import { collectionOf, type CollectionOptions, ITEMS } from '../collections.ts';
import { type CachedCollection, cachedCollection } from './graphcache-collection.ts';
import type { Fields } from './graphcache-fields.ts';
import { addLive, applyChanges, type Changes, currentItems, keyIn, remove } from './graphcache-lists.ts';
import { type Filter, tellPage } from './graphcache-told.ts';
import { memoisedNewest, type ReadNewest, upsert, upsertField } from './graphcache-versions.ts';

/** Options of {@link graphcacheConfig}. */
export interface GraphcacheOptions {
  /**
   * The collections of the server, by name or with their names: those of its SDL file, or of `addStream`. `Item` is the collection of a server
   * without an SDL file.
   *
   * @default ['Item']
   */
  readonly collections?: readonly (string | CollectionOptions)[] | undefined;
  /**
   * The types of nested objects. They belong to their item, also if they have an `id`, and Graphcache doesn't warn that they have no key.
   *
   * @default none
   */
  readonly nested?: readonly string[] | undefined;
}

/**
 * Configuration for urql's normalised cache; each client needs its own. It keeps the newest version of each item, reads all pages of a collection
 * as one list, and applies removals and resets. Select `id` and `cursor` of items, and `key` and `cursor` of removals: without a cursor, the last
 * result to arrive wins. With a filter on values select `reason` of removals as well: an item that the filter doesn't select any more leaves the lists
 * with this `where`, and stays in the cache. Select the same fields of items everywhere: a list doesn't show a live item that has fewer fields than the list selects.
 *
 * @example
 * ```ts
 * const items = cacheExchange(graphcacheConfig());
 * const quotes = cacheExchange(graphcacheConfig({ collections: ['Quote'], nested: ['Company'] }));
 * ```
 */
export function graphcacheConfig({ collections = [ITEMS.name], nested = [] }: GraphcacheOptions = {}): Pick<
  CacheExchangeOpts,
  'keys' | 'resolvers' | 'updates'
> {
  const readNewest = memoisedNewest();
  const configs = collections.map((each) => configOf(cachedCollection(collectionOf(each)), readNewest));
  return {
    keys: {
      RemovedItem: embedded,
      PageInfo: embedded,
      StreamStatus: embedded,
      ...Object.fromEntries(nested.map((name) => [name, embedded])),
      ...joined(configs.map(({ keys }) => keys)),
    },
    resolvers: {
      ...joined(configs.map(({ resolvers }) => resolvers)),
      Query: joined(configs.map(({ queries }) => queries)),
    },
    updates: {
      ...joined(configs.map(({ updates }) => updates)),
      // Graphcache stores what an updater gets under the field's name, whatever its alias.
      RemovedItem: { key: () => {}, reason: () => {}, cursor: () => {} },
      Query: joined(configs.map(({ pages }) => pages)),
      Mutation: joined(configs.map(({ mutations }) => mutations)),
      Subscription: joined(configs.map(({ subscriptions }) => subscriptions)),
    },
  };
}

const joined = <Value>(parts: readonly Readonly<Record<string, Value>>[]): Record<string, Value> =>
  Object.assign({}, ...parts) as Record<string, Value>;

const embedded: KeyGenerator = () => null;

type Named<Value> = Readonly<Record<string, Value>>;

function configOf(of: CachedCollection, readNewest: ReadNewest) {
  const { name, singular, plural, keyOf } = of;
  const [insert, insertMany, removal] = [`insert${name}`, `insert${capitalised(plural)}`, `remove${name}`];
  const changes = `${singular}Changes`;
  const keyOfItem: Resolver = (_item, _args, _cache, { parentKey }) => of.keyOfEntity(parentKey);
  const whole: UpdateResolver = (item, _args, cache, info) => upsert(of, item, cache, info);
  const single: UpdateResolver = (item, _args, cache, info) => upsertField(of, item, cache, info);
  const newest = newestField(readNewest);
  const keys = Object.fromEntries(of.keyFields.map((field) => [field, keyOfItem]));
  return {
    keys: {
      [name]: (item: Fields) => keyOf(item) ?? null,
      [`${name}Connection`]: embedded,
      [`${name}Edge`]: embedded,
      [`${name}Changes`]: embedded,
    },
    resolvers: { [name]: byField(of.fields, newest, keys) },
    updates: { [name]: byField(of.fields && [...of.fields, ...of.keyFields], single, { cursor: whole }) },
    queries: {
      [singular]: currentItem(of, readNewest),
      [plural]: (_query, args, cache, pass) => currentItems(of, cache, args, pass, readNewest),
    } as Named<Resolver>,
    pages: {
      [singular]: ({ [singular]: item }, args, cache) => {
        if (item === null) remove(of, cache, keyIn(args));
      },
      [plural]: ({ [plural]: list }, { filter }, cache) => tellPage(of, cache, list as Fields | null, filter as Filter),
    } as Named<UpdateResolver>,
    mutations: {
      [insert]: ({ [insert]: item }, _args, cache) => addLive(of, cache, [item]),
      [insertMany]: ({ [insertMany]: items }, _args, cache) => addLive(of, cache, items),
      [removal]: ({ [removal]: removed }, args, cache) => {
        if (removed) remove(of, cache, removedKey(of, args), (removed as Fields)['cursor']);
      },
    } as Named<UpdateResolver>,
    subscriptions: {
      [plural]: ({ [plural]: item }, { filter }, cache) => addLive(of, cache, [item], filter as Filter),
      [changes]: ({ [changes]: message }, { filter }, cache) =>
        applyChanges(of, cache, message as Changes, filter as Filter),
    } as Named<UpdateResolver>,
  };
}

const capitalised = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

/** The key among the arguments of a removal. */
const removedKey = ({ key }: CachedCollection, args: Fields): string => {
  const { ifCursor: _cursor, idempotencyKey: _idempotencyKey, ...rest } = args;
  return key === undefined ? keyIn(rest) : String(args[key]);
};

/** The same for each field. Graphcache only looks fields up, so the names of fields that are not known need not be listed. */
function byField<Value>(fields: readonly string[] | undefined, value: Value, own: Named<Value>): Record<string, Value> {
  if (fields) return { ...Object.fromEntries(fields.map((field) => [field, value])), ...own };
  return new Proxy<Record<string, Value>>(
    { ...own },
    {
      get: (known, field) => {
        if (typeof field !== 'string' || field.startsWith('__')) return undefined;
        return Object.hasOwn(known, field) ? known[field] : value;
      },
    },
  );
}

const newestField =
  (readNewest: ReadNewest): Resolver =>
  (item: Fields, _args, cache, pass) => {
    const { parentKey, parentFieldKey, fieldName } = pass;
    const newest = readNewest(cache, parentKey, pass);
    if (newest && !newest.isRemoved) return newest.fields[fieldName] as ResolverResult;
    // A removed item is in no list, but the result of its own insertion, or a late result, still shows its fields.
    return item[fieldName] ?? cache.resolve(parentKey, parentFieldKey);
  };

const currentItem =
  (of: CachedCollection, readNewest: ReadNewest): Resolver =>
  (_query, args, cache, pass) => {
    const entity = of.entityOf(keyIn(args));
    const newest = readNewest(cache, entity, pass);
    if (newest) return newest.isRemoved ? null : entity;
    return cache.resolve('Query', pass.parentFieldKey);
  };
