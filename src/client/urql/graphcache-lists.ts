/**
 * Lists of items. All pages of a list read as one, together with the items that came live, which are stored apart:
 *
 *     Live:items .__item({ key })      an item that a subscription or mutation brought
 */
import type { Cache, ResolveInfo, ResolverResult } from '@urql/exchange-graphcache';
import { epochOf } from '../resuming/cursors.ts';
import { filterId, keyMatcher } from '../item-filter.ts';
import type { CachedCollection } from './graphcache-collection.ts';
import { type Fields, Shape } from './graphcache-fields.ts';
import { type Filter, isListed, lastTold, tell } from './graphcache-told.ts';
import { fieldsOf, markRemoved, newestOf, type ReadNewest, type Version } from './graphcache-versions.ts';

interface Entry {
  readonly entity: string;
  readonly cursor: string;
  readonly isRemoved: boolean;
  readonly fields: Fields;
  readonly isPaged: boolean;
}

interface Page {
  readonly after: string;
  readonly filter: Filter;
  readonly connection: Fields;
  readonly pageInfo: Fields;
  /** The cursor on its edge, by entity. */
  readonly nodes: ReadonlyMap<string, string>;
}

/** Reads all pages of a list and the live items as one list: each item once, at its current position. */
export function currentItems(
  of: CachedCollection,
  cache: Cache,
  args: Fields,
  pass: ResolveInfo,
  readNewest: ReadNewest,
): ResolverResult {
  // A page that has not been fetched yet is a cache miss, even if other pages are cached.
  if (typeof cache.resolve('Query', pass.parentFieldKey) !== 'string') return undefined;
  const filter = args['filter'] as Filter;
  const pages = pagesOf(of, cache).filter((page) => filterId(page.filter) === filterId(filter));
  const paged = pages.flatMap(({ nodes }) =>
    [...nodes].map(([entity, cursor]) => entryOf(entity, true, readNewest(cache, entity, pass), cursor)),
  );
  const wanted = new Shape();
  for (const { fields } of paged) wanted.addFields(fields);
  const live = liveKeys(of, cache)
    .filter(keyMatcher(filter))
    .map((key) => entryOf(of.entityOf(key), false, readNewest(cache, of.entityOf(key), pass)))
    // A live item with fewer fields than the others would make the list a permanent cache miss.
    .filter(({ fields }) => wanted.isCoveredBy(fields));
  // Of a live item on a page the entry of the page.
  const edges = [...new Map([...live, ...paged].map((entry) => [entry.entity, entry])).values()]
    .filter(({ entity, isRemoved, isPaged }) => !isRemoved && isListed(cache, entity, filter, isPaged))
    .sort((a, b) => compare(a.cursor, b.cursor))
    .map(({ entity, cursor }) => ({ __typename: `${of.name}Edge`, cursor, node: entity }));
  const cursor = pages[0]?.connection['cursor'];
  return { __typename: `${of.name}Connection`, edges, pageInfo: pageInfoOf(pages), cursor };
}

function entryOf(entity: string, isPaged: boolean, newest: Version | undefined, cursor = ''): Entry {
  const { isRemoved = false, fields = {} } = newest ?? {};
  return { entity, isRemoved, fields, isPaged, cursor: newest?.cursor || cursor };
}

/** The first page first. Of several first pages, the one that was read first: a subscription after its cursor misses nothing. */
function pagesOf({ plural }: CachedCollection, cache: Cache): Page[] {
  const pages = fieldsOf(cache, 'Query', plural).flatMap(({ fieldKey, arguments: args }): Page[] => {
    const entity = cache.resolve('Query', fieldKey);
    if (typeof entity !== 'string') return [];
    const connection = read(cache, entity, ['cursor', 'edges', 'pageInfo']);
    const pageInfo = read(cache, connection['pageInfo'], [
      'startCursor',
      'endCursor',
      'hasPreviousPage',
      'hasNextPage',
    ]);
    const edges = ((connection['edges'] ?? []) as string[]).map((edge) => read(cache, edge, ['node', 'cursor']));
    const nodes = new Map(edges.map(({ node, cursor }) => [node as string, (cursor ?? '') as string]));
    nodes.delete(undefined as never);
    return [
      { after: (args?.['after'] ?? '') as string, filter: args?.['filter'] as Filter, connection, pageInfo, nodes },
    ];
  });
  return pages.sort(
    (a, b) => compare(a.after, b.after) || compare(String(a.connection['cursor']), String(b.connection['cursor'])),
  );
}

