import { describe, expect, it } from 'vitest';
import { predicateOf } from '../../../../src/core/input/where/predicate.ts';
import { valueFilter, type ValueFilterInput } from '../../../../src/core/input/where/where-filter.ts';
import { oracleMatches } from '../../../support/where/oracle.ts';

const ORDER: unknown = JSON.parse(
  '{"status":"open","price":100,"note":null,"tags":["a","b",{"x":1,"y":2}],"a/b":1,"m~n":2,"":3,"__proto__":4,"at":{"y":[1,2],"x":1}}',
);

/** Filters that match `ORDER`, and filters that don't. */
const CASES: readonly (readonly [ValueFilterInput, boolean])[] = [
  [{}, true],
  [{ path: '/status' }, true],
  [{ path: '/nowhere' }, true],
  [{ and: [] }, true],
  [{ or: [] }, false],
  [{ not: {} }, false],
  [{ not: { or: [] } }, true],
  [{ path: '/status', eq: 'open' }, true],
  [{ path: '/status', eq: 'Open' }, false],
  [{ path: '/status', eq: 'open', startsWith: 'x' }, false],
  [{ path: '/price', gte: 100, lt: 101 }, true],
  [{ path: '/price', eq: 100.0 }, true],
  [{ path: '/price', eq: '100' }, false],
  [{ path: '/price', gt: '1' }, false],
  [{ path: '/price', lt: '99999' }, false],
  [{ path: '/status', lt: 1 }, false],
  [{ path: '/status', gt: 'opem' }, true],
  [{ path: '/status', lte: 'open' }, true],
  // A path that leads nowhere.
  [{ path: '/nowhere', exists: false }, true],
  [{ path: '/nowhere', ne: 1 }, true],
  [{ path: '/nowhere', ne: null }, true],
  [{ path: '/nowhere', notIn: [1] }, true],
  [{ path: '/nowhere', notIn: [] }, true],
  [{ path: '/nowhere', exists: true }, false],
  [{ path: '/nowhere', eq: null }, false],
  [{ path: '/nowhere', in: [1] }, false],
  [{ path: '/nowhere', lt: 1 }, false],
  [{ path: '/nowhere', gte: '' }, false],
  [{ path: '/nowhere', startsWith: '' }, false],
  [{ path: '/nowhere', contains: null }, false],
  [{ path: '/nowhere', contains: {} }, false],
  [{ path: '/status/0', exists: true }, false],
  [{ path: '/status/length', exists: true }, false],
  [{ path: '/note/x', exists: true }, false],
  // Null is a value.
  [{ path: '/note', exists: true }, true],
  [{ path: '/note', exists: false }, false],
  [{ path: '/note', eq: null }, true],
  [{ path: '/note', ne: null }, false],
  [{ path: '/note', lt: 1 }, false],
  [{ path: '/status', ne: null }, true],
  // Pointers.
  [{ path: '/a~1b', eq: 1 }, true],
  [{ path: '/m~0n', eq: 2 }, true],
  [{ path: '/', eq: 3 }, true],
  [{ path: '/__proto__', eq: 4 }, true],
  [{ path: '/at/__proto__', exists: true }, false],
  [{ path: '/constructor', exists: true }, false],
  [{ path: '/toString', exists: true }, false],
  [{ path: '/tags/0', eq: 'a' }, true],
  [{ path: '/tags/2/x', eq: 1 }, true],
  [{ path: '/tags/00', exists: true }, false],
  [{ path: '/tags/-', exists: true }, false],
  [{ path: '/tags/-1', exists: true }, false],
  [{ path: '/tags/3', exists: true }, false],
  [{ path: '/tags/1e0', exists: true }, false],
  [{ path: '/tags/length', exists: true }, false],
  [{ path: '/tags/99999999999999999999', exists: true }, false],
  [{ path: '', exists: true }, true],
  [{ exists: false }, false],
  // Equality of arrays and objects.
  [{ path: '/at', eq: { y: [1, 2], x: 1 } }, true],
  [{ path: '/at', eq: { y: [2, 1], x: 1 } }, false],
  [{ path: '/at', eq: { x: 1 } }, false],
  [{ path: '/at', eq: { x: 1, y: [1, 2], z: null } }, false],
  [{ path: '/at', in: ['open', { x: 1, y: [1, 2] }, []] }, true],
  [{ path: '/at', notIn: ['open', { x: 1, y: [1, 2] }, []] }, false],
  [{ path: '/at', in: [{}, { x: 1 }, { x: 1, y: [1, 2, 3] }] }, false],
  [{ path: '/tags', in: [[], ['a', 'b', { y: 2, x: 1 }]] }, true],
  [{ path: '/at/y', eq: [1, 2] }, true],
  [{ path: '/at/y', eq: { 0: 1, 1: 2 } }, false],
  [{ path: '/status', in: [] }, false],
  [{ path: '/status', in: ['open', 'held'] }, true],
  // A substring, an element, members.
  [{ path: '/status', contains: 'pe' }, true],
  [{ path: '/status', contains: '' }, true],
  [{ path: '/status', contains: 'x' }, false],
  [{ path: '/status', startsWith: 'op' }, true],
  [{ path: '/status', startsWith: 'pen' }, false],
  [{ path: '/price', contains: '1' }, false],
  [{ path: '/price', startsWith: '1' }, false],
  [{ path: '/price', contains: 100 }, false],
  [{ path: '/tags', contains: 'a' }, true],
  [{ path: '/tags', contains: { y: 2, x: 1 } }, true],
  [{ path: '/tags', contains: { x: 1 } }, false],
  [{ path: '/tags', contains: ['a'] }, false],
  [{ path: '/tags', contains: null }, false],
  [{ path: '/at', contains: {} }, true],
  [{ path: '/at', contains: { x: 1 } }, true],
  [{ path: '/at', contains: { y: [1] } }, false],
  [{ path: '/at', contains: 'x' }, false],
  [{ contains: { note: null, price: 100 } }, true],
  [{ contains: JSON.parse('{"__proto__":4}') as unknown }, true],
  [{ contains: { constructor: null } }, false],
  // `and`, `or` and `not` are about the same value.
  [{ path: '/at', and: [{ path: '/price', eq: 100 }] }, true],
  [{ path: '/at', and: [{ path: '/x', eq: 1 }] }, false],
  [
    {
      path: '/at',
      or: [
        { path: '/nowhere', exists: true },
        { path: '/at/x', eq: 1 },
      ],
    },
    true,
  ],
  [{ path: '/at', not: { path: '/x', eq: 1 } }, true],
];

