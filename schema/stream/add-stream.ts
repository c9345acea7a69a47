import type { InputRef, SchemaTypes } from '@pothos/core';
import { addStreamMutations } from './mutations.ts';
import { plainOptions, type PlainOptions, type StreamOptions } from './options.ts';
import { addStreamSubscriptions } from './subscriptions.ts';
import type { StreamBuilder } from './stream-builder.ts';
import { addChangeTypes, sharedTypes } from './stream-definitions.ts';

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
  const shared = sharedTypes(streamBuilder);
  const { name, type } = plain;
  const changes = addChangeTypes(streamBuilder, { ...shared, name, type: type as never });
  addStreamSubscriptions(streamBuilder, plain, { ...shared, ...changes });
  addStreamMutations(streamBuilder, plain, changes);
}
