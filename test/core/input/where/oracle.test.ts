import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lookup } from '../../../../src/core/input/where/json-pointer.ts';
import { predicateOf } from '../../../../src/core/input/where/predicate.ts';
import { valueFilter, type ValueFilterInput } from '../../../../src/core/input/where/where-filter.ts';
import { madeFilter, madeValue, reversed } from '../../../support/where/made-filters.ts';
import { oracleMatches } from '../../../support/where/oracle.ts';

/** `WHERE_PAIRS=1000000` takes some minutes. */
const PAIRS = Number(process.env['WHERE_PAIRS'] ?? 20_000);

describe('filters on values', () => {
  it(
    'a compiled filter matches what an interpreter of the same input matches',
    () => {
      let matched = 0;
      fc.assert(
        fc.property(madeValue, madeFilter, (value, input) => {
          const { condition, equalities } = valueFilter(input);
          const matches = predicateOf(condition)(value);
          expect(matches).toBe(oracleMatches(value, { ...input }));
          if (!matches) return;
          matched++;
          // An index relies on the equalities of a filter that matches.
          for (const { pointer, values } of equalities) expect(values).toContain(lookup(value, pointer.steps));
        }),
        { numRuns: PAIRS },
      );
      // Pairs that nearly all match, or nearly all don't, would show little.
      expect(matched / PAIRS).toBeGreaterThan(0.2);
      expect(matched / PAIRS).toBeLessThan(0.8);
    },
    60_000 + PAIRS,
  );

  it('filters that differ only in order have the same name, and the name is an equal filter', () => {
    fc.assert(
      fc.property(madeFilter, (input) => {
        const { name } = valueFilter(input);
        expect(valueFilter(reversed(input) as ValueFilterInput).name).toBe(name);
        expect(valueFilter(JSON.parse(name) as ValueFilterInput).name).toBe(name);
      }),
      { numRuns: 2000 },
    );
  });

  it('filters with the same name match the same values', () => {
    fc.assert(
      fc.property(madeFilter, fc.array(madeValue, { minLength: 5, maxLength: 10 }), (input, values) => {
        const [matches, same] = [input, JSON.parse(valueFilter(input).name) as ValueFilterInput].map((one) =>
          predicateOf(valueFilter(one).condition),
        );
        expect(values.map((value) => matches?.(value))).toEqual(values.map((value) => same?.(value)));
      }),
      { numRuns: 1000 },
    );
  });
});
