import { useMemo, useSyncExternalStore } from 'react';
import { mirror } from './mirror.ts';
import { EMPTY, type MirrorSnapshot, type MirrorVariables } from './mirror-snapshot.ts';
import type { SubscriptionClient } from './resumable.ts';

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
  variables: MirrorVariables = {},
): MirrorSnapshot<Value> {
  // Compared by content, because a component may pass a new object in each render.
  const content = JSON.stringify(variables);
  const { subscribe, getSnapshot } = useMemo(
    () => mirror<Value>(client, JSON.parse(content) as MirrorVariables),
    [client, content],
  );
  return useSyncExternalStore(subscribe, getSnapshot, () => EMPTY);
}
