/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** An item to insert, and the conditions for it. */
export type InsertItemInput = {
  /** A retry with the same idempotency key and the same item key returns the first result. */
  idempotencyKey?: string | null | undefined;
  /** Fails with CONFLICT if the key already exists. */
  ifAbsent?: boolean | null | undefined;
  /** Fails with CONFLICT unless the current item of the key has this cursor. */
  ifCursor?: string | null | undefined;
  /** The key: 1 to 512 bytes of UTF-8. */
  key: string | number;
  /** Time to live in seconds, 1 or more. */
  ttl?: number | null | undefined;
  /** The value: any JSON except null. */
  value: unknown;
};

/** Selects items. All members that are given must match. */
export type ItemFilter = {
  /** Matches keys that start with this prefix. */
  keyPrefix?: string | null | undefined;
  /** Matches any of these keys; an empty list matches nothing. */
  keys?: Array<string | number> | null | undefined;
  /** Matches items by their values. Default: every value. */
  where?: ValueFilter | null | undefined;
};

/** What happens to a subscriber that is slower than the window of single changes. */
export type OnLag =
  /** Continues with the current items: no key is lost, only intermediate values. */
  | 'CONFLATE'
  /** Ends the subscription with LAGGED. */
  | 'FAIL';

/** Why an item left the map. */
export type RemovalReason =
  /** The map was full, and this was its oldest item. */
  | 'EVICTED'
  /** Its time to live has passed. */
  | 'EXPIRED'
  /** Removed by a mutation, or no longer visible to the caller. */
  | 'REMOVED'
  /** It is in the map, and its value no longer matches the filter’s `where`. */
  | 'UNMATCHED';

/** Matches values. All members that are given must hold; an empty filter matches every value. At most 64 members other than `path` in all, 8 levels of filters in filters, 1,000 elements in all `in` and `notIn`, and 65,536 bytes. Only `eq`, `ne` and `contains` take null. Where `path` leads nowhere, `ne`, `notIn` and `exists: false` hold and everything else does not. */
export type ValueFilter = {
  /** The value matches all of these filters. An empty list holds. */
  and?: Array<ValueFilter> | null | undefined;
  /** A string contains this string, an array an element equal to this, or an object each member of this object with an equal value. */
  contains?: unknown;
  /** Equals this JSON value: numbers by value, objects regardless of the order of their members. */
  eq?: unknown;
  /** Whether `path` leads to something. A null that is in the value is something. */
  exists?: boolean | null | undefined;
  /** Is greater than this number, or comes after this string by code points. Never holds for another type. */
  gt?: unknown;
  /** Is at least this number, or comes after this string by code points or equals it. */
  gte?: unknown;
  /** Equals one of these JSON values. */
  in?: Array<unknown> | null | undefined;
  /** Is less than this number, or comes before this string by code points. Never holds for another type. */
  lt?: unknown;
  /** Is at most this number, or comes before this string by code points or equals it. */
  lte?: unknown;
  /** Does not equal this JSON value, or is not there. */
  ne?: unknown;
  /** The value does not match this filter. */
  not?: ValueFilter | null | undefined;
  /** Equals none of these JSON values, or is not there. */
  notIn?: Array<unknown> | null | undefined;
  /** The value matches at least one of these filters. An empty list does not hold. */
  or?: Array<ValueFilter> | null | undefined;
  /** A JSON Pointer (RFC 6901) into the value, such as `/status` or `/tags/0`. `and`, `or` and `not` do not use it. Default: the value itself. */
  path?: string | null | undefined;
  /** Is a string that starts with this one. */
  startsWith?: string | null | undefined;
};

export type ItemFieldsFragment = { id: string, key: string, value: unknown, timestamp: string, expiresAt: string | null, cursor: string };

export type RemovedItemFieldsFragment = { key: string, reason: RemovalReason, timestamp: string, cursor: string };

export type ItemQueryVariables = Exact<{
  key: string | number;
}>;


export type ItemQuery = { item: { id: string, key: string, value: unknown, timestamp: string, expiresAt: string | null, cursor: string } | null };

export type ItemPageQueryVariables = Exact<{
  first?: number | null | undefined;
  after?: string | null | undefined;
  filter?: ItemFilter | null | undefined;
}>;


export type ItemPageQuery = { items: { cursor: string, edges: Array<{ cursor: string, node: { id: string, key: string, value: unknown, timestamp: string, expiresAt: string | null, cursor: string } }>, pageInfo: { hasNextPage: boolean, hasPreviousPage: boolean, startCursor: string | null, endCursor: string | null } } };

export type StreamQueryVariables = Exact<{ [key: string]: never; }>;


export type StreamQuery = { stream: { epoch: string, cursor: string, size: number | null, checksum: string | null, window: number, engine: string } };

export type InsertItemMutationVariables = Exact<{
  input: InsertItemInput;
}>;


export type InsertItemMutation = { insertItem: { id: string, key: string, value: unknown, timestamp: string, expiresAt: string | null, cursor: string } };

export type InsertItemsMutationVariables = Exact<{
  inputs: Array<InsertItemInput> | InsertItemInput;
}>;


export type InsertItemsMutation = { insertItems: Array<{ id: string, key: string, value: unknown, timestamp: string, expiresAt: string | null, cursor: string }> };

export type RemoveItemMutationVariables = Exact<{
  key: string | number;
  ifCursor?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
}>;


