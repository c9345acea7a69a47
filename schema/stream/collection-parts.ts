/** What the building blocks of a stream are made of: the server's `Item`, the collections of an SDL file and a user's `addStream` alike. */
import type { InputRef, ObjectRef, SchemaTypes } from '@pothos/core';
import type { GraphQLResolveInfo } from 'graphql';
import type { ItemFilter } from '../../src/core/input/item-filter.ts';
import type { InsertInput, RemoveOptions } from '../../src/core/input/insert-input.ts';
import type { KeyedInput } from '../../src/core/input/value-rules.ts';
import type { Item, RemovedItem } from '../../src/core/model/change.ts';
import type { StreamingMap } from '../../src/core/streaming-map.ts';
import type { Context } from '../request/context.ts';
import type { FastInsertion } from '../request/fast-insertion.ts';
import type { CollectionNames } from '../sdl/definition.ts';
import type { StreamTexts } from './descriptions.ts';
import type { SharedTypes } from './shared-definitions.ts';

/** What the server needs of a collection. */
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

/** What queries and subscriptions are made of. */
export interface StreamParts extends Pick<CollectionParts, 'names' | 'mapOf' | 'filter' | 'filterOf'> {
  /** The object type that shows an item. */
  readonly type: ObjectRef<SchemaTypes, unknown>;
  /** The source of `type`. @default the item itself */
  readonly sourceOf?: ((item: Item<unknown>) => unknown) | undefined;
  /** Whether the fields of `type` spend the bytes that they show. @default false: an item spends its bytes, whatever is selected of it */
  readonly spendsBytes?: boolean;
  readonly shared: SharedTypes;
  /** What is removed, by the name of its type without `Removed`. */
  readonly removedName: string;
  readonly texts: StreamTexts;
  /** The query field that tells the status. @default `quoteStream` */
  readonly statusField?: string;
  /** What one operation may do, and carries: see `Context`. */
  readonly operationOf: (context: object, info: GraphQLResolveInfo) => Context;
  /** Whether the caller may see an item with this value. @default every value */
  readonly mayBeRead?: ((value: unknown, context: object) => boolean) | undefined;
}

/** What the mutations that insert are made of. */
export interface InsertionParts {
  readonly input: InputRef;
  /** Whether `ttl`, conditions and the idempotency key are arguments beside the input. Otherwise they are members of the input. */
  readonly hasArguments: boolean;
  readonly hasBatch: boolean;
  /** Called before the inputs are read. Throws or rejects for what the caller may not insert. */
  readonly permit?: ((inputs: readonly unknown[], context: object) => Promise<void>) | undefined;
  /** @throws {BadInputError} with paths from the input down */
  readonly insertionOf: (input: unknown, context: object) => Insertable | Promise<Insertable>;
  /** Where the value is in the input. */
  readonly valuePath: readonly string[];
  /** The same of an input as it was sent, for the fast path. */
  readonly plainInsertionOf?: FastInsertion['insertionOf'];
}

/** Without a key where the map derives it. */
export type Insertable = KeyedInput<unknown> & Partial<Pick<InsertInput<unknown>, 'key'>>;

/** What the mutation that removes is made of. */
export interface RemovalParts {
  /** Whether a retry can be told by an `idempotencyKey`. */
  readonly isIdempotent: boolean;
  /** Removes the item. Throws or rejects for what the caller may not remove. @default `StreamingMap.remove` */
  readonly remove?: ((key: string, options: RemoveOptions, context: object) => Promise<RemovedItem | null>) | undefined;
}
