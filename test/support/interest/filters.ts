/** Keys that share prefixes, and filters on them: distinct, equal, overlapping, nested and disjoint ones. */
import fc from 'fast-check';
import { type ItemFilter, itemFilter, type ItemFilterInput } from '../../../src/core/input/item-filter.ts';
import type { ValueFilterInput } from '../../../src/core/input/where/where-filter.ts';
import { where } from './made-where.ts';

/** A filter, with its condition on values as the caller has given it. */
export interface GivenFilter extends ItemFilter {
  readonly given?: ValueFilterInput | undefined;
}

export function givenFilter(input?: ItemFilterInput, allowedPrefix = ''): GivenFilter {
  return { ...itemFilter(input, allowedPrefix), given: input?.where ?? undefined };
}

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

/** Few, so that subscribers share them. */
const SHARED = [
  givenFilter(),
  givenFilter({ keyPrefix: 'a' }),
  givenFilter({ keys: ['a'] }),
  givenFilter({ where: { path: '/s', eq: 'open' } }),
  givenFilter({ where: { path: '/p', gte: 1 } }),
  givenFilter({ keyPrefix: 'a', where: { path: '/s', eq: 'open' } }),
];

/** A third has one of few filters, and more than half a condition on values. */
export const filter: fc.Arbitrary<GivenFilter> = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(...SHARED) },
  {
    weight: 1,
    arbitrary: fc
      .record<ItemFilterInput>({ keys, keyPrefix, where: fc.option(where, { nil: undefined }) })
      .chain((input) => allowed.map((prefix) => givenFilter(input, prefix))),
  },
  { weight: 1, arbitrary: where.map((given) => givenFilter({ where: given })) },
);
