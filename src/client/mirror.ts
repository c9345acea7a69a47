import { ItemChangesDocument } from '../../schema/documents/graphql.ts';
import { contentOf, filterId, keyOf } from './item-filter.ts';
import type { MirroredItem } from './item-set.ts';
import { LiveMirror, type MirrorSource } from './live-mirror.ts';
import {
  type AnyItem,
  type ChangesIn,
  type ChangesMessage,
  type ChangesResult,
  type KeyOf,
  type MirrorDocument,
  type MirrorOptions,
  type OptionsFor,
  queryOf,
  type UntypedChanges,
} from './mirror-document.ts';
import {
  EMPTY,
  type MirrorSnapshot,
  type MirrorState,
  type MirrorUpdate,
  type MirrorVariables,
  type TypedSnapshot,
  type TypedUpdate,
} from './mirror-snapshot.ts';
import type { SubscriptionClient } from './resuming/resumable.ts';

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

/** A live copy of the server's map of any collection, with the fields that a document selects; see {@link mirror}. */
export interface TypedMirror<Changes extends ChangesMessage> {
  /** As in {@link Mirror}. */
  readonly items: ReadonlyMap<string, Changes['upserted'][number]>;
  readonly state: MirrorState;
  readonly getSnapshot: () => TypedSnapshot<Changes['upserted'][number]>;
  readonly subscribe: (listener: (update: TypedUpdate<Changes>) => void) => () => void;
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
export function mirror<Value = unknown>(client: SubscriptionClient, variables?: MirrorVariables): Mirror<Value>;
/**
 * Makes a live copy of a collection with a document of your own. The document subscribes to the changes of the collection, and the items have the
 * fields that it selects. All mirrors with the same client, an equal document and equal variables share one subscription.
 *
 * @param document the subscription; it selects `reset`, `upserted { id cursor }`, `removed { key }`, `caughtUp` and `cursor`, and best
 *   `follows`, `size` and `checksum` as well. A document that lacks a required field ends the mirror with the status `failed`
 * @param options `key`: how to find the key of an item whose `id` is not the key
 *
 * @example
 * ```ts
 * const quotes = mirror(client, { filter: { where: { price: { gte: 100 } } } }, QuoteChangesDocument);
 * quotes.subscribe(() => console.log([...quotes.items.values()].map(({ symbol, price }) => `${symbol}: ${price}`)));
 * ```
 */
export function mirror<
  Result extends ChangesResult<Result> = { changes: UntypedChanges },
  Variables = Readonly<Record<string, unknown>>,
>(
  client: SubscriptionClient,
  variables: NoInfer<Variables>,
  document: MirrorDocument<Result, Variables>,
  ...options: OptionsFor<Result>
): TypedMirror<ChangesIn<Result>>;
export function mirror(
  client: SubscriptionClient,
  variables: object = {},
  document?: MirrorDocument<unknown, unknown>,
  options: MirrorOptions<never> = {},
): Mirror & TypedMirror<never> {
  const mirrors = mirrorsOf(client);
  const source = sourceOf(variables as AnyItem, document, options);
  const { id } = source;
  const current = () => mirrors.get(id);
  return {
    // The caller's document or type argument states the type of the items.
    get items() {
      return (current()?.items ?? EMPTY.items) as ReadonlyMap<string, never>;
    },
    get state() {
      return current()?.state ?? EMPTY;
    },
    getSnapshot: () => (current()?.getSnapshot() ?? EMPTY) as TypedSnapshot<never>,
    subscribe(listener: (update: never) => void) {
      const live =
        current() ??
        new LiveMirror(client, source, () => {
          // Another mirror may have replaced this one.
          if (current() === live) mirrors.delete(id);
        });
      mirrors.set(id, live);
      return live.subscribe(listener as (update: TypedUpdate<ChangesMessage>) => void);
    },
  };
}

function sourceOf(
  variables: AnyItem,
  document: MirrorDocument<unknown, unknown> | undefined,
  { key }: MirrorOptions<never>,
): MirrorSource & { readonly id: string } {
  const isOwn = document !== undefined;
  const query = queryOf(document ?? ItemChangesDocument);
  const id = isOwn ? query + contentOf(variables) : filterId(variables['filter'] as MirrorVariables['filter']);
  // The items have the type that the document gives them.
  const own = (key ?? (({ id }) => id)) as KeyOf;
  return { id, query, variables, isOwn, keyOf: isOwn ? own : keyOf };
}

/** Stored on the client itself, so that they are collected with it. */
const MIRRORS = Symbol.for('seamline.mirrors');

function mirrorsOf(client: SubscriptionClient & { [MIRRORS]?: Map<string, LiveMirror> }): Map<string, LiveMirror> {
  const mirrors = client[MIRRORS] ?? new Map<string, LiveMirror>();
  if (!client[MIRRORS]) Object.defineProperty(client, MIRRORS, { value: mirrors });
  return mirrors;
}
