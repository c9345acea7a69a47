/** Values and filters from few names and scalars, so that filters often match, and often nearly. */
import fc from 'fast-check';
import type { ValueFilterInput } from '../../../src/core/input/where/where-filter.ts';

const NAMES = ['a', 'b', '0', '1', '', '~', '/', '__proto__', 'constructor', 'length', 'toJSON'];
const STRINGS = ['', 'a', 'ab', 'b', 'ba', '1', '\uff5e', '😀', '😀a', '\ud7ff', '\ue000', 'null'];
const NUMBERS = [0, -0, 1, -1, 2, 1.5, 2 ** 53, 1e20, 1e21, 5e-324, -1e300];

const name = fc.constantFrom(...NAMES.slice(0, 3), ...NAMES);
const string = fc.constantFrom(...STRINGS);
const number = fc.constantFrom(...NUMBERS);
const scalar = fc.oneof(string, number, fc.constantFrom(true, false, null));

/** `fromEntries` defines `__proto__` as a member. */
const record = (member: fc.Arbitrary<unknown>, maxLength: number): fc.Arbitrary<unknown> =>
  fc.array(fc.tuple(name, member), { maxLength }).map((members) => Object.fromEntries(members));

function json(levels: number): fc.Arbitrary<unknown> {
  if (levels === 0) return scalar;
  const below = json(levels - 1);
  return fc.oneof(
    { arbitrary: scalar, weight: 2 },
    { arbitrary: fc.array(below, { maxLength: 3 }), weight: 2 },
    { arbitrary: record(below, 4), weight: 4 },
  );
}

export const madeValue: fc.Arbitrary<unknown> = json(3);

const operand = json(1);
const notNull = operand.filter((value) => value !== null);
const bound = fc.oneof(string, number);
const pointer = fc
  .array(fc.constantFrom(...NAMES, '-', '01'), { minLength: 0, maxLength: 2 })
  .map((names) => names.map((one) => `/${one.replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''));

const OPERATORS: readonly (readonly [string, fc.Arbitrary<unknown>])[] = [
  ['eq', operand],
  ['ne', operand],
  ['in', fc.array(notNull, { maxLength: 4 })],
  ['notIn', fc.array(notNull, { maxLength: 4 })],
  ['lt', bound],
  ['lte', bound],
  ['gt', bound],
  ['gte', bound],
  ['startsWith', string],
  ['contains', operand],
  ['exists', fc.boolean()],
];

const test = fc.oneof(...OPERATORS.map(([operator, given]) => given.map((one) => [operator, one] as const)));

function filter(levels: number): fc.Arbitrary<ValueFilterInput> {
  const at = fc.option(pointer, { nil: undefined });
  const combined = levels === 0 ? undefined : filter(levels - 1);
  const list = combined && fc.array(combined, { maxLength: 3 });
  const combination =
    combined && list
      ? fc.oneof(
          list.map((of) => ['and', of] as const),
          list.map((of) => ['or', of] as const),
          combined.map((of) => ['not', of] as const),
        )
      : test;
  return fc
    .tuple(
      at,
      fc.array(fc.oneof({ arbitrary: test, weight: 3 }, { arbitrary: combination, weight: 2 }), { maxLength: 2 }),
    )
    .map(([path, members]) => ({ ...(path !== undefined && { path }), ...Object.fromEntries(members) }));
}

export const madeFilter: fc.Arbitrary<ValueFilterInput> = filter(3);

/** The same filter with its members, the members of its operands, and its lists of alternatives in the opposite order. */
export function reversed(input: unknown, key = ''): unknown {
  if (Array.isArray(input)) {
    const elements = input.map((element) => reversed(element));
    return ['in', 'notIn', 'and', 'or'].includes(key) ? elements.toReversed() : elements;
  }
  if (typeof input !== 'object' || input === null) return input;
  return Object.fromEntries(
    Object.entries(input)
      .toReversed()
      .map(([member, value]) => [member, reversed(value, member)]),
  );
}
