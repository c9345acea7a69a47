/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
/** A condition on a field of the type Float. */
export type FloatCondition = {
  /** Equals it. */
  eq?: number | null | undefined;
  /** Is greater than it. */
  gt?: number | null | undefined;
  /** Is greater than it or equals it. */
  gte?: number | null | undefined;
  /** Equals one of these. */
  in?: Array<number> | null | undefined;
  /** Whether the field is null. */
  isNull?: boolean | null | undefined;
  /** Is less than it. */
  lt?: number | null | undefined;
  /** Is less than it or equals it. */
  lte?: number | null | undefined;
  /** Does not equal it, or is null. */
  ne?: number | null | undefined;
  /** Equals none of these, or is null. */
  notIn?: Array<number> | null | undefined;
};

/** A condition on a field of the type ID. */
export type IdCondition = {
  /** Contains this text. */
  contains?: string | number | null | undefined;
  /** Equals it. */
  eq?: string | number | null | undefined;
  /** Is greater than it. Texts compare by code points. */
  gt?: string | number | null | undefined;
  /** Is greater than it or equals it. Texts compare by code points. */
  gte?: string | number | null | undefined;
  /** Equals one of these. */
  in?: Array<string | number> | null | undefined;
  /** Whether the field is null. */
  isNull?: boolean | null | undefined;
  /** Is less than it. Texts compare by code points. */
  lt?: string | number | null | undefined;
  /** Is less than it or equals it. Texts compare by code points. */
  lte?: string | number | null | undefined;
  /** Does not equal it, or is null. */
  ne?: string | number | null | undefined;
  /** Equals none of these, or is null. */
  notIn?: Array<string | number> | null | undefined;
  /** Starts with this text. */
  startsWith?: string | number | null | undefined;
};

/** Selects items. All members that are given must match. */
export type QuoteFilter = {
  /** Matches keys that start with this prefix. */
  keyPrefix?: string | null | undefined;
  /** Matches any of these keys; an empty list matches nothing. */
  keys?: Array<string | number> | null | undefined;
  /** Matches items by their fields. Default: every item. */
  where?: QuoteWhere | null | undefined;
};

/** The fields of Quote that are inserted. */
export type QuoteInput = {
  price: number;
  symbol: string | number;
  venue?: Venue | null | undefined;
};

/** A filter on the fields of Quote. All members that are given must hold; without any it matches everything. At most 64 operators in all, 8 levels of filters in filters, 1,000 elements in all `in` and `notIn`, and 65,536 bytes. No member takes null: use `isNull`. */
export type QuoteWhere = {
  /** All of these match. An empty list holds. */
  and?: Array<QuoteWhere> | null | undefined;
  /** This does not match. */
  not?: QuoteWhere | null | undefined;
  /** At least one of these matches. An empty list does not hold. */
  or?: Array<QuoteWhere> | null | undefined;
  price?: FloatCondition | null | undefined;
  symbol?: IdCondition | null | undefined;
  venue?: VenueCondition | null | undefined;
};

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

export type Venue =
  | 'LSE'
  | 'NYSE';

/** A condition on a field of the type Venue. */
export type VenueCondition = {
  /** Equals it. */
  eq?: Venue | null | undefined;
  /** Equals one of these. */
  in?: Array<Venue> | null | undefined;
  /** Whether the field is null. */
  isNull?: boolean | null | undefined;
  /** Does not equal it, or is null. */
  ne?: Venue | null | undefined;
  /** Equals none of these, or is null. */
  notIn?: Array<Venue> | null | undefined;
};

export type QuoteFieldsFragment = { id: string, symbol: string, price: number, venue: Venue | null, cursor: string };

export type QuoteQueryVariables = Exact<{
  symbol: string | number;
}>;


export type QuoteQuery = { quote: { id: string, symbol: string, price: number, venue: Venue | null, cursor: string } | null };

export type QuotePageQueryVariables = Exact<{
  first?: number | null | undefined;
  after?: string | null | undefined;
  filter?: QuoteFilter | null | undefined;
}>;


export type QuotePageQuery = { quotes: { cursor: string, edges: Array<{ cursor: string, node: { id: string, symbol: string, price: number, venue: Venue | null, cursor: string } }>, pageInfo: { startCursor: string | null, endCursor: string | null, hasNextPage: boolean, hasPreviousPage: boolean } } };

export type InsertQuoteMutationVariables = Exact<{
  input: QuoteInput;
}>;


export type InsertQuoteMutation = { insertQuote: { id: string, symbol: string, price: number, venue: Venue | null, cursor: string } };

export type RemoveQuoteMutationVariables = Exact<{
  symbol: string | number;
}>;


export type RemoveQuoteMutation = { removeQuote: { key: string, cursor: string } | null };

