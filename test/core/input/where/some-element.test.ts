import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  all,
  ALWAYS,
  type Condition,
  isIn,
  leaf,
  NEVER,
  not,
  someElement,
} from '../../../../src/core/input/where/condition.ts';
import { lookup, parsePointer, WHOLE } from '../../../../src/core/input/where/json-pointer.ts';
import { predicateOf } from '../../../../src/core/input/where/predicate.ts';
import { ValueFilter, valueFilter } from '../../../../src/core/input/where/where-filter.ts';
import { madeFilter, madeValue } from '../../../support/where/made-filters.ts';
import { oracleMatches } from '../../../support/where/oracle.ts';

const LINES = parsePointer('/lines');
const skuIs = (sku: string): Condition => isIn(parsePointer('/sku'), [sku]);
const holds = (condition: Condition, value: unknown): boolean => predicateOf(condition)(value);

describe('a condition on an element', () => {
  it.each<[boolean, Condition, unknown]>([
    [true, someElement(LINES, skuIs('a')), { lines: [{ sku: 'b' }, { sku: 'a' }] }],
    [false, someElement(LINES, skuIs('a')), { lines: [{ sku: 'b' }, null, 'a', ['a']] }],
    [false, someElement(LINES, skuIs('a')), { lines: [] }],
    [false, someElement(LINES, skuIs('a')), { lines: { 0: { sku: 'a' }, length: 1 } }],
    [false, someElement(LINES, skuIs('a')), { lines: { sku: 'a' } }],
    [false, someElement(LINES, skuIs('a')), { sku: 'a' }],
    [false, someElement(LINES, skuIs('a')), 'lines'],
    // The same element must match all of it.
    [
      false,
      someElement(LINES, all([skuIs('a'), isIn(parsePointer('/amount'), [1])])),
      { lines: [{ sku: 'a' }, { amount: 1 }] },
    ],
    [true, not(someElement(LINES, skuIs('a'))), {}],
    [true, someElement(LINES, not(skuIs('a'))), { lines: [{ sku: 'a' }, null] }],
    [true, someElement(LINES, ALWAYS), { lines: [null] }],
    [false, someElement(LINES, ALWAYS), { lines: [] }],
    [true, someElement(WHOLE, leaf(WHOLE, { kind: 'gt', operand: 1 })), [1, 2]],
    [true, someElement(WHOLE, someElement(WHOLE, isIn(WHOLE, [3]))), [[1], [2, 3]]],
  ])('holds: %j, of %j for %j', (expected, condition, value) => {
    expect(holds(condition, value)).toBe(expected);
  });

  it('an element matches what an interpreter finds to match', () => {
    let matched = 0;
    fc.assert(
      fc.property(
        fc.array(madeValue, { maxLength: 4 }),
        madeFilter,
        fc.constantFrom('', '/a', '/a/0'),
        (list, input, text) => {
          const value = text === '' ? list : text === '/a' ? { a: list } : { a: [list] };
          const condition = someElement(parsePointer(text), valueFilter(input).condition);
          const expected = list.some((element) => oracleMatches(element, { ...input }));
          expect(holds(condition, value)).toBe(expected);
          matched += Number(expected);
        },
      ),
      { numRuns: 3000 },
    );
    expect(matched).toBeGreaterThan(500);
    expect(matched).toBeLessThan(2700);
  });

  it('equal conditions have one name, and others have another', () => {
    const name = (condition: Condition): string => someElement(LINES, condition).name;
    expect(name(skuIs('a'))).toBe('{"path":"/lines","some":{"path":"/sku","eq":"a"}}');
    expect(name(all([skuIs('a'), not(skuIs('b'))]))).toBe(name(all([not(skuIs('b')), skuIs('a')])));
    expect(name(skuIs('a'))).not.toBe(name(skuIs('b')));
    expect(someElement(LINES, NEVER)).toBe(NEVER);
  });

  it('costs more than the same condition on the value itself, and is no equality for an index', () => {
    const [plain, some] = [skuIs('a'), someElement(LINES, skuIs('a'))].map((condition) => new ValueFilter(condition));
    expect(some?.weight).toBeGreaterThan(plain?.weight ?? Infinity);
    expect(some?.equalities).toEqual([]);
    expect(lookup({ lines: [] }, LINES.steps)).toEqual([]);
  });
});
