/** Keys that share prefixes, and filters on them: distinct, equal, overlapping, nested and disjoint ones. */
import fc from 'fast-check';
import { keyFilter, type KeyFilter, type KeyFilterInput } from '../../../src/core/input/key-filter.ts';

export const KEYS: readonly string[] = [
  'a',
  'aa',
  'aaa',
  'aab',
  'ab',
  'abc',
  'b',
  'ba',
  'a/',
  'a/1',
  'a/1/',
  'a/1/x',
  'a/12',
  'a/2',
  'λ',
  'λa',
  '😀',
  '😀b',
  '__proto__',
  'constructor',
];

/** Each key, everything that begins a key or goes on after one, and what no key starts with. */
export const PREFIXES: readonly string[] = [
  ...new Set([
    '',
    ...KEYS.flatMap((key) =>
      Array.from(key, (_, n) =>
        Array.from(key)
          .slice(0, n + 1)
          .join(''),
      ),
    ),
    'aaaa',
    'a/1/xy',
    'c',
    `a/${'1'.repeat(300)}`,
  ]),
];

/** A list with more keys than any structure keeps inline. */
const MANY = [...KEYS.slice(0, 12), ...Array.from({ length: 300 }, (_, n) => `absent ${n}`)];

const keys: fc.Arbitrary<readonly string[] | undefined> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(undefined) },
  { weight: 3, arbitrary: fc.constantFrom(...KEYS).map((key) => [key]) },
  { weight: 2, arbitrary: fc.subarray([...KEYS], { minLength: 2, maxLength: 6 }) },
  { weight: 1, arbitrary: fc.constantFrom<readonly string[]>([], MANY, ['absent'], ['a', 'a', 'a/1']) },
);

const keyPrefix = fc.oneof(
  { weight: 2, arbitrary: fc.constant(undefined) },
  { weight: 3, arbitrary: fc.constantFrom(...PREFIXES) },
);

/** The prefix that a token allows. */
const allowed = fc.oneof(
  { weight: 4, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.constantFrom('a', 'a/', 'a/1', 'b', 'λ') },
);

/** A third has one of few filters, so that subscribers share it. */
export const filter: fc.Arbitrary<KeyFilter> = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(keyFilter(), keyFilter({ keyPrefix: 'a' }), keyFilter({ keys: ['a'] })) },
  {
    weight: 2,
    arbitrary: fc
      .record<KeyFilterInput>({ keys, keyPrefix })
      .chain((input) => allowed.map((prefix) => keyFilter(input, prefix))),
  },
);