export type QuotesSubscriptionVariables = Exact<{
  filter?: QuoteFilter | null | undefined;
}>;


export type QuotesSubscription = { quotes: { id: string, symbol: string, price: number, venue: Venue | null, cursor: string } };

export type QuoteChangesSubscriptionVariables = Exact<{
  after?: string | null | undefined;
  filter?: QuoteFilter | null | undefined;
}>;


export type QuoteChangesSubscription = { quoteChanges: { reset: boolean, caughtUp: boolean, cursor: string, follows: string | null, size: number | null, checksum: string | null, upserted: Array<{ id: string, symbol: string, price: number, venue: Venue | null, cursor: string }>, removed: Array<{ key: string, reason: RemovalReason, cursor: string }> } };

export const QuoteFieldsFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"QuoteFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Quote"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"symbol"}},{"kind":"Field","name":{"kind":"Name","value":"price"}},{"kind":"Field","name":{"kind":"Name","value":"venue"}},{"kind":"Field","name":{"kind":"Name","value":"cursor"}}]}}]} as unknown as DocumentNode<QuoteFieldsFragment, unknown>;
export const QuoteDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Quote"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"symbol"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"quote"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"symbol"},"value":{"kind":"Variable","name":{"kind":"Name","value":"symbol"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"QuoteFields"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"QuoteFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Quote"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"symbol"}},{"kind":"Field","name":{"kind":"Name","value":"price"}},{"kind":"Field","name":{"kind":"Name","value":"venue"}},{"kind":"Field","name":{"kind":"Name","value":"cursor"}}]}}]} as unknown as DocumentNode<QuoteQuery, QuoteQueryVariables>;
export const QuotePageDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"QuotePage"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"filter"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"QuoteFilter"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"quotes"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}},{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"filter"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cursor"}},{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"QuoteFields"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"startCursor"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}},{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"hasPreviousPage"}}]}},{"kind":"Field","name":{"kind":"Name","value":"cursor"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"QuoteFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Quote"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"symbol"}},{"kind":"Field","name":{"kind":"Name","value":"price"}},{"kind":"Field","name":{"kind":"Name","value":"venue"}},{"kind":"Field","name":{"kind":"Name","value":"cursor"}}]}}]} as unknown as DocumentNode<QuotePageQuery, QuotePageQueryVariables>;
export const InsertQuoteDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"InsertQuote"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"QuoteInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"insertQuote"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"QuoteFields"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"QuoteFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Quote"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"symbol"}},{"kind":"Field","name":{"kind":"Name","value":"price"}},{"kind":"Field","name":{"kind":"Name","value":"venue"}},{"kind":"Field","name":{"kind":"Name","value":"cursor"}}]}}]} as unknown as DocumentNode<InsertQuoteMutation, InsertQuoteMutationVariables>;
export const RemoveQuoteDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"RemoveQuote"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"symbol"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"removeQuote"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"symbol"},"value":{"kind":"Variable","name":{"kind":"Name","value":"symbol"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"key"}},{"kind":"Field","name":{"kind":"Name","value":"cursor"}}]}}]}}]} as unknown as DocumentNode<RemoveQuoteMutation, RemoveQuoteMutationVariables>;
export const QuotesDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"Quotes"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"filter"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"QuoteFilter"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"quotes"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"filter"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"QuoteFields"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"QuoteFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Quote"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"symbol"}},{"kind":"Field","name":{"kind":"Name","value":"price"}},{"kind":"Field","name":{"kind":"Name","value":"venue"}},{"kind":"Field","name":{"kind":"Name","value":"cursor"}}]}}]} as unknown as DocumentNode<QuotesSubscription, QuotesSubscriptionVariables>;
export const QuoteChangesDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"QuoteChanges"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"filter"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"QuoteFilter"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"quoteChanges"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}},{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"filter"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"reset"}},{"kind":"Field","name":{"kind":"Name","value":"upserted"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"QuoteFields"}}]}},{"kind":"Field","name":{"kind":"Name","value":"removed"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"key"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"cursor"}}]}},{"kind":"Field","name":{"kind":"Name","value":"caughtUp"}},{"kind":"Field","name":{"kind":"Name","value":"cursor"}},{"kind":"Field","name":{"kind":"Name","value":"follows"}},{"kind":"Field","name":{"kind":"Name","value":"size"}},{"kind":"Field","name":{"kind":"Name","value":"checksum"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"QuoteFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Quote"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"symbol"}},{"kind":"Field","name":{"kind":"Name","value":"price"}},{"kind":"Field","name":{"kind":"Name","value":"venue"}},{"kind":"Field","name":{"kind":"Name","value":"cursor"}}]}}]} as unknown as DocumentNode<QuoteChangesSubscription, QuoteChangesSubscriptionVariables>;