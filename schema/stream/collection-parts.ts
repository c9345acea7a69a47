/** What the building blocks of a stream are made of: the server's `Item`, the collections of an SDL file and a user's `addStream` alike. */
import type { InputRef, ObjectRef, SchemaTypes } from '@pothos/core';
import type { GraphQLResolveInfo } from 'graphql';
import type { ItemFilter } from '../../src/core/input/item-filter.ts';
import type { InsertInput } from '../../src/core/input/insert-input.ts';
import type { Item } from '../../src/core/model/change.ts';
import type { StreamingMap } from '../../src/core/streaming-map.ts';
import type { CollectionNames } from '../sdl/definition.ts';

export interface CollectionParts {
  readonly names: CollectionNames;
  /** Called when an operation runs: a schema that is only printed has no map. */
  readonly mapOf: () => StreamingMap;
  /** The object type of an item. Its source is the `Item` itself: the value beside cursor, timestamp and expiry. */
  readonly type: ObjectRef<SchemaTypes, Item<unknown>>;
  /** The input of the argument `filter`: `ItemFilter`, `QuoteFilter`. */
  readonly filter: InputRef;
  /**
   * The filter that the argument asks for, narrowed to keys with the prefix that the caller may read. Also checks the variables in `info`.
   * @throws {BadInputError} with paths from `filter` down
   */
  readonly filterOf: (given: unknown, keyPrefix: string, info: GraphQLResolveInfo) => ItemFilter;
  /** The input of a value in the mutations `insertQuote(input:)` and `insertQuotes(inputs:)`. */
  readonly input: InputRef;
  /**
   * The key and the value to store, from an input as graphql-js has coerced it.
   * @throws {BadInputError} with paths from the input down
   */
  readonly keyedValueOf: (input: unknown) => Pick<InsertInput<unknown>, 'key' | 'value'>;
  /** The same of an input as it was sent; undefined where it is unusual: see `FastInsertion`. */
  readonly plainValueOf: (input: unknown) => Pick<InsertInput<unknown>, 'key' | 'value'> | undefined;
}
