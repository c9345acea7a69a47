import fc from 'fast-check';
import { buildSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { parseSdlFile } from '../../../schema/sdl/parse-sdl-file.ts';
import { sdlDefinitions } from '../../support/sdl/definitions.ts';
import { sdlOf } from '../../support/sdl/sdl-of.ts';

const DIRECTIVE = `directive @collection(
  key: String!, plural: String, ttl: Int, maxItems: Float, maxBytes: Float, window: Float
) on OBJECT
type Query { a: Int }`;

describe('an SDL file of a random definition', () => {
  it('parseSdlFile reads the file of any definition as that definition', () => {
    fc.assert(
      fc.property(sdlDefinitions(), (definition) => {
        expect(parseSdlFile(sdlOf(definition), 'schema.graphql')).toEqual(definition);
      }),
      { numRuns: 500 },
    );
  });

  it('graphql-js takes the file of any definition for a valid schema', () => {
    fc.assert(
      fc.property(sdlDefinitions(), (definition) => {
        const schema = buildSchema(`${sdlOf(definition)}\n${DIRECTIVE}`);
        for (const { name } of definition.collections) expect(schema.getType(name)).toBeDefined();
      }),
    );
  });
});
