import { assertValidSchema, buildSchema, printSchema } from 'graphql';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unfitItem } from '../../../schema/typed/unfit-item.ts';
import { sdlDefinitions } from '../../support/sdl/definitions.ts';
import { literalOf, madeObject, selectionOf, shownOf } from '../../support/typed/made-values.ts';
import { typedSchema } from '../../support/typed/typed-schema.ts';
import { SEED } from '../../support/typed/seed.ts';

/** `TYPED_RUNS=2000` takes some minutes. */
const RUNS = Number(process.env['TYPED_RUNS'] ?? 60);

const withValues = sdlDefinitions().chain((sdl) => {
  const [collection] = sdl.collections;
  if (!collection) throw new Error('a definition has a collection');
  return fc.record({
    sdl: fc.constant(sdl),
    collection: fc.constant(collection),
    values: fc.array(
      madeObject(sdl, collection).filter(
        ({ stored }) => (stored as Record<string, unknown>)[collection.key.name] !== '',
      ),
      { minLength: 5, maxLength: 5 },
    ),
  });
});

const WRONG: readonly unknown[] = [
  null,
  'x',
  '',
  5,
  -1.5,
  true,
  [],
  [[]],
  {},
  { a: 1 },
  [null],
  'RED',
  '\ud800',
  2 ** 40,
];

describe('schemas of random SDL files', () => {
  it('a schema is valid, and its printed SDL builds again', () => {
    fc.assert(
      fc.property(sdlDefinitions(), (sdl) => {
        const { schema } = typedSchema(sdl);
        assertValidSchema(schema);
        const printed = printSchema(schema);
        expect(printSchema(buildSchema(printed))).toBe(printed);
      }),
      { ...SEED, numRuns: RUNS },
    );
  });

  it('a value of the type is stored without its nulls, fits, and comes out equal', async () => {
    await fc.assert(
      fc.asyncProperty(withValues, async ({ sdl, collection, values }) => {
        const { run, stored, partsOf } = typedSchema(sdl);
        const unfit = unfitItem(sdl, collection);
        const { name, key } = collection;
        const selection = selectionOf(sdl, collection);
        for (const [index, made] of values.entries()) {
          const isLiteral = index % 2 === 1;
          const result = isLiteral
            ? await run(`{ put${name}(input: ${literalOf(sdl, collection, made.sent)}) ${selection} }`)
            : await run(`query ($input: ${name}Input!) { put${name}(input: $input) ${selection} }`, {
                input: made.sent,
              });
          expect(result.errors).toBeUndefined();
          expect(withoutTypenames(result.data?.[`put${name}`])).toEqual(shownOf(sdl, collection, made.stored));
          const keyed = { key: String((made.stored as Record<string, unknown>)[key.name]), value: made.stored };
          expect(stored).toEqual([keyed]);
          expect(JSON.stringify(stored)).toBe(JSON.stringify([keyed]));
          expect(unfit(keyed)).toBeUndefined();
          const plain = partsOf(name).plainValueOf(made.sent);
          expect(JSON.stringify(plain)).toBe(JSON.stringify(keyed));
        }
      }),
      { ...SEED, numRuns: RUNS },
    );
  });

  it('the fast path takes no input that graphql-js refuses, and stores the same', async () => {
    let [refused, taken] = [0, 0];
    const damaged = withValues.chain((made) =>
      fc.record({
        made: fc.constant(made),
        damages: fc.array(fc.tuple(fc.nat(), fc.constantFrom(...WRONG)), { minLength: 10, maxLength: 10 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(damaged, async ({ made: { sdl, collection, values }, damages }) => {
        const { run, stored, partsOf } = typedSchema(sdl);
        const { name } = collection;
        for (const [index, [at, wrong]] of damages.entries()) {
          const sent = structuredClone(values[index % values.length]?.sent);
          const path = damage(sent as object, at, wrong);
          const result = await run(`query ($input: ${name}Input!) { put${name}(input: $input) { cursor } }`, {
            input: sent,
          });
          const plain = partsOf(name).plainValueOf(sent);
          if (result.errors) {
            refused++;
            expect(plain).toBeUndefined();
            const text = JSON.stringify(result.errors);
            // Where a value lacks a member, or has one too many, the path may end above it or below it.
            expect(text).toContain(String(path[0]));
            for (const { extensions } of result.errors)
              expect(extensions['code'] ?? 'BAD_USER_INPUT').toBe('BAD_USER_INPUT');
          } else if (plain) {
            taken++;
            expect(JSON.stringify([plain])).toBe(JSON.stringify(stored));
          }
        }
      }),
      { ...SEED, numRuns: RUNS, endOnFailure: true },
    );
    expect(refused).toBeGreaterThan(RUNS);
    expect(taken).toBeGreaterThan(RUNS / 2);
  });
});

/** Replaces a member anywhere in the value, and returns its path. */
function damage(value: object, at: number, wrong: unknown): (string | number)[] {
  const places: { readonly holder: Record<string, unknown>; readonly path: (string | number)[] }[] = [];
  const visit = (holder: object, path: (string | number)[]): void => {
    for (const [name, member] of Object.entries(holder)) {
      places.push({ holder: holder as Record<string, unknown>, path: [...path, name] });
      if (typeof member === 'object' && member !== null) visit(member as object, [...path, name]);
    }
  };
  visit(value, []);
  const place = places[at % places.length];
  if (!place) throw new Error('a value has its key');
  const last = place.path.at(-1);
  place.holder[String(last)] = wrong;
  return place.path;
}

function withoutTypenames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTypenames);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== '__typename')
      .map(([name, member]) => [name, withoutTypenames(member)]),
  );
}
