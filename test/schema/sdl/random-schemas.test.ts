import fc from 'fast-check';
import {
  buildClientSchema,
  buildSchema,
  type GraphQLSchema,
  introspectionFromSchema,
  lexicographicSortSchema,
  printSchema,
  validateSchema,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import type { SdlDefinition } from '../../../schema/sdl/definition.ts';
import { generatedNames } from '../../../schema/sdl/generated-names.ts';
import { createSchema } from '../../../schema/index.ts';
import { sdlDefinitions } from '../../support/sdl/definitions.ts';

const schemaOf = createSchema as unknown as (options: { readonly definition: SdlDefinition }) => GraphQLSchema;

/** Types that every schema has or may have, whatever the file. */
const SHARED = (
  'Query Mutation Subscription RemovedItem RemovalReason OnLag PageInfo StreamStatus ' +
  'DateTime JSON ID String Int Float Boolean'
).split(' ');

const sorted = (schema: GraphQLSchema): string => printSchema(lexicographicSortSchema(schema));

describe('the schema of a random definition', () => {
  it('the schema is valid, and introspection says what its printed SDL says', () => {
    fc.assert(
      fc.property(sdlDefinitions(), (definition) => {
        const schema = schemaOf({ definition });
        expect(validateSchema(schema)).toEqual([]);
        const introspected = buildClientSchema(introspectionFromSchema(schema));
        expect(sorted(introspected)).toBe(sorted(buildSchema(printSchema(schema))));
      }),
    );
  });

  it('the schema has no type besides those of the file, the shared ones and the generated names', () => {
    fc.assert(
      fc.property(sdlDefinitions(), (definition) => {
        const { collections, objects, enums, scalars } = definition;
        const known = new Set([
          ...SHARED,
          ...[...collections, ...objects, ...enums, ...scalars, ...generatedNames(definition)].map(({ name }) => name),
        ]);
        const made = Object.keys(schemaOf({ definition }).getTypeMap()).filter((name) => !name.startsWith('__'));
        expect(made.filter((name) => !known.has(name))).toEqual([]);
        for (const { name } of collections) expect(made).toContain(name);
      }),
    );
  });
});
