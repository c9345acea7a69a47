/* eslint-disable */
import * as types from './graphql.ts';



/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "fragment ItemFields on Item {\n  id\n  key\n  value\n  timestamp\n  expiresAt\n  cursor\n}\n\nfragment RemovedItemFields on RemovedItem {\n  key\n  reason\n  timestamp\n  cursor\n}\n\nquery Item($key: ID!) {\n  item(key: $key) {\n    ...ItemFields\n  }\n}\n\nquery ItemPage($first: Int = 100, $after: String, $filter: ItemFilter) {\n  items(first: $first, after: $after, filter: $filter) {\n    edges {\n      cursor\n      node {\n        ...ItemFields\n      }\n    }\n    pageInfo {\n      hasNextPage\n      hasPreviousPage\n      startCursor\n      endCursor\n    }\n    cursor\n  }\n}\n\nquery Stream {\n  stream {\n    epoch\n    cursor\n    size\n    checksum\n    window\n    engine\n  }\n}\n\nmutation InsertItem($input: InsertItemInput!) {\n  insertItem(input: $input) {\n    ...ItemFields\n  }\n}\n\nmutation InsertItems($inputs: [InsertItemInput!]!) {\n  insertItems(inputs: $inputs) {\n    ...ItemFields\n  }\n}\n\nmutation RemoveItem($key: ID!, $ifCursor: String, $idempotencyKey: String) {\n  removeItem(key: $key, ifCursor: $ifCursor, idempotencyKey: $idempotencyKey) {\n    ...RemovedItemFields\n  }\n}\n\nsubscription Items($limit: Int, $after: String, $filter: ItemFilter, $onLag: OnLag! = CONFLATE) {\n  items(limit: $limit, after: $after, filter: $filter, onLag: $onLag) {\n    ...ItemFields\n  }\n}\n\nsubscription ItemChanges($after: String, $filter: ItemFilter) {\n  itemChanges(after: $after, filter: $filter) {\n    reset\n    upserted {\n      ...ItemFields\n    }\n    removed {\n      ...RemovedItemFields\n    }\n    caughtUp\n    cursor\n    follows\n    size\n    checksum\n  }\n}": typeof types.ItemFieldsFragmentDoc,
};
const documents: Documents = {
    "fragment ItemFields on Item {\n  id\n  key\n  value\n  timestamp\n  expiresAt\n  cursor\n}\n\nfragment RemovedItemFields on RemovedItem {\n  key\n  reason\n  timestamp\n  cursor\n}\n\nquery Item($key: ID!) {\n  item(key: $key) {\n    ...ItemFields\n  }\n}\n\nquery ItemPage($first: Int = 100, $after: String, $filter: ItemFilter) {\n  items(first: $first, after: $after, filter: $filter) {\n    edges {\n      cursor\n      node {\n        ...ItemFields\n      }\n    }\n    pageInfo {\n      hasNextPage\n      hasPreviousPage\n      startCursor\n      endCursor\n    }\n    cursor\n  }\n}\n\nquery Stream {\n  stream {\n    epoch\n    cursor\n    size\n    checksum\n    window\n    engine\n  }\n}\n\nmutation InsertItem($input: InsertItemInput!) {\n  insertItem(input: $input) {\n    ...ItemFields\n  }\n}\n\nmutation InsertItems($inputs: [InsertItemInput!]!) {\n  insertItems(inputs: $inputs) {\n    ...ItemFields\n  }\n}\n\nmutation RemoveItem($key: ID!, $ifCursor: String, $idempotencyKey: String) {\n  removeItem(key: $key, ifCursor: $ifCursor, idempotencyKey: $idempotencyKey) {\n    ...RemovedItemFields\n  }\n}\n\nsubscription Items($limit: Int, $after: String, $filter: ItemFilter, $onLag: OnLag! = CONFLATE) {\n  items(limit: $limit, after: $after, filter: $filter, onLag: $onLag) {\n    ...ItemFields\n  }\n}\n\nsubscription ItemChanges($after: String, $filter: ItemFilter) {\n  itemChanges(after: $after, filter: $filter) {\n    reset\n    upserted {\n      ...ItemFields\n    }\n    removed {\n      ...RemovedItemFields\n    }\n    caughtUp\n    cursor\n    follows\n    size\n    checksum\n  }\n}": types.ItemFieldsFragmentDoc,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "fragment ItemFields on Item {\n  id\n  key\n  value\n  timestamp\n  expiresAt\n  cursor\n}\n\nfragment RemovedItemFields on RemovedItem {\n  key\n  reason\n  timestamp\n  cursor\n}\n\nquery Item($key: ID!) {\n  item(key: $key) {\n    ...ItemFields\n  }\n}\n\nquery ItemPage($first: Int = 100, $after: String, $filter: ItemFilter) {\n  items(first: $first, after: $after, filter: $filter) {\n    edges {\n      cursor\n      node {\n        ...ItemFields\n      }\n    }\n    pageInfo {\n      hasNextPage\n      hasPreviousPage\n      startCursor\n      endCursor\n    }\n    cursor\n  }\n}\n\nquery Stream {\n  stream {\n    epoch\n    cursor\n    size\n    checksum\n    window\n    engine\n  }\n}\n\nmutation InsertItem($input: InsertItemInput!) {\n  insertItem(input: $input) {\n    ...ItemFields\n  }\n}\n\nmutation InsertItems($inputs: [InsertItemInput!]!) {\n  insertItems(inputs: $inputs) {\n    ...ItemFields\n  }\n}\n\nmutation RemoveItem($key: ID!, $ifCursor: String, $idempotencyKey: String) {\n  removeItem(key: $key, ifCursor: $ifCursor, idempotencyKey: $idempotencyKey) {\n    ...RemovedItemFields\n  }\n}\n\nsubscription Items($limit: Int, $after: String, $filter: ItemFilter, $onLag: OnLag! = CONFLATE) {\n  items(limit: $limit, after: $after, filter: $filter, onLag: $onLag) {\n    ...ItemFields\n  }\n}\n\nsubscription ItemChanges($after: String, $filter: ItemFilter) {\n  itemChanges(after: $after, filter: $filter) {\n    reset\n    upserted {\n      ...ItemFields\n    }\n    removed {\n      ...RemovedItemFields\n    }\n    caughtUp\n    cursor\n    follows\n    size\n    checksum\n  }\n}"): typeof import('./graphql.ts').ItemFieldsFragmentDoc;


export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}
