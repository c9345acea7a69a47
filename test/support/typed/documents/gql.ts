/* eslint-disable */
import * as types from './graphql.ts';
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';

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
    "fragment QuoteFields on Quote {\n  id\n  symbol\n  price\n  venue\n  cursor\n}\n\nquery Quote($symbol: ID!) {\n  quote(symbol: $symbol) {\n    ...QuoteFields\n  }\n}\n\nquery QuotePage($first: Int, $after: String, $filter: QuoteFilter) {\n  quotes(first: $first, after: $after, filter: $filter) {\n    edges {\n      cursor\n      node {\n        ...QuoteFields\n      }\n    }\n    pageInfo {\n      startCursor\n      endCursor\n      hasNextPage\n      hasPreviousPage\n    }\n    cursor\n  }\n}\n\nmutation InsertQuote($input: QuoteInput!) {\n  insertQuote(input: $input) {\n    ...QuoteFields\n  }\n}\n\nmutation RemoveQuote($symbol: ID!) {\n  removeQuote(symbol: $symbol) {\n    key\n    cursor\n  }\n}\n\nsubscription Quotes($filter: QuoteFilter) {\n  quotes(filter: $filter) {\n    ...QuoteFields\n  }\n}\n\nsubscription QuoteChanges($after: String, $filter: QuoteFilter) {\n  quoteChanges(after: $after, filter: $filter) {\n    reset\n    upserted {\n      ...QuoteFields\n    }\n    removed {\n      key\n      reason\n      cursor\n    }\n    caughtUp\n    cursor\n    follows\n    size\n    checksum\n  }\n}": typeof types.QuoteFieldsFragmentDoc,
};
const documents: Documents = {
    "fragment QuoteFields on Quote {\n  id\n  symbol\n  price\n  venue\n  cursor\n}\n\nquery Quote($symbol: ID!) {\n  quote(symbol: $symbol) {\n    ...QuoteFields\n  }\n}\n\nquery QuotePage($first: Int, $after: String, $filter: QuoteFilter) {\n  quotes(first: $first, after: $after, filter: $filter) {\n    edges {\n      cursor\n      node {\n        ...QuoteFields\n      }\n    }\n    pageInfo {\n      startCursor\n      endCursor\n      hasNextPage\n      hasPreviousPage\n    }\n    cursor\n  }\n}\n\nmutation InsertQuote($input: QuoteInput!) {\n  insertQuote(input: $input) {\n    ...QuoteFields\n  }\n}\n\nmutation RemoveQuote($symbol: ID!) {\n  removeQuote(symbol: $symbol) {\n    key\n    cursor\n  }\n}\n\nsubscription Quotes($filter: QuoteFilter) {\n  quotes(filter: $filter) {\n    ...QuoteFields\n  }\n}\n\nsubscription QuoteChanges($after: String, $filter: QuoteFilter) {\n  quoteChanges(after: $after, filter: $filter) {\n    reset\n    upserted {\n      ...QuoteFields\n    }\n    removed {\n      key\n      reason\n      cursor\n    }\n    caughtUp\n    cursor\n    follows\n    size\n    checksum\n  }\n}": types.QuoteFieldsFragmentDoc,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 *
 *
 * @example
 * ```ts
 * const query = graphql(`query GetUser($id: ID!) { user(id: $id) { name } }`);
 * ```
 *
 * The query argument is unknown!
 * Please regenerate the types.
 */
export function graphql(source: string): unknown;

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "fragment QuoteFields on Quote {\n  id\n  symbol\n  price\n  venue\n  cursor\n}\n\nquery Quote($symbol: ID!) {\n  quote(symbol: $symbol) {\n    ...QuoteFields\n  }\n}\n\nquery QuotePage($first: Int, $after: String, $filter: QuoteFilter) {\n  quotes(first: $first, after: $after, filter: $filter) {\n    edges {\n      cursor\n      node {\n        ...QuoteFields\n      }\n    }\n    pageInfo {\n      startCursor\n      endCursor\n      hasNextPage\n      hasPreviousPage\n    }\n    cursor\n  }\n}\n\nmutation InsertQuote($input: QuoteInput!) {\n  insertQuote(input: $input) {\n    ...QuoteFields\n  }\n}\n\nmutation RemoveQuote($symbol: ID!) {\n  removeQuote(symbol: $symbol) {\n    key\n    cursor\n  }\n}\n\nsubscription Quotes($filter: QuoteFilter) {\n  quotes(filter: $filter) {\n    ...QuoteFields\n  }\n}\n\nsubscription QuoteChanges($after: String, $filter: QuoteFilter) {\n  quoteChanges(after: $after, filter: $filter) {\n    reset\n    upserted {\n      ...QuoteFields\n    }\n    removed {\n      key\n      reason\n      cursor\n    }\n    caughtUp\n    cursor\n    follows\n    size\n    checksum\n  }\n}"): (typeof documents)["fragment QuoteFields on Quote {\n  id\n  symbol\n  price\n  venue\n  cursor\n}\n\nquery Quote($symbol: ID!) {\n  quote(symbol: $symbol) {\n    ...QuoteFields\n  }\n}\n\nquery QuotePage($first: Int, $after: String, $filter: QuoteFilter) {\n  quotes(first: $first, after: $after, filter: $filter) {\n    edges {\n      cursor\n      node {\n        ...QuoteFields\n      }\n    }\n    pageInfo {\n      startCursor\n      endCursor\n      hasNextPage\n      hasPreviousPage\n    }\n    cursor\n  }\n}\n\nmutation InsertQuote($input: QuoteInput!) {\n  insertQuote(input: $input) {\n    ...QuoteFields\n  }\n}\n\nmutation RemoveQuote($symbol: ID!) {\n  removeQuote(symbol: $symbol) {\n    key\n    cursor\n  }\n}\n\nsubscription Quotes($filter: QuoteFilter) {\n  quotes(filter: $filter) {\n    ...QuoteFields\n  }\n}\n\nsubscription QuoteChanges($after: String, $filter: QuoteFilter) {\n  quoteChanges(after: $after, filter: $filter) {\n    reset\n    upserted {\n      ...QuoteFields\n    }\n    removed {\n      key\n      reason\n      cursor\n    }\n    caughtUp\n    cursor\n    follows\n    size\n    checksum\n  }\n}"];

export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}

export type DocumentType<TDocumentNode extends DocumentNode<any, any>> = TDocumentNode extends DocumentNode<  infer TType,  any>  ? TType  : never;