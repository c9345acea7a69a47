import { filterId } from './item-filter.ts';
import type { MirroredItem } from './item-set.ts';
import { LiveMirror } from './live-mirror.ts';
import {
  EMPTY,
  type MirrorSnapshot,
  type MirrorState,
  type MirrorUpdate,
  type MirrorVariables,
} from './mirror-snapshot.ts';
import type { SubscriptionClient } from './resumable.ts';

/** A live copy of the server's map; see {@link mirror}. */
export interface Mirror<Value = unknown> {
  /** The live map by key, oldest item first. It changes in place; use `getSnapshot` for an immutable one. */
  readonly items: ReadonlyMap<string, MirroredItem<Value>>;
  /** The state besides the items, without copying the map. */
  readonly state: MirrorState;
  /** Returns the same object until something changes. The first call after a change copies the map. */
  readonly getSnapshot: () => MirrorSnapshot<Value>;
  /** Adds a listener, and returns a function that removes it. The mirror is live while it has listeners. */
  readonly subscribe: (listener: (update: MirrorUpdate) => void) => () => void;
}

/**
 * Makes a live copy of the server's map. All mirrors with the same client and equal variables share one subscription, so a mirror that is
 * added later has the whole map at once. The mirror resumes after each reconnect.
 *
 * @param client a client of graphql-ws or graphql-sse, or any object with an equal `subscribe`
 * @param variables selects items by key, key prefix or value. Default: all items
 *
 * @example
 * ```ts
 * const client = createClient({ url: 'ws://127.0.0.1:4000/graphql', ...persistent() });
 * const prices = mirror<{ price: number }>(client, { filter: { keyPrefix: 'price/' } });
 * const unsubscribe = prices.subscribe(() => console.log(prices.items.size, 'prices'));
 * const dear = mirror<{ price: number }>(client, { filter: { where: { path: '/price', gte: 100 } } });
 * ```
 */
export function mirror<Value = unknown>(client: SubscriptionClient, variables: MirrorVariables = {}): Mirror<Value> {
  const mirrors = mirrorsOf(client);
  const id = filterId(variables.filter);
  const snapshot = (): MirrorSnapshot => mirrors.get(id)?.getSnapshot() ?? EMPTY;
  return {
    // The caller states the type of its values.
    get items() {
      return (mirrors.get(id)?.items ?? EMPTY.items) as ReadonlyMap<string, MirroredItem<Value>>;
    },
    get state() {
      return mirrors.get(id)?.state ?? EMPTY;
    },
    getSnapshot: () => snapshot() as MirrorSnapshot<Value>,
    subscribe(listener) {
      const live =
        mirrors.get(id) ??
        new LiveMirror(client, variables, () => {
          // Another mirror may have replaced this one.
          if (mirrors.get(id) === live) mirrors.delete(id);
        });
      mirrors.set(id, live);
      return live.subscribe(listener);
    },
  };
}

/** Stored on the client itself, so that they are collected with it. */
const MIRRORS = Symbol.for('seamline.mirrors');

function mirrorsOf(client: SubscriptionClient & { [MIRRORS]?: Map<string, LiveMirror> }): Map<string, LiveMirror> {
  const mirrors = client[MIRRORS] ?? new Map<string, LiveMirror>();
  if (!client[MIRRORS]) Object.defineProperty(client, MIRRORS, { value: mirrors });
  return mirrors;
}
