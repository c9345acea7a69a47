/** The pages of a collection in Apollo's cache: one list for each filter, made of all pages and of the items that a subscription brought. */
import type { FieldMergeFunction, FieldReadFunction, Reference, StoreObject } from '@apollo/client';
import type { Collection } from '../collections.ts';
import { epochOf, isOlder } from '../resuming/cursors.ts';
import type { ItemFilter } from '../item-filter.ts';
import { keyIn, type ToldItems } from './apollo-told.ts';

export type ReadOptions = Parameters<FieldReadFunction>[1];
export type MergeOptions = Parameters<FieldMergeFunction>[2];

export interface Edge extends StoreObject {
  readonly cursor?: string;
  readonly node?: Reference | StoreObject;
}

interface PageInfo extends StoreObject {
  readonly hasNextPage?: boolean;
  readonly endCursor?: string | null;
}

export interface Connection extends StoreObject {
  readonly edges?: readonly Edge[];
  readonly pageInfo?: PageInfo;
  readonly cursor?: string;
  /** Of a list with a filter on values. */
  readonly told?: ToldItems;
}

/** How the pages of a collection are read and merged. */
export function pagesOf(collection: Collection) {
  return {
    readPages,
    mergePages: (existing: Connection | undefined, incoming: Connection, options: MergeOptions): Connection =>
      mergePages(collection, existing, incoming, options),
  };
}

/** The edges in the current order of their items, without removed items. */
function readPages(existing: Connection | undefined, { canRead, readField }: ReadOptions): Connection | undefined {
  if (!existing?.edges) return existing;
  // Cursors of different epochs don't compare, so epochs stay in the order in which they appear.
  const epochs: Record<string, Edge[]> = {};
  for (const edge of existing.edges) {
    if (edge.node && !canRead(edge.node)) continue;
    const cursor = readField<string>('cursor', edge.node ?? edge) ?? edge.cursor;
    (epochs[epochOf(cursor ?? '')] ??= []).push(cursor === undefined ? edge : { ...edge, cursor });
  }
  const edges = Object.values(epochs).flatMap((of) => of.sort(byCursor));
  return { ...existing, edges };
}

function mergePages(
  collection: Collection,
  existing: Connection | undefined,
  incoming: Connection,
  options: MergeOptions,
): Connection {
  if (!incoming.edges) return { ...incoming, ...existing };
  // On a refetch and in `updateQuery` Apollo passes the list as `existingData` instead of `existing`.
  const before = existing ?? (options.existingData as Connection | undefined) ?? {};
  const { edges: known = [], told = {} } = before;
  const edges = incoming.edges
    .filter((edge) => !hasLeft(collection, edge, told, options))
    .map((edge) => withCurrentNode(collection, edge, options));
  if (existing?.edges && options.args?.['after'] != null)
    // `cursor` stays the first page's: a subscription after a later page's cursor would miss changes on the first page.
    return {
      ...incoming,
      ...existing,
      edges: uniqueEdges([...existing.edges, ...edges]),
      ...mergePageInfo(existing, incoming),
    };
  // Items that came live after the page was read are not on it, but still current. Only what was told for a filter on values is selected by it.
  const filter = options.args?.['filter'] as ItemFilter | null | undefined;
  const cursorOf = (node: Edge['node']): unknown => {
    const of = told[keyIn(collection, node) ?? ''];
    if (filter?.where == null) return options.readField('cursor', node);
    return of?.isSelected === true ? of.cursor : undefined;
  };
  const newer = known.filter(({ node }) => node && isOlder(incoming.cursor, cursorOf(node)));
  return {
    ...existing,
    ...incoming,
    edges: uniqueEdges([...edges, ...newer]),
    // What the page was read after is on it.
    ...(before.told && { told: withoutOlder(told, incoming.cursor) }),
  };
}

const withoutOlder = (told: ToldItems, cursor: unknown): ToldItems =>
  Object.fromEntries(Object.entries(told).filter(([, each]) => !isOlder(each.cursor, cursor)));

/** Whether the item was not selected any more at its cursor on the page, or later. */
function hasLeft(collection: Collection, { cursor, node }: Edge, told: ToldItems, options: MergeOptions): boolean {
  const last = told[keyIn(collection, node) ?? ''];
  if (!last || last.isSelected) return false;
  const own = cursor ?? options.readField<string>('cursor', node);
  return own === last.cursor || isOlder(own, last.cursor);
}

const byCursor = (a: Edge, b: Edge): number =>
  Number(isOlder(b.cursor, a.cursor)) - Number(isOlder(a.cursor, b.cursor));

/** Refers to the current item, even if the page brought an older state of it. */
function withCurrentNode(collection: Collection, edge: Edge, options: MergeOptions): Edge {
  const { node } = edge;
  if (!options.isReference(node)) return edge;
  return { ...edge, node: { __ref: `${collection.name}:${keyIn(collection, node)}` } };
}

function uniqueEdges(edges: readonly Edge[]): Edge[] {
  const known = new Map<unknown, Edge>();
  for (const edge of edges) {
    const id = (edge.node as Reference | undefined)?.__ref ?? edge;
    if (!known.has(id)) known.set(id, edge);
  }
  return [...known.values()];
}

/** The next page begins where the last page ends; items that came live don't move that end. */
function mergePageInfo(existing: Connection, incoming: Connection): { pageInfo?: PageInfo } {
  const { pageInfo: before, pageInfo: { endCursor } = {} } = existing;
  const after = incoming.pageInfo;
  if (!before || !after || isOlder(after.endCursor, endCursor)) return {};
  const { hasNextPage = before.hasNextPage } = after;
  // A page of a filter on values may be empty although more follow.
  const startCursor = before['startCursor'] ?? after['startCursor'];
  return {
    pageInfo: {
      ...before,
      ...(startCursor !== undefined && { startCursor }),
      hasNextPage,
      endCursor: after.endCursor ?? endCursor,
    } as PageInfo,
  };
}
