/** What `subscribeToMore` brings into the list of a query. */
import type { StoreObject } from '@apollo/client';
import { collectionOf, type CollectionOptions, ITEMS } from '../collections.ts';
import type { Connection, Edge } from './apollo-pages.ts';

type Node = StoreObject & { readonly cursor?: string };

interface Changes extends StoreObject {
  readonly reset?: boolean;
  readonly upserted?: readonly Node[];
  readonly removed?: readonly Node[];
  readonly cursor?: string;
}

interface Received {
  readonly subscriptionData: { readonly data?: unknown };
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- Apollo passes possibly partial data, and expects complete data.
type UpdateQuery = <Data>(previous: unknown, received: Received) => Data | undefined;

/**
 * The `updateQuery` for `subscribeToMore` on a query of items, of any collection whose items have the key as their `id`. The document may
 * subscribe to the items (`items`, `quotes`) or to the changes (`itemChanges`, `quoteChanges`).
 *
 * @example
 * ```ts
 * const { data, subscribeToMore } = useQuery(PAGE); // selects items { edges { node { key cursor } } cursor }
 * const after = data?.items.cursor;
 * useEffect(() => {
 *   if (after) return subscribeToMore({ document: CHANGES, variables: { after }, updateQuery: updateItems });
 * }, [after, subscribeToMore]);
 * ```
 */
export const updateItems: UpdateQuery = createUpdateItems({ collections: [] });

/**
 * Makes an {@link updateItems} for collections whose items have an `id` of their own.
 *
 * @example
 * ```ts
 * const updateQuery = createUpdateItems({ collections: [{ name: 'Order', key: 'number' }] });
 * ```
 */
export function createUpdateItems({
  collections,
}: {
  readonly collections: readonly CollectionOptions[];
}): UpdateQuery {
  const updateQuery = (previous: unknown, { subscriptionData }: Received): object | undefined =>
    update(collections, previous, subscriptionData.data);
  // The caller states the type of its data.
  return updateQuery as UpdateQuery;
}

function update(collections: readonly CollectionOptions[], previous: unknown, received: unknown): object | undefined {
  // A subscription has one root field.
  const [root] = Object.values((received ?? {}) as Record<string, Changes & Node>);
  const changes = root && (root.upserted ?? root.removed ?? root.reset) === undefined ? { upserted: [root] } : root;
  if (!changes) return undefined;
  const name = (changes === root ? root.__typename?.replace(/Changes$/, '') : root?.__typename) ?? ITEMS.name;
  const lists = Object.entries((previous ?? {}) as Record<string, Connection | null>).filter(([, list]) => list?.edges);
  const [field, connection] =
    lists.find(([, list]) => list?.__typename === `${name}Connection`) ??
    (lists.length === 1 ? lists[0] : undefined) ??
    [];
  if (field === undefined || !connection) return undefined;
  const { keyOf } = collectionOf(collections.find((each) => each.name === name) ?? name);
  const { reset = false, upserted = [], removed = [], cursor } = changes;
  const kept = reset ? [] : (connection.edges ?? []);
  const edges = new Map<unknown, Edge>(kept.map((edge) => [keyOf(edge.node as Node), edge]));
  for (const { key } of removed) edges.delete(key);
  for (const node of upserted) {
    const key = keyOf(node);
    edges.delete(key);
    edges.set(key, { __typename: `${name}Edge`, node, ...(node.cursor !== undefined && { cursor: node.cursor }) });
  }
  // Earlier pages belong to a lost log. The reset delivers the whole map, so there is no next page.
  const pageInfo = connection.pageInfo && { ...connection.pageInfo, hasNextPage: false, endCursor: cursor };
  const restart = reset && cursor !== undefined ? { cursor, ...(pageInfo && { pageInfo }) } : {};
  return { ...(previous as object), [field]: { ...connection, ...restart, edges: [...edges.values()] } };
}
