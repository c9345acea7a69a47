/**
 * What is newest of an item. Graphcache writes what comes, in whatever order answers and streams bring it, so beside the item's
 * fields the cache keeps them as of the newest cursor, or that the item was removed there:
 *
 *     Item:<id>  .__version({ cursor })
 *
 * Each version has a field of its own, for Graphcache applies layers in the order of requests, not of answers: with only one, what
 * a layer above wrote first would hide a newer version below. Names with two underscores pass for meta-fields, which no schema
 * lists. It lies in the cache itself so that it is persisted, rolled back and restored with it.
 */
import { gql } from '@urql/core';
import type { Cache, FieldInfo, ResolveInfo } from '@urql/exchange-graphcache';
import { isOlder } from '../cursors.ts';

export type Fields = Readonly<Record<string, unknown>>;

export interface Version {
  readonly cursor: string;
  readonly isRemoved: boolean;
  readonly fields: Fields;
}

/** Finds what is newest of an entity, in one pass over the cache. */
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

export function keyOf({ id, key = id }: Fields): string | undefined {
  return typeof key === 'string' ? key : undefined;
}

/** Each field of each item asks, so a pass finds it once. Nothing is written amid a pass that reads. */
export function readsNewest(): ReadNewest {
  const passes = new WeakMap<ResolveInfo, Map<string, Version | undefined>>();
  return (cache, entity, pass) => {
    let found = passes.get(pass);
    if (!found) passes.set(pass, (found = new Map()));
    if (!found.has(entity)) found.set(entity, newestOf(cache, entity));
    return found.get(entity);
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

/** An item that came without a cursor can't be compared, nor can a guess: then what comes wins. */
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
 * Leaves a mark, so that an older answer that comes late does not bring the item back. Without a cursor the mark is at the one
 * that the item has: as that, or as a newer one, it may come again.
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
