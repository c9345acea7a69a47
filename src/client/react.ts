import { useMemo, useSyncExternalStore } from 'react';
import { mirror } from './mirror.ts';
import {
  type ChangesResult,
  type ItemIn,
  type MirrorDocument,
  type MirrorOptions,
  type OptionsFor,
  queryOf,
  type UntypedChanges,
} from './mirror-document.ts';
import { EMPTY, type MirrorSnapshot, type MirrorVariables, type TypedSnapshot } from './mirror-snapshot.ts';
import type { SubscriptionClient } from './resuming/resumable.ts';

/**
 * A live copy of the server's map as a React hook. All components with the same client and equal variables share one subscription, and
 * a component that mounts later has the whole map at once.
 *
 * @param client a client of graphql-ws or graphql-sse
 * @param variables selects items by key, key prefix or value. Default: all items
 *
 * @example
 * ```tsx
 * const client = createClient({ url: 'ws://127.0.0.1:4000/graphql', ...persistent() });
 *
 * function Prices() {
 *   const { items, isLoaded, status } = useItems<{ price: number }>(client, { filter: { keyPrefix: 'price/' } });
 *   if (status === 'failed') return <p>Something went wrong.</p>;
 *   if (!isLoaded) return <p>Loading …</p>;
 *   return (
 *     <>
 *       {status === 'reconnecting' && <p>Connecting again …</p>}
 *       {[...items.values()].map(({ key, value }) => <p key={key}>{`${key}: ${value.price}`}</p>)}
 *     </>
 *   );
 * }
 * ```
 *
 * With a filter on values a component shows an item only while its value is selected:
 *
 * ```tsx
 * const { items } = useItems<Order>(client, { filter: { where: { path: '/status', eq: 'open' } } });
 * ```
 *
 * `status` and `error` tell the state of the connection; a component renders again when one of them changes, or an item. With the server away,
 * `items` stays as it was.
 */
export function useItems<Value = unknown>(
  client: SubscriptionClient,
  variables?: MirrorVariables,
): MirrorSnapshot<Value>;
/**
 * A live copy of any collection, with the fields that a document of your own selects. All components with the same client, an equal document
 * and equal variables share one subscription.
 *
 * @param document the subscription; see {@link mirror} for what it selects
 * @param options `key`: how to find the key of an item whose `id` is not the key
 *
 * @example
 * ```tsx
 * const { items } = useItems(client, { filter: { where: { price: { gte: 100 } } } }, QuoteChangesDocument);
 * return [...items.values()].map(({ symbol, price }) => <p key={symbol}>{`${symbol}: ${price}`}</p>);
 * ```
 */
export function useItems<
  Result extends ChangesResult<Result> = { changes: UntypedChanges },
  Variables = Readonly<Record<string, unknown>>,
>(
  client: SubscriptionClient,
  variables: NoInfer<Variables>,
  document: MirrorDocument<Result, Variables>,
  ...options: OptionsFor<Result>
): TypedSnapshot<ItemIn<Result>>;
export function useItems(
  client: SubscriptionClient,
  variables: object = {},
  document?: MirrorDocument<{ changes: UntypedChanges }, unknown>,
  options: MirrorOptions<never> = {},
): TypedSnapshot<never> {
  // Compared by content, because a component may pass a new object in each render.
  const content = JSON.stringify(variables);
  const query = useMemo(() => (document === undefined ? undefined : queryOf(document)), [document]);
  const { subscribe, getSnapshot } = useMemo(() => {
    const parsed = JSON.parse(content) as Record<string, unknown>;
    // The key belongs to the document, so a new function in a later render changes nothing.
    const typed = query !== undefined && mirror(client, parsed, query, options as { key: never });
    return typed || mirror(client, parsed);
  }, [client, content, query]);
  return useSyncExternalStore(subscribe, getSnapshot as () => TypedSnapshot<never>, () => EMPTY);
}