/** Spans from the start of the first page to the end of the last. */
function pageInfoOf(pages: readonly Page[]): Fields {
  const endOf = ({ pageInfo, after }: Page): string => (pageInfo['endCursor'] ?? after) as string;
  const last = pages.reduce((a, b) => (compare(endOf(a), endOf(b)) > 0 ? a : b));
  const { startCursor, hasPreviousPage } = pages[0]?.pageInfo ?? {};
  // The first pages of a filter on values may be empty.
  const started = pages.find(({ pageInfo }) => typeof pageInfo['startCursor'] === 'string');
  const { endCursor, hasNextPage } = last.pageInfo;
  return {
    __typename: 'PageInfo',
    startCursor: started?.pageInfo['startCursor'] ?? startCursor,
    hasPreviousPage,
    // An empty page ends where it starts.
    endCursor: endCursor === null ? last.after || null : endCursor,
    hasNextPage,
  };
}

const liveKeys = ({ live }: CachedCollection, cache: Cache): string[] =>
  fieldsOf(cache, live, '__item').flatMap(({ fieldKey, arguments: args }) =>
    cache.resolve(live, fieldKey) ? [args?.['key'] as string] : [],
  );

/** Adds the items that a mutation returned, or a subscription with a filter. */
export function addLive(of: CachedCollection, cache: Cache, items: unknown, filter?: Filter): void {
  for (const item of (items ?? []) as (Fields | null)[]) {
    const key = item ? of.keyOf(item) : undefined;
    if (key === undefined) continue;
    cache.link(of.live, '__item', { key }, of.entityOf(key));
    tell(of, cache, key, filter, true, item?.['cursor']);
  }
}

/** One message of changes, as far as the document selects it. */
export interface Changes {
  readonly reset?: boolean;
  readonly cursor?: string;
  readonly upserted?: readonly Fields[];
  readonly removed?: readonly Fields[];
}

export function applyChanges(of: CachedCollection, cache: Cache, changes: Changes, filter: Filter): void {
  const { reset = false, upserted = [], removed = [] } = changes;
  if (reset) removeAllExcept(of, cache, new Set(upserted.map(of.keyOf)), filter, changes.cursor);
  for (const removal of removed) {
    const { key, cursor, reason } = removal;
    if (typeof key !== 'string') continue;
    // Without `reason` a removal with a filter on values doesn't say whether the item is still in the map.
    const isKept = reason === 'UNMATCHED' || (reason === undefined && filter?.where);
    if (!isKept) remove(of, cache, key, cursor);
    tell(of, cache, key, filter, false, cursor);
  }
  addLive(of, cache, upserted, filter);
}

/**
 * Removes all items except `kept` on a reset. An item may come back later: its removal mark has the cursor that the item had. With a filter on
 * values an item that is not in the message may still be in the map, unless it is of another log.
 */
function removeAllExcept(
  of: CachedCollection,
  cache: Cache,
  kept: ReadonlySet<unknown>,
  filter: Filter,
  cursor = '',
): void {
  const paged = pagesOf(of, cache).flatMap(({ nodes }) => [...nodes.keys()].map((entity) => of.keyOfEntity(entity)));
  const single = fieldsOf(cache, 'Query', of.singular).map(({ arguments: args }) => keyIn(args));
  const isSelected = keyMatcher(filter);
  for (const key of new Set([...paged, ...single, ...liveKeys(of, cache)])) {
    if (kept.has(key) || !isSelected(key)) continue;
    const at = newestOf(cache, of.entityOf(key))?.cursor ?? '';
    if (!filter?.where || (cursor !== '' && at !== '' && epochOf(at) !== epochOf(cursor))) remove(of, cache, key);
    else tell(of, cache, key, filter, false, lastTold(cache, of.entityOf(key), filter)?.cursor ?? at);
  }
}

/** The argument of the field of one item is its key. */
export const keyIn = (args: Fields | null | undefined): string => String(Object.values(args ?? {})[0]);

export function remove(of: CachedCollection, cache: Cache, key: string, cursor?: unknown): void {
  if (markRemoved(of, cache, key, cursor)) cache.invalidate(of.live, '__item', { key });
}

const read = (cache: Cache, entity: unknown, fields: readonly string[]): Fields =>
  Object.fromEntries(fields.map((field) => [field, cache.resolve(entity as string | undefined, field)]));

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
