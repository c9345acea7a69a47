import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, compareCodePoints, jsonEquals } from '../../../../src/core/input/where/json-equality.ts';
import { lookup, parsePointer, pointerProblem } from '../../../../src/core/input/where/json-pointer.ts';
import { substringTest } from '../../../../src/core/input/where/substring.ts';
import { parseJson } from '../../../../src/core/model/json.ts';
import { madeValue } from '../../../support/where/made-filters.ts';

/** The document of RFC 6901, section 5. */
const DOCUMENT = {
  foo: ['bar', 'baz'],
  '': 0,
  'a/b': 1,
  'c%d': 2,
  'e^f': 3,
  'g|h': 4,
  'i\\j': 5,
  'k"l': 6,
  ' ': 7,
  'm~n': 8,
};

describe('a JSON Pointer', () => {
  it.each<[string, unknown]>([
    ['', DOCUMENT],
    ['/foo', ['bar', 'baz']],
    ['/foo/0', 'bar'],
    ['/', 0],
    ['/a~1b', 1],
    ['/c%d', 2],
    ['/e^f', 3],
    ['/g|h', 4],
    ['/i\\j', 5],
    ['/k"l', 6],
    ['/ ', 7],
    ['/m~0n', 8],
    ['/foo/2', undefined],
    ['/foo/-', undefined],
    ['/foo/01', undefined],
    ['/foo/', undefined],
    ['/foo/0/0', undefined],
    ['/__proto__', undefined],
    ['/constructor/name', undefined],
  ])('%j leads where RFC 6901 says', (text, expected) => {
    expect(pointerProblem(text)).toBeUndefined();
    expect(lookup(DOCUMENT, parsePointer(text).steps)).toEqual(expected);
  });

  it('"~01" is the name "~1", and null is somewhere', () => {
    expect(lookup({ '~1': null }, parsePointer('/~01').steps)).toBeNull();
  });

  it('a number that no double holds has no members', () => {
    expect(lookup(parseJson('1e400'), parsePointer('/source').steps)).toBeUndefined();
  });
});

describe('equality of JSON', () => {
  it('two values are equal exactly when their canonical texts are', () => {
    fc.assert(
      fc.property(madeValue, madeValue, (a, b) => {
        expect(jsonEquals(a, b)).toBe(canonicalJson(a) === canonicalJson(b));
        expect(jsonEquals(a, structuredClone(a))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('a number that no double holds equals nothing', () => {
    const unkept = parseJson('1e400');
    expect(jsonEquals(unkept, unkept)).toBe(false);
    expect(jsonEquals(unkept, { source: '1e400' })).toBe(false);
  });

  it('texts are ordered by code points, as their UTF-8 is', () => {
    const unit = fc.constantFrom('a', 'b', '\ud7ff', '\ue000', '\uff5e', '😀', '😁', '\u{10ffff}');
    const text = fc.array(unit, { maxLength: 4 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareCodePoints(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a search for a substring', () => {
  it('finds what the native search finds, whatever repeats in the text and in the part', () => {
    const repeated = fc
      .array(fc.tuple(fc.constantFrom('a', 'b', 'ab', 'aab', '😀'), fc.nat({ max: 40 })), { maxLength: 4 })
      .map((runs) => runs.map(([text, count]) => text.repeat(count)).join(''));
    fc.assert(
      fc.property(repeated, repeated, repeated, (part, before, after) => {
        const isPart = substringTest(part);
        expect(isPart(before)).toBe(before.includes(part));
        expect(isPart(before + part + after)).toBe(true);
        expect(isPart(before + part.slice(1) + after)).toBe((before + part.slice(1) + after).includes(part));
      }),
      { numRuns: 2000 },
    );
  });

  it('finds a part that begins within a failed attempt, however the part overlaps itself', () => {
    const unit = fc.constantFrom('a', 'a', 'a', 'b');
    const part = fc.array(unit, { minLength: 32, maxLength: 48 }).map((units) => units.join(''));
    fc.assert(
      fc.property(part, (whole) => {
        const isPart = substringTest(whole);
        for (let end = 0; end < whole.length; end++) expect(isPart(whole.slice(0, end) + whole)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
