/** A collection of the server, made of the building blocks. */
import type { CollectionParts, InsertionParts, StreamParts } from '../stream/collection-parts.ts';
import type { Context } from '../request/context.ts';
import { type StreamTexts, textsOf } from '../stream/descriptions.ts';
import { addInsertions, addRemoval } from '../stream/mutations.ts';
import { addQueries } from '../stream/queries.ts';
import { sharedTypes } from '../stream/shared-definitions.ts';
import type { StreamBuilder } from '../stream/stream-builder.ts';
import { addSubscriptions } from '../stream/subscriptions.ts';

/** Adds a collection whose inputs are the values. */
export function addTypedCollection(builder: StreamBuilder, parts: CollectionParts): StreamParts {
  const { names, input, keyedValueOf, plainValueOf } = parts;
  const stream = { ...serverStream(builder, parts, textsOf(names.name)), spendsBytes: true };
  return addCollection(builder, stream, {
    input,
    hasArguments: true,
    hasBatch: true,
    insertionOf: keyedValueOf,
    valuePath: [],
    plainInsertionOf: plainValueOf,
  });
}

export function addCollection(builder: StreamBuilder, stream: StreamParts, insertions: InsertionParts): StreamParts {
  addQueries(builder, stream);
  addInsertions(builder, stream, insertions);
  addRemoval(builder, stream, { isIdempotent: true });
  addSubscriptions(builder, stream);
  return stream;
}

/** Transports make a context for each operation, and collections share the type of what is removed. */
export function serverStream(
  builder: StreamBuilder,
  { names, mapOf, type, filter, filterOf }: Pick<CollectionParts, 'names' | 'mapOf' | 'type' | 'filter' | 'filterOf'>,
  texts: StreamTexts,
): StreamParts {
  const operationOf = (context: object): Context => context as Context;
  const shared = sharedTypes(builder);
  return { names, mapOf, type, filter, filterOf, texts, shared, removedName: 'Item', operationOf };
}
