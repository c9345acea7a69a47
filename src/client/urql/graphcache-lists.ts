/**
 * Lists of items. All pages of a list read as one, together with the items that came live, which are stored apart:
 *
 *     Live:items .__item({ key })      an item that a subscription or mutation brought
 */
import type { Cache, ResolveInfo, ResolverResult } from '@urql/exchange-graphcache';
import {
  entityOf,
  type Fields,
  fieldsOf,
  keyOfEntity,
  markRemoved,
  type ReadNewest,
  type Version,
} from './graphcache-versions.ts';
import { filterId, type ItemFilter, keyMatcher, keyOf } from '../item-keys.ts';

const LIVE = 'Live:items';

export type Filter = ItemFilter | null | undefined;

interface Entry {
  readonly entity: string;
  readonly cursor: string;
  readonly isRemoved: boolean;
  readonly fields: Fields;
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
export function currentItems(cache: Cache, args: Fields, pass: ResolveInfo, readNewest: ReadNewest): ResolverResult {
  // A page that has not been fetched yet is a cache miss, even if other pages are cached.
  if (typeof cache.resolve('Query', pass.parentFieldKey) !== 'string') return undefined;
  const filter = args['filter'] as Filter;
  const pages = pagesOf(cache).filter((page) => filterId(page.filter) === filterId(filter));
  const paged = pages.flatMap(({ nodes }) =>
    [...nodes].map(([entity, cursor]) => entryOf(entity, readNewest(cache, entity, pass), cursor)),
  );
  const wanted = new Set(paged.flatMap(({ fields }) => Object.keys(fields)));
  const live = liveKeys(cache)
    .filter(keyMatcher(filter))
    .map((key) => entryOf(entityOf(key), readNewest(cache, entityOf(key), pass)))
    // A live item with fewer fields than the others would make the list a permanent cache miss.
    .filter(({ fields }) => [...wanted].every((field) => field in fields));
  const edges = [...new Map([...paged, ...live].map((entry) => [entry.entity, entry])).values()]
    .filter(({ isRemoved }) => !isRemoved)
    .sort((a, b) => compare(a.cursor, b.cursor))
    .map(({ entity, cursor }) => ({ __typename: 'ItemEdge', cursor, node: entity }));
  const cursor = pages[0]?.connection['cursor'];
  return { __typename: 'ItemConnection', edges, pageInfo: pageInfoOf(pages), cursor };
}

function entryOf(entity: string, newest: Version | undefined, cursor = ''): Entry {
  const { isRemoved = false, fields = {} } = newest ?? {};
  return { entity, isRemoved, fields, cursor: newest?.cursor || cursor };
}

/** The first page first. Of several first pages, the one that was read first: a subscription after its cursor misses nothing. */
function pagesOf(cache: Cache): Page[] {
  const pages = fieldsOf(cache, 'Query', 'items').flatMap(({ fieldKey, arguments: args }): Page[] => {
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
  const { endCursor, hasNextPage } = last.pageInfo;
  return {
    __typename: 'PageInfo',
    startCursor,
    hasPreviousPage,
    // An empty page ends where it starts.
    endCursor: endCursor === null ? last.after || null : endCursor,
    hasNextPage,
  };
}

const liveKeys = (cache: Cache): string[] =>
  fieldsOf(cache, LIVE, '__item').flatMap(({ fieldKey, arguments: args }) =>
    cache.resolve(LIVE, fieldKey) ? [args?.['key'] as string] : [],
  );

export function addLive(cache: Cache, items: unknown): void {
  for (const item of (items ?? []) as (Fields | null)[]) {
    const key = item ? keyOf(item) : undefined;
    if (key !== undefined) cache.link(LIVE, '__item', { key }, entityOf(key));
  }
}

/** Removes all items except `kept` on a reset. An item may come back later: its removal mark has the cursor that the item had. */
export function removeAllExcept(cache: Cache, kept: ReadonlySet<unknown>, filter: Filter): void {
  const paged = pagesOf(cache).flatMap(({ nodes }) => [...nodes.keys()].map((entity) => keyOfEntity(entity)));
  const single = fieldsOf(cache, 'Query', 'item').map(({ arguments: args }) => args?.['key'] as string);
  const isSelected = keyMatcher(filter);
  for (const key of new Set([...paged, ...single, ...liveKeys(cache)]))
    if (!kept.has(key) && isSelected(key)) remove(cache, key);
}

export function remove(cache: Cache, key: string, cursor?: unknown): void {
  if (markRemoved(cache, key, cursor)) cache.invalidate(LIVE, '__item', { key });
}

const read = (cache: Cache, entity: unknown, fields: readonly string[]): Fields =>
  Object.fromEntries(fields.map((field) => [field, cache.resolve(entity as string | undefined, field)]));

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
