import type { InputRef, SchemaTypes } from '@pothos/core';
import { refused } from '../request/errors.ts';
import type { InsertionParts, RemovalParts, StreamParts } from './collection-parts.ts';
import { textsOf } from './descriptions.ts';
import { itemFilterOf } from './filter-inputs.ts';
import { addInsertions, addRemoval } from './mutations.ts';
import { plainOptions, type PlainOptions, type StreamOptions, uncapitalised } from './options.ts';
import { addQueries } from './queries.ts';
import { sharedTypes } from './shared-definitions.ts';
import type { StreamBuilder } from './stream-builder.ts';
import { addSubscriptions } from './subscriptions.ts';

/**
 * Adds a stream of typed items to your own Pothos schema. For an object type `Quote` it adds the subscriptions `quotes` (every current
 * item, then every insertion) and `quoteChanges` (the messages of a mirror). The options `input`, `batch` and `remove` add the
 * mutations `insertQuote`, `insertQuotes` and `removeQuote`. The builder needs its subscription type, and its mutation type for mutations.
 *
 * @throws {RangeError} if the options contradict each other, for example `batch` without `input`
 *
 * @example
 * ```ts
 * const builder = new SchemaBuilder({});
 * builder.queryType({ fields: (t) => ({ hello: t.string({ resolve: () => 'hello' }) }) });
 * builder.subscriptionType({});
 *
 * const Quote = builder.objectRef<{ symbol: string; price: number }>('Quote').implement({
 *   fields: (t) => ({ symbol: t.exposeID('symbol'), price: t.exposeFloat('price') }),
 * });
 * const map = await StreamingMap.open<{ symbol: string; price: number }>({ log: memoryLog(), keyOf: ({ symbol }) => symbol });
 * addStream(builder, { map, type: Quote });
 * ```
 */
export function addStream<Types extends SchemaTypes, Value, Input extends InputRef = never>(
  builder: PothosSchemaTypes.SchemaBuilder<Types>,
  options: StreamOptions<Types, Value, Input>,
): void {
  const streamBuilder = builder as unknown as StreamBuilder;
  const plain = plainOptions(options as unknown as Partial<PlainOptions>);
  const parts = streamParts(streamBuilder, plain);
  addSubscriptions(streamBuilder, parts);
  if (plain.queries) addQueries(streamBuilder, parts);
  const { input } = plain;
  if (input) addInsertions(streamBuilder, parts, insertionParts(plain, input));
  if (plain.remove) addRemoval(streamBuilder, parts, removalParts(plain));
}

function streamParts(
  builder: StreamBuilder,
  { map, type, item, name, plural, scope, mayRead }: PlainOptions,
): StreamParts {
  const shared = sharedTypes(builder);
  const { scheduler } = map.source;
  return {
    names: { name, singular: uncapitalised(name), plural, key: { name: 'key', type: 'ID' } },
    mapOf: () => map,
    // One of them is given.
    type: (item ?? type)!,
    sourceOf: item ? undefined : ({ value }) => value,
    filter: shared.filter,
    filterOf: itemFilterOf,
    shared,
    removedName: name,
    texts: textsOf(name, map.limits.maxBatch),
    operationOf: (context, info) => shared.operations.of(context, info, scheduler, scope),
    mayBeRead: mayRead,
  };
}

function insertionParts({ name, batch, toValue, mayWrite }: PlainOptions, input: InputRef): InsertionParts {
  return {
    input,
    hasArguments: true,
    hasBatch: batch,
    permit:
      mayWrite &&
      (async (inputs, context) => {
        for (const given of inputs) assertAllowed(await mayWrite(given, context), `insert this ${name}`);
      }),
    insertionOf: (given, context) => {
      const value = toValue(given, context);
      return value instanceof Promise ? value.then((made: unknown) => ({ value: made })) : { value };
    },
    valuePath: [],
  };
}

function removalParts({ map, name, mayRemove }: PlainOptions): RemovalParts {
  if (!mayRemove) return { isIdempotent: true };
  return {
    // A retry finds no item to ask about.
    isIdempotent: false,
    remove: async (key, { ifCursor }, context) => {
      const item = map.get(key);
      if (!item) return ifCursor == null ? null : map.remove(key, { ifCursor });
      assertAllowed(await mayRemove(item.value, context), `remove this ${name}`);
      // `ifCursor`, because another value may have been inserted since `mayRemove` was asked.
      return map.remove(key, { ifCursor: ifCursor ?? item.cursor });
    },
  };
}

function assertAllowed(isAllowed: boolean, action: string): void {
  if (!isAllowed) throw refused('FORBIDDEN', `not allowed to ${action}`);
}
