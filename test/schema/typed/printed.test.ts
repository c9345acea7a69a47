/** What clients learn of a server by introspection is what `seamline schema` prints for its file. */
import fc from 'fast-check';
import {
  buildClientSchema,
  buildSchema,
  getIntrospectionQuery,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLSchema,
  isEnumType,
  isSpecifiedScalarType,
  lexicographicSortSchema,
  printSchema,
} from 'graphql';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { run as printSchemaOf } from '../../../src/cli/schema.ts';
import { temporaryDirectory } from '../../support/engines/kept.ts';
import { compose, isMissing } from '../../support/gateway/hive.ts';
import { sdlDefinitions } from '../../support/sdl/definitions.ts';
import { sdlOf } from '../../support/sdl/sdl-of.ts';
import { answerTo, withServers } from '../../support/typed/served-sdl.ts';
import { SEED } from '../../support/typed/seed.ts';

/** `TYPED_RUNS=500` takes some minutes. */
const RUNS = Number(process.env['TYPED_RUNS'] ?? 12);

const sorted = (schema: GraphQLSchema): string => printSchema(lexicographicSortSchema(schema));

const FEDERATION = /^(?:_Any|_Entity|_Service|_?FieldSet|federation__\w+|link__\w+)$/;

const sortedNames = (members: readonly { readonly name: string }[]): string =>
  members
    .map(({ name }) => name)
    .toSorted()
    .join(' ');

/** The types, fields, arguments and values, without those of Apollo Federation and without descriptions. */
const typesOf = (schema: GraphQLSchema): string[] =>
  Object.values(schema.getTypeMap())
    .filter(({ name }) => !name.startsWith('__') && !FEDERATION.test(name))
    .filter((type) => !isSpecifiedScalarType(type))
    .map((type) => {
      if (isEnumType(type)) return `${type.name}: ${sortedNames(type.getValues())}`;
      if (!('getFields' in type)) return type.name;
      const fields = Object.values<GraphQLField<unknown, unknown> | GraphQLInputField>(type.getFields())
        .filter(({ name }) => name !== '_service' && name !== '_entities')
        .map((field) => `${field.name}(${sortedNames('args' in field ? field.args : [])}): ${String(field.type)}`);
      return `${type.name}: ${fields.toSorted().join(', ')}`;
    })
    .toSorted();

/** What the command writes. */
async function printed(args: readonly string[]): Promise<string> {
  let text = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  try {
    expect(await printSchemaOf(args)).toBe(0);
  } finally {
    write.mockRestore();
  }
  return text;
}

describe('the schema of a served SDL file', () => {
  it.each([false, true])(
    'introspection and `_service` say what the printed SDL says, with federation: %s',
    async (federation) => {
      const file = join(temporaryDirectory(), 'random.graphql');
      await fc.assert(
        fc.asyncProperty(sdlDefinitions(), async (sdl) => {
          await withServers(sdl, [{ federation }], async ([server]) => {
            writeFileSync(file, sdlOf(sdl));
            const text = await printed(['--schema', file, ...(federation ? ['--federation'] : [])]);
            const query = getIntrospectionQuery({
              specifiedByUrl: true,
              inputValueDeprecation: true,
              schemaDescription: true,
            });
            // The test starts one.
            const { data, errors } = await answerTo(server!, { query });
            expect(errors).toBeUndefined();
            if (!federation) {
              expect(sorted(buildClientSchema(data as never))).toBe(sorted(buildSchema(text)));
              return;
            }
            const service = await answerTo(server!, { query: '{ _service { sdl } }' });
            expect(service.errors).toBeUndefined();
            const { sdl: subgraph } = (service.data as { _service: { sdl: string } })['_service'];
            // With the newline that the command writes.
            expect(text.trimEnd()).toBe(subgraph.trimEnd());
            // The types of the subgraph are those of introspection, without what serves the gateway.
            expect(typesOf(buildSchema(subgraph, { assumeValidSDL: true }))).toEqual(
              typesOf(buildClientSchema(data as never)),
            );
            for (const { name, key } of sdl.collections)
              expect(subgraph).toContain(`type ${name} @key(fields: "${key.name}") {`);
            if (isMissing) return;
            expect(compose([{ name: 'random', sdl: subgraph }]).errors ?? []).toEqual([]);
          });
        }),
        { ...SEED, numRuns: RUNS, endOnFailure: true },
      );
    },
    60_000 + RUNS * 1000,
  );
});
