import SchemaBuilder from '@pothos/core';
import { DateTimeResolver } from 'graphql-scalars';
import { jsonScalar } from '../request/json-scalar.ts';
import { JSON_DESCRIPTION } from '../stream/descriptions.ts';
import { sharedTypes } from '../stream/shared-definitions.ts';
import type { StreamBuilder } from '../stream/stream-builder.ts';

/** Makes a builder for one schema. Builders share nothing. `hasJson`: whether a type of the schema has the scalar JSON. */
export function createBuilder(hasJson = true): StreamBuilder {
  const builder = new SchemaBuilder<{ DefaultFieldNullability: false }>({ defaultFieldNullability: false });
  builder.addScalarType('DateTime' as never, DateTimeResolver, {
    description: 'RFC 3339, in UTC, with milliseconds.',
  });
  if (hasJson) builder.addScalarType('JSON' as never, jsonScalar(), { description: JSON_DESCRIPTION });
  builder.queryType({
    description: 'Reads the current state. All root fields of one query are read at one position.',
  });
  builder.mutationType({
    description: 'When a mutation returns, every subscription on this node has delivered or will deliver its change.',
  });
  builder.subscriptionType({
    description: 'The current state, then every change after it, with nothing lost and nothing repeated in between.',
  });
  // The same builder, of which each field states its type and nullability.
  const streamBuilder = builder as unknown as StreamBuilder;
  sharedTypes(streamBuilder, true);
  return streamBuilder;
}
