/**
 * The newest version of each item. Graphcache writes results in the order in which they arrive. So the cache also stores the item's
 * fields at the newest cursor, or that the item was removed at that cursor:
 *
 *     Item:<id>  .__version({ cursor })
 *
 * Each version has a field of its own, because Graphcache applies layers in the order of requests, not of results: with a single field, an
 * upper layer that was written first would hide a newer version below. Graphcache takes names with two underscores for meta-fields,
 * which no schema lists. Versions are stored in the cache itself, so that they are persisted, rolled back and restored with it.
 */
import type { Cache, FieldInfo, ResolveInfo } from '@urql/exchange-graphcache';
import { isOlder } from '../resuming/cursors.ts';
import type { CachedCollection } from './graphcache-collection.ts';
import { dropRecords, type Fields, mergedFields } from './graphcache-fields.ts';

export interface Version {
  readonly cursor: string;
  readonly isRemoved: boolean;
  readonly fields: Fields;
}

/** Finds the newest version of an entity. `pass` identifies one read of the cache. */
export type ReadNewest = (cache: Cache, entity: string, pass: ResolveInfo) => Version | undefined;

/** Memoises `newestOf` for each pass, because each field of each item asks. Nothing is written during a pass that reads. */
export function memoisedNewest(): ReadNewest {
  const passes = new WeakMap<ResolveInfo, Map<string, Version | undefined>>();
  return (cache, entity, pass) => {
    let versions = passes.get(pass);
    if (!versions) passes.set(pass, (versions = new Map()));
    if (!versions.has(entity)) versions.set(entity, newestOf(cache, entity));
    return versions.get(entity);
  };
}

export function newestOf(cache: Cache, entity: string): Version | undefined {
  let newest: Version | undefined;
  for (const version of versionsOf(cache, entity))
    if (!newest || !isOlder(version.cursor, newest.cursor)) newest = version;
  return newest;
}

const versionsOf = (cache: Cache, entity: string): Version[] =>
  fieldsOf(cache, entity, '__version').flatMap(({ fieldKey }) => {
    const version = cache.resolve(entity, fieldKey) as unknown as Version | undefined;
    return version ? [version] : [];
  });

export const fieldsOf = (cache: Cache, entity: string, name: string): FieldInfo[] =>
  cache.inspectFields(entity).filter(({ fieldName }) => fieldName === name);

/** Stores a version. An item without a cursor, and an optimistic one, can't be compared, so it wins over the stored version. */
export function upsert(of: CachedCollection, item: Fields, cache: Cache, { optimistic }: ResolveInfo): void {
  const key = of.keyOf(item);
  if (key === undefined) return;
  const newest = newestOf(cache, of.entityOf(key));
  const fields = of.versioned(item);
  const known = newest && !newest.isRemoved ? newest.fields : {};
  const { cursor } = item;
  if (typeof cursor !== 'string' || optimistic === true) {
    const at = newest?.cursor ?? '';
    keep(of, cache, key, { cursor: at, isRemoved: false, fields: mergedFields(known, fields) });
  } else if (!newest || !isOlder(cursor, newest.cursor)) {
    const isSame = cursor === newest?.cursor;
    keep(of, cache, key, { cursor, isRemoved: false, fields: isSame ? mergedFields(known, fields) : fields });
  }
}

/**
 * Stores one field of an item, of which Graphcache knows the name and the item perhaps only an alias. An item with a cursor is stored as a whole
 * when Graphcache writes its cursor.
 */
export function upsertField(of: CachedCollection, item: Fields, cache: Cache, info: ResolveInfo): void {
  const { fieldName, parentKey, parentFieldKey } = info;
  const { cursor, [fieldName]: value } = item;
  const newest = newestOf(cache, parentKey);
  const isLate = cursor === newest?.cursor && newest?.isRemoved === false && newest.fields[fieldName] !== value;
  if (cursor === undefined || (isLate && fieldName in of.versioned(item))) upsert(of, item, cache, info);
  // A removed item is only read from the records.
  const mayBeNested = !of.fields && typeof value === 'object' && value !== null;
  if (mayBeNested && newestOf(cache, parentKey)?.isRemoved === false) dropRecords(cache, parentKey, parentFieldKey);
}

/**
 * Marks an item as removed, so that an older result that arrives later doesn't restore it. Without a cursor the mark has the cursor of the
 * item: the same or a newer version may restore it. Returns false if the stored version is newer.
 */
export function markRemoved(of: CachedCollection, cache: Cache, key: string, cursor?: unknown): boolean {
  const newest = newestOf(cache, of.entityOf(key));
  const at = typeof cursor === 'string' ? cursor : (newest?.cursor ?? '');
  if (newest && isOlder(at, newest.cursor)) return false;
  keep(of, cache, key, { cursor: at, isRemoved: true, fields: {} });
  return true;
}

function keep(of: CachedCollection, cache: Cache, key: string, version: Version): void {
  const entity = of.entityOf(key);
  for (const { cursor } of versionsOf(cache, entity))
    if (cursor !== version.cursor) cache.invalidate(entity, '__version', { cursor });
  cache.writeFragment(of.version, { ...of.dataOf(key), __version: version }, { cursor: version.cursor });
}
