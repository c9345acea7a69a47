import SchemaBuilder from '@pothos/core';
import ValidationPlugin from '@pothos/plugin-validation';
import { DateTimeResolver } from 'graphql-scalars';
import type { Context } from '../request/context.ts';
import { inputError } from '../request/errors.ts';
import { jsonScalar } from '../request/json-scalar.ts';
import { JSON_DESCRIPTION } from '../stream/descriptions.ts';

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

/** Makes a builder for one schema. Builders share nothing. */
export function createBuilder() {
  const builder = new SchemaBuilder<SchemaTypes>({
    plugins: [ValidationPlugin],
    defaultFieldNullability: false,
    validation: { validationError: ({ issues }) => inputError(issues) },
  });
  builder.addScalarType('JSON', jsonScalar(), { description: JSON_DESCRIPTION });
  builder.addScalarType('DateTime', DateTimeResolver, { description: 'RFC 3339, in UTC, with milliseconds.' });
  return builder;
}
