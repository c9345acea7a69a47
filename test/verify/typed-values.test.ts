import { buildSchema, executeSync, type GraphQLScalarType, parse, specifiedScalarTypes, validate } from 'graphql';
import { resolvers } from 'graphql-scalars';
import { describe, expect, it } from 'vitest';
import type { DescribedCollection } from '../../src/described/described-collection.ts';
import { matchesValue } from '../../src/verify/check/value-filter.ts';
import { Dice } from '../../src/verify/workload/dice.ts';
import { SCALAR_SAMPLES } from '../../src/verify/workload/scalar-samples.ts';
import { subjectOf } from '../../src/verify/workload/typed-subject.ts';
import { TypedValues } from '../../src/verify/workload/typed-values.ts';
import { typedCollection } from '../support/described/described.ts';
import { typedSdl } from '../support/described/typed-sdl.ts';

const SCHEMA = buildSchema(typedSdl());
const RUN_ID = '0123abcd';

/** Why the value is no input of the type. */
function problemsOf(type: string, value: unknown): string[] {
  const document = parse(`query ($value: ${type}) { __typename }`);
  const { errors = [] } = executeSync({ schema: SCHEMA, document, variableValues: { value } });
  return errors.map(({ message }) => message);
}

/** A collection whose value has these fields of scalars, besides its key. */
function collectionOf(fields: Readonly<Record<string, string>>): DescribedCollection {
  const described = Object.entries(fields).map(([name, scalar]) => {
    return { name, type: { kind: 'scalar', name: scalar, isNullable: false } as const };
  });
  const quotes = typedCollection('quotes');
  return { ...quotes, fields: described, inputFields: described, valueFields: described };
}

it('a wrong input is told from a right one', () => {
  expect(problemsOf('QuoteInput', { symbol: 'A', price: 'x', tags: [] }).length).toBe(1);
});

describe('the values that seamline verify makes for a typed collection', () => {
  it.each(['quotes', 'people'] as const)(
    'the values of %s are valid inputs, each different from the others',
    (plural) => {
      const collection = typedCollection(plural);
      const subject = subjectOf(collection, RUN_ID);
      const dice = new Dice(1);
      const { keys, stillKeys } = subject.roundKeys(3, { keys: 200, stillKeys: 1200 });
      const values = keys.flatMap((_, n) => [subject.madeValue(dice, `w1-${n}`), subject.plainValue(n)]);
      expect(new Set(values).size).toBe(values.length);
      expect(new Set([...keys, ...stillKeys]).size).toBe(1400);
      for (const [index, value] of values.entries()) {
        const { input } = subject.insertOneVariables({ key: keys[index >> 1] ?? '', value }) as { input: object };
        expect(problemsOf(`${collection.names.name}Input`, input)).toEqual([]);
      }
    },
  );

  it('the value of a delivered item is the text that was sent, without its nulls and what the server adds', () => {
    const subject = subjectOf(typedCollection('quotes'), RUN_ID);
    const added = { timestamp: '2026-01-01T00:00:00.000Z', expiresAt: null, cursor: 'c', id: 'A' };
    const own = { symbol: 'A', price: 1, venue: null, tags: [], lines: [null, { count: 1 }], at: null };
    const { key, value } = subject.entryOf({ ...own, ...added });
    expect({ key, value }).toEqual({ key: 'A', value: '{"price":1,"tags":[],"lines":[null,{"count":1}]}' });
    const { input } = subject.insertOneVariables({ key, value }) as { input: object };
    expect(input).toEqual({ symbol: 'A', price: 1, tags: [], lines: [null, { count: 1 }] });
  });

  it('the filters on values have the form of the collection, and select some of the values', () => {
    const subject = subjectOf(typedCollection('quotes'), RUN_ID);
    const dice = new Dice(2);
    const values = Array.from({ length: 100 }, (_, n) => JSON.parse(subject.madeValue(dice, `w0-${n}`)) as unknown);
    const shares = Array.from({ length: 300 }, () => {
      const where = subject.whereFilter(dice);
      const sent = subject.filterVariable({ keyPrefix: 'p', where });
      expect(problemsOf('QuoteFilter', sent)).toEqual([]);
      return values.filter((value) => matchesValue(value, where)).length;
    });
    expect(shares.filter((share) => share > 0 && share < 100).length).toBeGreaterThan(150);
    expect(subject.whereKinds.length).toBe(3);
  });

  it('the keys of an Int are numbers of 32 bits, and those of a round begin with its prefix', () => {
    const subject = subjectOf(typedCollection('people'), 'ffffffff');
    const { prefix, stem, keys, stillKeys } = subject.roundKeys(99, { keys: 200, stillKeys: 1200 });
    for (const key of [...keys, ...stillKeys]) {
      expect(String(subject.keyVariable(key))).toBe(key);
      expect(Number(key) | 0).toBe(Number(key));
      expect(key.startsWith(prefix) && prefix.startsWith(subject.runPrefix)).toBe(true);
    }
    for (const digit of '123456789') expect(keys.filter((key) => key.startsWith(stem + digit)).length).toBe(10);
  });

  it.each([['Float'], ['Int']])('a field of %s tells the writes apart where there is no text', (scalar) => {
    const values = new TypedValues(collectionOf({ symbol: 'ID', n: scalar }));
    const dice = new Dice(3);
    const made = Array.from({ length: 4000 }, (_, n) => values.made(dice, `w${n % 4}-${n >> 2}`));
    const plain = Array.from({ length: 1200 }, (_, n) => values.plain(n));
    expect(new Set([...made, ...plain]).size).toBe(5200);
  });

  it('a collection without such a field, or with a scalar that has no values, is refused', () => {
    expect(() => new TypedValues(collectionOf({ symbol: 'ID', on: 'Boolean' }))).toThrow(
      /^verify can't tell insertions of Quote apart/,
    );
    expect(() => new TypedValues(collectionOf({ symbol: 'ID', name: 'String', odd: 'Odd' }))).toThrow(
      'verify has no values of the scalar Odd, which Quote.odd requires',
    );
  });

  it('each sample of a scalar is what a server gives out after it was inserted', () => {
    const dice = new Dice(4);
    for (const [name, sample] of SCALAR_SAMPLES) {
      const scalar = ((resolvers as Record<string, unknown>)[name] ??
        specifiedScalarTypes.find((one) => one.name === name)) as GraphQLScalarType | undefined;
      expect([name, scalar?.name]).toEqual([name, name]);
      for (let count = 0; count < 20; count++) {
        const value = sample(dice);
        const stored = scalar?.parseValue(structuredClone(value));
        expect([name, JSON.stringify(scalar?.serialize(stored))]).toEqual([name, JSON.stringify(value)]);
        expect([name, JSON.stringify(scalar?.serialize(value))]).toEqual([name, JSON.stringify(value)]);
      }
    }
  });

  it('the documents of a subject are valid for the schema of its collection', () => {
    for (const plural of ['quotes', 'people'] as const)
      for (const document of Object.values(subjectOf(typedCollection(plural), RUN_ID).documents))
        expect(validate(SCHEMA, parse(String(document)))).toEqual([]);
  });
});
