/** The check of typed values in SQL, against that of the nodes: values of random types, with and without something wrong. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { CollectionDefinition, ObjectDefinition, SdlDefinition } from '../../../../schema/sdl/definition.ts';
import { unfitItem } from '../../../../schema/typed/unfit-item.ts';
import { describeWithPostgres } from '../../../support/engines/postgres.ts';
import { Dice } from '../../../support/random/dice.ts';
import { Damager, UNKEPT, UNKEPT_MARK } from '../../../support/typed/damages.ts';
import type { MadeValue } from '../../../support/typed/made-values.ts';
import { exactJson, keyOf, scenes } from '../../../support/typed/served-sdl.ts';
import { SEED } from '../../../support/typed/seed.ts';
import { type Pair, SqlCheck } from '../../../support/typed/sql-check.ts';

/** `TYPED_RUNS=2000` takes some minutes. */
const RUNS = Number(process.env['TYPED_RUNS'] ?? 150);
const DAMAGES = 12;

/** A jsonb holds neither, so a statement with one fails before anything is checked. */
const NOT_JSONB = /^(surrogate|levels)/;

/** What fits with an unknown field is stored already: an insertion is refused. */
const UNKNOWN = /^(?:value|.*): the type \w+ has no field "/;

/** Numbers have another notation in SQL. */
const withoutNumber = (problem: string | undefined): string | undefined =>
  problem?.replace(/got -?\d[\d.e+]*$/, 'got …');

/** The fields of the whole value, and of all objects in it, in another order. */
const reversed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, member]) => [name, reversed(member)])
      .toReversed(),
  );
};

/** Whether an object of a known type has a field that the type lacks. */
function hasUnknown(sdl: SdlDefinition, { fields }: ObjectDefinition, value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.entries(value).some(([name, member]) => {
    const field = fields.find((one) => one.name === name);
    if (!field) return true;
    let { type } = field;
    let members = [member as unknown];
    while (type.kind === 'list') {
      members = members.flatMap((one) => (Array.isArray(one) ? (one as unknown[]) : []));
      type = type.of;
    }
    const { name: inner } = type;
    const object = sdl.objects.find((one) => one.name === inner);
    return object !== undefined && members.some((one) => hasUnknown(sdl, object, one));
  });
}

const jsonOf = (value: unknown): string => exactJson(value).replaceAll(`"${UNKEPT_MARK}"`, UNKEPT);

function pairsOf(sdl: SdlDefinition, collection: CollectionDefinition, dice: Dice, made: MadeValue): Pair[] {
  const { stored, sent } = made;
  const key = keyOf(collection, stored);
  const pairs: Pair[] = [
    { key, json: jsonOf(stored) },
    { key, json: jsonOf(reversed(stored)) },
    // In another notation, and with nulls.
    { key, json: jsonOf(sent) },
    { key: `${key}0`, json: jsonOf(stored) },
    ...['null', '5', '"text"', '[]', '{}'].map((json) => ({ key, json })),
  ];
  const damager = new Damager(sdl, dice);
  for (let round = 0; round < DAMAGES; round++) {
    const damage = damager.damage(collection, collection.key.name, stored);
    if (damage && !NOT_JSONB.test(damage.what)) pairs.push({ key, json: jsonOf(damage.input) });
  }
  return pairs;
}

describeWithPostgres('values of random types', (start) => {
  it(
    'SQL refuses the values that a node would not start with, with the same words, and those with an unknown field',
    async () => {
      const server = await start();
      const check = await SqlCheck.on(await server.client());
      const counts = { fit: 0, unfit: 0, unknown: 0 };
      await fc.assert(
        fc.asyncProperty(scenes(2, 2), async ({ sdl, collection, seed, values }) => {
          const dice = new Dice(seed);
          const unfit = unfitItem(sdl, collection);
          const pairs = values.flatMap((made) => pairsOf(sdl, collection, dice, made));
          const misfits = await check.misfits(sdl, collection, pairs);
          for (const [at, { key, json }] of pairs.entries()) {
            const value: unknown = JSON.parse(json);
            const problem = unfit({ key, value });
            const misfit = withoutNumber(misfits[at]);
            if (!hasUnknown(sdl, collection, value)) {
              counts[problem === undefined ? 'fit' : 'unfit']++;
              expect({ json, misfit }).toEqual({ json, misfit: withoutNumber(problem) });
            } else {
              counts.unknown++;
              const expected = problem === undefined ? UNKNOWN : /./;
              expect({ json, misfit }).toEqual({ json, misfit: expect.stringMatching(expected) as unknown });
            }
          }
        }),
        { ...SEED, numRuns: RUNS, endOnFailure: true },
      );
      expect(Math.min(...Object.values(counts))).toBeGreaterThan(RUNS / 2);
    },
    60_000 + RUNS * 1000,
  );

  it('a value of many levels of a type that contains itself is checked to its end', async () => {
    const server = await start();
    const check = await SqlCheck.on(await server.client());
    const nullable = (name: string) => ({ kind: 'named', name, isNullable: true }) as const;
    const plain = { description: undefined, deprecationReason: undefined };
    const node: ObjectDefinition = {
      name: 'Node',
      description: undefined,
      fields: [
        { name: 'next', type: nullable('Node'), ...plain },
        { name: 'count', type: nullable('Int'), ...plain },
      ],
    };
    const collection: CollectionDefinition = {
      name: 'Chain',
      singular: 'chain',
      plural: 'chains',
      key: { name: 'id', type: 'ID' },
      description: undefined,
      fields: [{ name: 'id', type: { kind: 'named', name: 'ID', isNullable: false }, ...plain }, ...node.fields],
      ttl: undefined,
      maxItems: undefined,
      maxBytes: undefined,
      window: undefined,
    };
    const sdl: SdlDefinition = { collections: [collection], objects: [node], enums: [], scalars: [] };
    const chain = (end: unknown): string => {
      let value: unknown = end;
      for (let level = 0; level < 60; level++) value = { next: value };
      return JSON.stringify({ id: 'a', next: value });
    };
    const [fit, unfit] = await check.misfits(sdl, collection, [
      { key: 'a', json: chain({ count: 1 }) },
      { key: 'a', json: chain({ count: 1.5 }) },
    ]);
    expect(fit).toBeUndefined();
    expect(unfit).toMatch(/^(next\.){61}count: must be an Int, got 1\.5$/);
  });
});