describe('a filter on values', () => {
  it.each(CASES)('%j on an order is %j', (input, expected) => {
    expect(predicateOf(valueFilter(input).condition)(ORDER)).toBe(expected);
    expect(oracleMatches(ORDER, { ...input })).toBe(expected);
  });

  it.each<[unknown, ValueFilterInput, boolean]>([
    [-0, { eq: 0 }, true],
    [0, { in: [-0, 5] }, true],
    [0, { lt: -0 }, false],
    [[null], { contains: null }, true],
    [[0], { contains: -0 }, true],
    [2 ** 53, { eq: 9007199254740992 }, true],
    ['😀', { gt: '\uff5e' }, true],
    ['\uff5e', { lt: '😀' }, true],
    ['\uff5e', { gte: '😀' }, false],
    ['a😀', { gt: 'a' }, true],
    ['a', { lte: 'a😀' }, true],
    ['😀', { lte: '😀' }, true],
    ['e\u0301', { eq: 'é' }, false],
    [true, { eq: true }, true],
    [true, { eq: 1 }, false],
    [false, { ne: null }, true],
  ])('%j with the filter %j is %j', (value, input, expected) => {
    expect(predicateOf(valueFilter(input).condition)(value)).toBe(expected);
    expect(oracleMatches(value, { ...input })).toBe(expected);
  });

  it('a value of 64 levels is compared, found and looked into', () => {
    const nested = (levels: number): unknown => (levels === 0 ? 1 : { x: nested(levels - 1) });
    const matches = (input: ValueFilterInput): boolean => predicateOf(valueFilter(input).condition)(nested(64));
    expect(matches({ eq: nested(64) })).toBe(true);
    expect(matches({ eq: nested(63) })).toBe(false);
    expect(matches({ in: [nested(64), [1]] })).toBe(true);
    expect(matches({ contains: nested(64) })).toBe(true);
    expect(matches({ path: '/x'.repeat(64), eq: 1 })).toBe(true);
    expect(matches({ path: '/x'.repeat(65), exists: true })).toBe(false);
  });

  it('members of a polluted prototype are not found', () => {
    const polluted = Object.prototype as { status?: string };
    Object.defineProperty(polluted, 'status', { value: 'open', configurable: true });
    try {
      expect(predicateOf(valueFilter({ path: '/status', exists: true }).condition)({})).toBe(false);
      expect(predicateOf(valueFilter({ contains: { status: 'open' } }).condition)({})).toBe(false);
    } finally {
      delete polluted.status;
    }
  });
});
