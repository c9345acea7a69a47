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
import { gql } from '@urql/core';
import type { Cache, FieldInfo, ResolveInfo } from '@urql/exchange-graphcache';
import { isOlder } from '../resuming/cursors.ts';
import { keyOf } from '../item-filter.ts';

export type Fields = Readonly<Record<string, unknown>>;

export interface Version {
  readonly cursor: string;
  readonly isRemoved: boolean;
  readonly fields: Fields;
}

/** Finds the newest version of an entity. `pass` identifies one read of the cache. */
export type ReadNewest = (cache: Cache, entity: string, pass: ResolveInfo) => Version | undefined;

export const VERSIONED = ['value', 'timestamp', 'expiresAt', 'cursor'];

const ITEM = 'Item:';
const VERSION = gql`
  fragment Version on Item {
    __version(cursor: $cursor)
  }
`;

export const entityOf = (key: string): string => ITEM + key;

export const keyOfEntity = (entity: string): string => entity.slice(ITEM.length);

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
export function upsert(item: Fields, cache: Cache, { optimistic }: ResolveInfo): void {
  const key = keyOf(item);
  if (key === undefined) return;
  const newest = newestOf(cache, entityOf(key));
  const fields = Object.fromEntries(
    VERSIONED.filter((field) => item[field] !== undefined).map((field) => [field, item[field]]),
  );
  const known = newest && !newest.isRemoved ? newest.fields : {};
  const { cursor } = item;
  if (typeof cursor !== 'string' || optimistic === true) {
    const at = newest?.cursor ?? '';
    keep(cache, key, { cursor: at, isRemoved: false, fields: { ...known, ...fields } });
  } else if (!newest || !isOlder(cursor, newest.cursor)) {
    const isSame = cursor === newest?.cursor;
    keep(cache, key, { cursor, isRemoved: false, fields: isSame ? { ...known, ...fields } : fields });
  }
}

/**
 * Marks an item as removed, so that an older result that arrives later doesn't restore it. Without a cursor the mark has the cursor of the
 * item: the same or a newer version may restore it. Returns false if the stored version is newer.
 */
export function markRemoved(cache: Cache, key: string, cursor?: unknown): boolean {
  const newest = newestOf(cache, entityOf(key));
  const at = typeof cursor === 'string' ? cursor : (newest?.cursor ?? '');
  if (newest && isOlder(at, newest.cursor)) return false;
  keep(cache, key, { cursor: at, isRemoved: true, fields: {} });
  return true;
}

function keep(cache: Cache, key: string, version: Version): void {
  const entity = entityOf(key);
  for (const { cursor } of versionsOf(cache, entity))
    if (cursor !== version.cursor) cache.invalidate(entity, '__version', { cursor });
  const item = { __typename: 'Item', id: key, __version: version };
  cache.writeFragment(VERSION, item, { cursor: version.cursor });
}
