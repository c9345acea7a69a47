/** Values of few kinds, and conditions on them, so that a value that changes often gains or loses a match. */
import fc from 'fast-check';
import type { ValueFilterInput } from '../../../src/core/input/where/where-filter.ts';

/** What an item holds: `s` and `p` may be missing, null, or of another type. */
export const CONTENTS: readonly unknown[] = [
  { s: 'open' },
  { s: 'open', p: 0 },
  { s: 'open', p: -0 },
  { s: 'open', p: 5, t: ['a', 'b'] },
  { s: 'held', p: 1, t: [] },
  { s: 'held', p: null, t: ['b', { x: 1, y: null }] },
  { s: 'done', p: -1, t: { 0: 'a', length: 1 } },
  { s: 'done', p: 2.5 },
  { s: null, p: 5 },
  { s: 0, p: 'open' },
  { s: '', p: '5' },
  { s: ['open'], p: { p: 0 } },
  { p: 0 },
  { '~s/': 'open', '': 'open' },
  { s: '\u{1f600}', p: true },
  { s: '\uff5e', p: false },
  {},
  [],
  ['open', 0],
  'open',
  0,
  -0,
  5,
  true,
];

/** Those that an index finds, and those that it doesn't. */
const SIMPLE: readonly ValueFilterInput[] = [
  { path: '/s', eq: 'open' },
  { path: '/s', eq: 'held' },
  { path: '/s', eq: null },
  { path: '/s', eq: 0 },
  { path: '/s', in: ['open', 'held'] },
  { path: '/s', in: ['held', 'done', 0] },
  { path: '/p', eq: 0 },
  { path: '/p', eq: -0 },
  { path: '/p', in: [5, 0] },
  { path: '/p', eq: true },
  { path: '/t/0', eq: 'a' },
  { path: '/~0s~1', eq: 'open' },
  { path: '/', eq: 'open' },
  { eq: 'open' },
  { eq: 0 },
  { in: ['open', 5] },
  { path: '/s', eq: 'open', and: [{ path: '/p', gte: 0 }] },
  { path: '/s', eq: 'open', not: { path: '/p', exists: true } },
  {
    and: [
      { path: '/s', eq: 'open' },
      { path: '/p', eq: 0 },
    ],
  },
  {
    and: [
      { path: '/s', eq: 'open' },
      { path: '/s', eq: 'held' },
    ],
  },
  { path: '/s', ne: 'open' },
  { path: '/s', notIn: ['open', 'done'] },
  { path: '/s', ne: null },
  { path: '/p', ne: 0 },
  { path: '/s', exists: true },
  { path: '/p', exists: false },
  { path: '/p', gt: 0 },
  { path: '/p', lte: 0 },
  { path: '/p', gte: 1, lt: 5 },
  { path: '/p', gte: '5' },
  { path: '/s', lt: 'open' },
  { path: '/s', gt: '\uff5e' },
  { path: '/s', startsWith: 'o' },
  { path: '/s', contains: 'e' },
  { path: '/t', contains: 'b' },
  { path: '/t', contains: { x: 1 } },
  { path: '/t', contains: { 0: 'a' } },
  { path: '/t', eq: [] },
  { path: '/p', eq: { p: -0 } },
  { path: '/p', in: [5, ...Array.from({ length: 20 }, (_, n) => 100 + n)] },
  {
    or: [
      { path: '/s', eq: 'open' },
      { path: '/p', eq: 5 },
    ],
  },
  {
    or: [
      { path: '/s', eq: 'open' },
      { path: '/s', eq: 'done' },
    ],
  },
  { not: { path: '/s', eq: 'open' } },
  { not: { path: '/p', gt: 0 } },
  {
    not: {
      or: [
        { path: '/s', exists: false },
        { path: '/p', lt: 5 },
      ],
    },
  },
  { or: [] },
  {},
];

const simple = fc.constantFrom(...SIMPLE);

function nested(levels: number): fc.Arbitrary<ValueFilterInput> {
  if (levels === 0) return simple;
  const part = nested(levels - 1);
  const parts = fc.array(part, { maxLength: 3 });
  return fc.oneof(
    { weight: 4, arbitrary: simple },
    { weight: 1, arbitrary: parts.map((or) => ({ or })) },
    { weight: 1, arbitrary: parts.map((and) => ({ and })) },
    { weight: 1, arbitrary: part.map((not) => ({ not })) },
    { weight: 1, arbitrary: fc.tuple(simple, part).map(([one, not]) => ({ and: [one], not })) },
  );
}

export const where: fc.Arbitrary<ValueFilterInput> = nested(2);

export const content: fc.Arbitrary<unknown> = fc.constantFrom(...CONTENTS);
