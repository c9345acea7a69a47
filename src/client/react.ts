import { useMemo, useSyncExternalStore } from 'react';
import { EMPTY, mirror, type MirrorSnapshot, type MirrorVariables } from './mirror.ts';
import type { SubscriptionClient } from './resumable.ts';

/**
 * The map, live. However many components use it with the same client and variables, there is one subscription, and each
 * holds the whole map, also one that is mounted later.
 */
export function useItems<Value = unknown>(
  client: SubscriptionClient,
  variables: MirrorVariables = {},
): MirrorSnapshot<Value> {
  // By content: who renders makes new variables each time.
  const content = JSON.stringify(variables);
  const { subscribe, getSnapshot } = useMemo(
    () => mirror<Value>(client, JSON.parse(content) as MirrorVariables),
    [client, content],
  );
  return useSyncExternalStore(subscribe, getSnapshot, () => EMPTY);
}
