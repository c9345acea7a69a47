/** `Query.items` in Apollo's cache: one list for each filter, of all pages and of what came live. */
import type { FieldMergeFunction, FieldReadFunction, Reference, StoreObject } from '@apollo/client';
import { epochOf, isOlder } from '../cursors.ts';

export type ReadOptions = Parameters<FieldReadFunction>[1];
export type MergeOptions = Parameters<FieldMergeFunction>[2];

interface Edge extends StoreObject {
  readonly cursor?: string;
  readonly node?: Reference | StoreObject;
}

interface PageInfo extends StoreObject {
  readonly hasNextPage?: boolean;
  readonly endCursor?: string | null;
}

interface Connection extends StoreObject {
  readonly edges?: readonly Edge[];
  readonly pageInfo?: PageInfo;
  readonly cursor?: string;
}

/** In the order of the items as they are now, without those that are gone. */
export function readPages(
  existing: Connection | undefined,
  { canRead, readField }: ReadOptions,
): Connection | undefined {
  if (!existing?.edges) return existing;
  // Epochs don't compare: they stay in the order in which they appear.
  const epochs: Record<string, Edge[]> = {};
  for (const edge of existing.edges) {
    if (edge.node && !canRead(edge.node)) continue;
    const cursor = readField<string>('cursor', edge.node ?? edge) ?? edge.cursor;
    (epochs[epochOf(cursor ?? '')] ??= []).push(cursor === undefined ? edge : { ...edge, cursor });
  }
  const edges = Object.values(epochs).flatMap((of) => of.sort(byCursor));
  return { ...existing, edges };
}

export function mergePages(existing: Connection | undefined, incoming: Connection, options: MergeOptions): Connection {
  if (!incoming.edges) return { ...incoming, ...existing };
  const edges = incoming.edges.map((edge) => withCurrentNode(edge, options));
  if (existing?.edges && options.args?.['after'] != null)
    // `cursor` stays: a subscription behind a later page's would miss what has changed on the first since.
    return {
      ...incoming,
      ...existing,
      edges: distinct([...existing.edges, ...edges]),
      ...joinedEnds(existing, incoming),
    };
  // A refetch has nothing existing; `existingData` has it.
  const { edges: known = [] } = existing ?? (options.existingData as Connection | undefined) ?? {};
  // The page was read before they came, live: it doesn't say that they are gone.
  const newer = known.filter(({ node }) => node && isOlder(incoming.cursor, options.readField('cursor', node)));
  return { ...existing, ...incoming, edges: distinct([...edges, ...newer]) };
}

const byCursor = (a: Edge, b: Edge): number =>
  Number(isOlder(b.cursor, a.cursor)) - Number(isOlder(a.cursor, b.cursor));

/** Of an item that the cache knows a newer state of, the newer one. */
function withCurrentNode(edge: Edge, { isReference, readField }: MergeOptions): Edge {
  const { node } = edge;
  if (!isReference(node)) return edge;
  return { ...edge, node: { __ref: `Item:${readField<string>('key', node) ?? readField<string>('id', node)}` } };
}

function distinct(edges: readonly Edge[]): Edge[] {
  const known = new Map<unknown, Edge>();
  for (const edge of edges) {
    const id = (edge.node as Reference | undefined)?.__ref ?? edge;
    if (!known.has(id)) known.set(id, edge);
  }
  return [...known.values()];
}

/** Where the next page begins is what the pages say: items that came live lie behind it. */
function joinedEnds(existing: Connection, incoming: Connection): { pageInfo?: PageInfo } {
  const { pageInfo: before, pageInfo: { endCursor } = {} } = existing;
  const after = incoming.pageInfo;
  if (!before || !after || isOlder(after.endCursor, endCursor)) return {};
  const { hasNextPage = before.hasNextPage } = after;
  return { pageInfo: { ...before, hasNextPage, endCursor: after.endCursor ?? endCursor } as PageInfo };
}

type Node = StoreObject & { readonly id?: string; readonly key?: string; readonly cursor?: string };

interface Received {
  readonly items?: Node;
  readonly itemChanges?: {
    readonly reset?: boolean;
    readonly upserted?: readonly Node[];
    readonly removed?: readonly Node[];
    readonly cursor?: string;
  };
}

/** The `updateQuery` of a `subscribeToMore` over `Query.items`, with a document of either subscription. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- Apollo hands over what may be partial, and wants it whole.
export function updateItems<Data>(
  previous: unknown,
  { subscriptionData }: { readonly subscriptionData: { readonly data?: unknown } },
): Data | undefined {
  const { items: connection } = (previous ?? {}) as { items?: Connection };
  const { items, itemChanges = items && { upserted: [items] } } = (subscriptionData.data ?? {}) as Received;
  if (!connection?.edges || !itemChanges) return undefined;
  const { reset = false, upserted = [], removed = [], cursor } = itemChanges;
  const kept = reset ? [] : connection.edges;
  const edges = new Map(kept.map((edge) => [keyOf(edge.node as Node), edge]));
  for (const item of removed) edges.delete(keyOf(item));
  for (const node of upserted) {
    const key = keyOf(node);
    edges.delete(key);
    edges.set(key, { __typename: 'ItemEdge', node, ...(node.cursor !== undefined && { cursor: node.cursor }) });
  }
  // What was paged before belongs to a log that is lost; everything there is comes with the reset.
  const pageInfo = connection.pageInfo && { ...connection.pageInfo, hasNextPage: false, endCursor: cursor };
  const begins = reset && cursor !== undefined ? { cursor, ...(pageInfo && { pageInfo }) } : {};
  return { ...(previous as object), items: { ...connection, ...begins, edges: [...edges.values()] } } as Data;
}

const keyOf = ({ id, key = id }: Node): string | undefined => key;
