import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lookup } from '../../../src/core/input/where/json-pointer.ts';
import { sdlDefinitions } from '../../support/sdl/definitions.ts';
import { madeObject, samplesOf } from '../../support/typed/made-values.ts';
import { madeWhere } from '../../support/typed/made-wheres.ts';
import { TypedOracle } from '../../support/typed/typed-oracle.ts';
import { typedSchema } from '../../support/typed/typed-schema.ts';
import { SEED } from '../../support/typed/seed.ts';

/** `TYPED_RUNS=2000` takes some minutes. */
const RUNS = Number(process.env['TYPED_RUNS'] ?? 60);

const scenes = sdlDefinitions().chain((sdl) => {
  const [collection] = sdl.collections;
  if (!collection) throw new Error('a definition has a collection');
  return fc.record({
    sdl: fc.constant(sdl),
    collection: fc.constant(collection),
    wheres: fc.array(madeWhere(sdl, collection), { minLength: 10, maxLength: 10 }),
    values: fc.array(madeObject(sdl, collection), { minLength: 10, maxLength: 10 }),
  });
});

describe('typed filters', () => {
  it(
    'a filter matches what an interpreter of the same filter matches',
    async () => {
      let [matched, pairs] = [0, 0];
      await fc.assert(
        fc.asyncProperty(scenes, async ({ sdl, collection, wheres, values }) => {
          const { run, filters } = typedSchema(sdl);
          const normal = (name: string, operand: unknown): unknown =>
            samplesOf(sdl, name).find(({ sent }) => sent === operand)?.stored;
          const oracle = new TypedOracle(sdl, normal);
          const { name } = collection;
          for (const where of wheres) {
            const query = `query ($where: ${name}Where!) { find${name}(filter: { where: $where }) }`;
            const result = await run(query, { where: bare(where) });
            if (result.errors?.[0]?.message.includes('first 64 operators')) continue;
            expect(result.errors).toBeUndefined();
            const filter = filters[0]?.where;
            for (const { stored } of values) {
              const matches = filter?.matches(stored);
              expect(matches).toBe(oracle.matches(collection, where, stored));
              pairs++;
              if (!matches) continue;
              matched++;
              for (const { pointer, values: equal } of filter?.equalities ?? [])
                expect(equal).toContain(lookup(stored, pointer.steps));
            }
          }
        }),
        { ...SEED, numRuns: RUNS },
      );
      expect(matched / pairs).toBeGreaterThan(0.1);
      expect(matched / pairs).toBeLessThan(0.9);
    },
    60_000 + RUNS * 200,
  );
});

/** Without a prototype: graphql-js takes an inherited `constructor` for a member that is there. */
function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== 'object' || value === null) return value;
  return Object.assign(
    Object.create(null) as object,
    Object.fromEntries(Object.entries(value).map(([name, one]) => [name, bare(one)])),
  );
}
