/** A stream of typed items in the user's own Pothos schema. */
import type { InputRef, SchemaTypes } from '@pothos/core';
import { addStreamMutations } from './mutations.ts';
import { plainOptions, type PlainOptions, type StreamOptions } from './options.ts';
import { addStreamSubscriptions } from './subscriptions.ts';
import { changeTypes, sharedTypes, type StreamBuilder } from './parts.ts';

/**
 * Adds to the builder, for a type `Quote`, the subscriptions `quotes` and `quoteChanges`, and what `input`, `batch` and `remove` ask for:
 * the mutations `insertQuote`, `insertQuotes`, `removeQuote`. The builder needs its subscription type, and for mutations that one.
 * Throws a `RangeError` for options that make no sense.
 */
export function addStream<Types extends SchemaTypes, Value, Input extends InputRef = never>(
  builder: PothosSchemaTypes.SchemaBuilder<Types>,
  options: StreamOptions<Types, Value, Input>,
): void {
  const own = builder as unknown as StreamBuilder;
  const plain = plainOptions(options as unknown as Partial<PlainOptions>);
  const shared = sharedTypes(own);
  const changes = changeTypes(own, { ...shared, name: plain.name, type: plain.type as never });
  addStreamSubscriptions(own, plain, { ...shared, ...changes });
  addStreamMutations(own, plain, changes);
}