export type RemoveItemMutation = { removeItem: { key: string, reason: RemovalReason, timestamp: string, cursor: string } | null };

export type ItemsSubscriptionVariables = Exact<{
  limit?: number | null | undefined;
  after?: string | null | undefined;
  filter?: ItemFilter | null | undefined;
  onLag?: OnLag;
}>;


export type ItemsSubscription = { items: { id: string, key: string, value: unknown, timestamp: string, expiresAt: string | null, cursor: string } };

export type ItemChangesSubscriptionVariables = Exact<{
  after?: string | null | undefined;
  filter?: ItemFilter | null | undefined;
}>;


export type ItemChangesSubscription = { itemChanges: { reset: boolean, caughtUp: boolean, cursor: string, follows: string | null, size: number | null, checksum: string | null, upserted: Array<{ id: string, key: string, value: unknown, timestamp: string, expiresAt: string | null, cursor: string }>, removed: Array<{ key: string, reason: RemovalReason, timestamp: string, cursor: string }> } };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}
export const ItemFieldsFragmentDoc = new TypedDocumentString(`
    fragment ItemFields on Item {
  id
  key
  value
  timestamp
  expiresAt
  cursor
}
    `, {"fragmentName":"ItemFields"}) as unknown as TypedDocumentString<ItemFieldsFragment, unknown>;
export const RemovedItemFieldsFragmentDoc = new TypedDocumentString(`
    fragment RemovedItemFields on RemovedItem {
  key
  reason
  timestamp
  cursor
}
    `, {"fragmentName":"RemovedItemFields"}) as unknown as TypedDocumentString<RemovedItemFieldsFragment, unknown>;
export const ItemDocument = new TypedDocumentString(`
    query Item($key: ID!) {
  item(key: $key) {
    ...ItemFields
  }
}
    fragment ItemFields on Item {
  id
  key
  value
  timestamp
  expiresAt
  cursor
}`) as unknown as TypedDocumentString<ItemQuery, ItemQueryVariables>;
export const ItemPageDocument = new TypedDocumentString(`
    query ItemPage($first: Int = 100, $after: String, $filter: ItemFilter) {
  items(first: $first, after: $after, filter: $filter) {
    edges {
      cursor
      node {
        ...ItemFields
      }
    }
    pageInfo {
      hasNextPage
      hasPreviousPage
      startCursor
      endCursor
    }
    cursor
  }
}
    fragment ItemFields on Item {
  id
  key
  value
  timestamp
  expiresAt
  cursor
}`) as unknown as TypedDocumentString<ItemPageQuery, ItemPageQueryVariables>;
export const StreamDocument = new TypedDocumentString(`
    query Stream {
  stream {
    epoch
    cursor
    size
    checksum
    window
    engine
  }
}
    `) as unknown as TypedDocumentString<StreamQuery, StreamQueryVariables>;
export const InsertItemDocument = new TypedDocumentString(`
    mutation InsertItem($input: InsertItemInput!) {
  insertItem(input: $input) {
    ...ItemFields
  }
}
    fragment ItemFields on Item {
  id
  key
  value
  timestamp
  expiresAt
  cursor
}`) as unknown as TypedDocumentString<InsertItemMutation, InsertItemMutationVariables>;
export const InsertItemsDocument = new TypedDocumentString(`
    mutation InsertItems($inputs: [InsertItemInput!]!) {
  insertItems(inputs: $inputs) {
    ...ItemFields
  }
}
    fragment ItemFields on Item {
  id
  key
  value
  timestamp
  expiresAt
  cursor
}`) as unknown as TypedDocumentString<InsertItemsMutation, InsertItemsMutationVariables>;
export const RemoveItemDocument = new TypedDocumentString(`
    mutation RemoveItem($key: ID!, $ifCursor: String, $idempotencyKey: String) {
  removeItem(key: $key, ifCursor: $ifCursor, idempotencyKey: $idempotencyKey) {
    ...RemovedItemFields
  }
}
    fragment RemovedItemFields on RemovedItem {
  key
  reason
  timestamp
  cursor
}`) as unknown as TypedDocumentString<RemoveItemMutation, RemoveItemMutationVariables>;
export const ItemsDocument = new TypedDocumentString(`
    subscription Items($limit: Int, $after: String, $filter: ItemFilter, $onLag: OnLag! = CONFLATE) {
  items(limit: $limit, after: $after, filter: $filter, onLag: $onLag) {
    ...ItemFields
  }
}
    fragment ItemFields on Item {
  id
  key
  value
  timestamp
  expiresAt
  cursor
}`) as unknown as TypedDocumentString<ItemsSubscription, ItemsSubscriptionVariables>;
export const ItemChangesDocument = new TypedDocumentString(`
    subscription ItemChanges($after: String, $filter: ItemFilter) {
  itemChanges(after: $after, filter: $filter) {
    reset
    upserted {
      ...ItemFields
    }
    removed {
      ...RemovedItemFields
    }
    caughtUp
    cursor
    follows
    size
    checksum
  }
}
    fragment ItemFields on Item {
  id
  key
  value
  timestamp
  expiresAt
  cursor
}
fragment RemovedItemFields on RemovedItem {
  key
  reason
  timestamp
  cursor
}`) as unknown as TypedDocumentString<ItemChangesSubscription, ItemChangesSubscriptionVariables>;