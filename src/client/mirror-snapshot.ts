import type { ItemChangesSubscription } from '../../schema/documents/graphql.ts';
import type { ItemFilter } from './item-filter.ts';
import type { MirroredItem } from './item-set.ts';
import type { ChangesMessage } from './mirror-document.ts';

/** Selects the items of a mirror. */
export interface MirrorVariables {
  /**
   * By key, by key prefix and by value. An item whose new value is not selected any more leaves the mirror.
   *
   * @default all items
   *
   * @example
   * mirror(client, { filter: { keyPrefix: 'order/', where: { path: '/status', eq: 'open' } } });
   */
  readonly filter?: ItemFilter | undefined;
}

/**
 * The state of a mirror's connection:
 *
 * - `connecting`: nothing was loaded yet. With an `error`, an attempt has failed and the client tries again.
 * - `live`: `items` was equal to the server's map, and follows it.
 * - `reconnecting`: the connection was lost. `items` stays as it was until the mirror has caught up again.
 * - `failed`: the subscription has ended. It starts again with the next new listener.
 *
 *     connecting ──▶ live ◀──▶ reconnecting      from each of them ──▶ failed
 */
export type MirrorStatus = 'connecting' | 'live' | 'reconnecting' | 'failed';

/** The state of a mirror, without its items. */
export interface MirrorState {
  readonly status: MirrorStatus;
  /** False until `items` has been equal to the server's map for the first time. */
  readonly isLoaded: boolean;
  /** How often the copy was wrong and was loaded again. */
  readonly repairs: number;
  /** How often a message was lost on the way, in a gateway for example, so that the mirror resumed after the last one that arrived. */
  readonly missed: number;
  /**
   * Why the mirror is not live, undefined while it is live: a close event or an error of the client; GraphQL errors, if they ended the
   * subscription.
   */
  readonly error: unknown;
}

/** An immutable snapshot of a mirror with a document. */
export interface TypedSnapshot<Item> extends MirrorState {
  /** By key, oldest first. The same object until an item changes. */
  readonly items: ReadonlyMap<string, Item>;
}

/** An immutable snapshot of a mirror. */
export interface MirrorSnapshot<Value = unknown> extends TypedSnapshot<MirroredItem<Value>> {}

/** One message of the subscription `itemChanges`. */
export type ItemChanges = ItemChangesSubscription['itemChanges'];

/** Tells a listener what has changed, so that it can update a view without reading all items. */
export interface TypedUpdate<Changes extends ChangesMessage> {
  /** The message that was applied; undefined if only `status` or `error` changed. */
  readonly changes: Changes | undefined;
  /** Whether the map was loaded, for the first time or again: read all of `items`, because `changes` is only the last part. */
  readonly isReplaced: boolean;
}

/** Tells a listener of a mirror of `Item` what has changed. */
export interface MirrorUpdate extends TypedUpdate<ItemChanges> {}

export const EMPTY: TypedSnapshot<never> = {
  items: new Map<string, never>(),
  status: 'connecting',
  isLoaded: false,
  repairs: 0,
  missed: 0,
  error: undefined,
};
