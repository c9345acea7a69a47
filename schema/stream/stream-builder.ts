import type { SchemaTypes } from '@pothos/core';

/** A builder with unknown type parameters: every field of a stream states its type and nullability itself. */
export type StreamBuilder = PothosSchemaTypes.SchemaBuilder<PothosSchemaTypes.ExtendDefaultTypes<{ Context: object }>>;

export type StreamTypes =
  StreamBuilder extends PothosSchemaTypes.SchemaBuilder<infer Types extends SchemaTypes> ? Types : never;
