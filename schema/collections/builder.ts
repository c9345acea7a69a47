import SchemaBuilder from '@pothos/core';
import ValidationPlugin from '@pothos/plugin-validation';
import { DateTimeResolver } from 'graphql-scalars';
import type { Context } from '../request/context.ts';
import { inputError } from '../request/errors.ts';
import { jsonScalar } from '../request/json.ts';

type JsonInput = string | number | boolean | object;

export interface SchemaTypes {
  Context: Context;
  DefaultFieldNullability: false;
  Scalars: {
    ID: { Input: string; Output: string };
    JSON: { Input: JsonInput; Output: unknown };
    DateTime: { Input: Date; Output: Date };
  };
}

export type Builder = ReturnType<typeof createBuilder>;

/** Each schema has a builder of its own: what is added to one is nobody else's. */
export function createBuilder() {
  const builder = new SchemaBuilder<SchemaTypes>({
    plugins: [ValidationPlugin],
    defaultFieldNullability: false,
    validation: { validationError: ({ issues }) => inputError(issues) },
  });
  builder.addScalarType('JSON', jsonScalar(), { description: 'Any JSON value.' });
  builder.addScalarType('DateTime', DateTimeResolver, { description: 'RFC 3339, in UTC, with milliseconds.' });
  return builder;
}
