import { describe, expect, it } from 'vitest';
import { parseJson } from '../../../../src/core/model/json.ts';
import { BadInputError, type Issue } from '../../../../src/core/model/errors.ts';
import { valueFilter, type ValueFilterInput } from '../../../../src/core/input/where/where-filter.ts';

function issuesOf(input: unknown, path?: Issue['path']): readonly Issue[] {
  try {
    valueFilter(input as ValueFilterInput, path);
    return [];
  } catch (error) {
    if (error instanceof BadInputError) return error.issues;
    throw error;
  }
}

const nested = (levels: number, innermost: unknown = {}): unknown =>
  levels === 0 ? innermost : { not: nested(levels - 1, innermost) };
const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);
const times = <T>(count: number, element: T): T[] => Array.from({ length: count }, () => element);

describe('the check of a filter on values', () => {
  it.each<[RegExp, Issue['path'], unknown]>([
    [/^must be a filter, got null: use an object/, [], null],
    [/^must be a filter, got an array/, [], []],
    [/^must be a filter, got an object/, [], new Map()],
    [/^unknown member "equals": use path, eq, ne, /, [], { equals: 1 }],
    [/^unknown member "__proto__"/, [], parseJson('{"__proto__":1}')],
    [/^unknown member "constructor"/, [], { constructor: 1 }],
    [/^must be a string, got null: leave it out/, ['path'], { path: null }],
    [/^must be a JSON Pointer, got "status": start it with "\/"/, ['path'], { path: 'status' }],
    [/^must be a JSON Pointer, got "\/a~2": write "~" as "~0"/, ['path'], { path: '/a~2' }],
    [/^must be a JSON Pointer/, ['path'], { path: '/a~' }],
    [/well-formed/, ['path'], { path: '/\ud800' }],
    [/^must be a number or a string, got true: nothing else has an order/, ['lt'], { lt: true }],
    [/^must be a number or a string, got an array/, ['gte'], { gte: [1] }],
    [/^must be JSON, got NaN/, ['lt'], { lt: Number.NaN }],
    [/^must be a string, got 1/, ['startsWith'], { startsWith: 1 }],
    [/^must be well-formed Unicode/, ['startsWith'], { startsWith: '\ud83d' }],
    [/^must be true or false, got "yes"/, ['exists'], { exists: 'yes' }],
    [/^must be a list, got "open": use "eq"/, ['in'], { in: 'open' }],
    [/^must not be null: use "eq"/, ['in', 1], { in: [1, null] }],
    [/^must be a list of filters, got an object/, ['and'], { and: {} }],
    [/^must be a filter, got null/, ['or', 1], { or: [{}, null] }],
    [/got false/, ['not', 'and', 0, 'gt'], { not: { and: [{ gt: false }] } }],
    [/^must not be 9007199254740993: no double holds it/, ['eq', 0], { eq: parseJson('[9007199254740993]') }],
    [/^must be JSON, got an object/, ['eq', 'a'], { eq: { a: new Date(0) } }],
    [/names of well-formed Unicode/, ['eq'], { eq: { '\ud800': 1 } }],
    [/^must be JSON, got function/, ['contains', 0], { contains: [() => 1] }],
    [/^must not have operands nested deeper than 64 levels/, [], { eq: deep(65) }],
    [/^must not nest filters deeper than 8 levels/, times(9, 'not'), nested(9)],
    [/^must have at most 1000 elements .* has 1001/, ['in'], { in: times(1001, 1) }],
    [/has 1001: use fewer/, ['not', 'notIn'], { in: times(600, 1), not: { notIn: times(401, 1) } }],
    [/first 64 operators/, ['and', 63, 'exists'], { and: times(64, { exists: true }) }],
    [/^must have at most 65536 bytes of JSON/, [], { eq: 'x'.repeat(65_536) }],
    [/^must have at most 65536 bytes of JSON/, [], { and: times(1_000_000, {}) }],
    [/^must have at most 65536 bytes of JSON/, [], { path: '/x'.repeat(40_000) }],
  ])('a filter is refused with %s at %j', (message, path, input) => {
    expect(issuesOf(input)).toEqual([{ path, message: expect.stringMatching(message) as unknown }]);
  });

  it.each(['path', 'in', 'notIn', 'lt', 'lte', 'gt', 'gte', 'startsWith', 'exists', 'and', 'or', 'not'])(
    'a null for %s is refused',
    (member) => {
      expect(issuesOf({ [member]: null })).toHaveLength(1);
    },
  );

  it.each<[string, unknown]>([
    ['null for eq, ne and contains', { eq: null, ne: null, contains: null }],
    ['members that are undefined', { path: undefined, eq: undefined, lt: undefined }],
    ['8 levels', nested(8, { eq: 1 })],
    ['64 operators', { and: times(63, { exists: true }) }],
    ['1,000 elements', { in: times(500, 1), notIn: times(500, 1) }],
    ['an operand of 64 levels', { eq: deep(64) }],
    ['an object without a prototype', Object.assign(Object.create(null) as object, { eq: 1 })],
  ])('a filter may have %s', (_title, input) => {
    expect(issuesOf(input)).toEqual([]);
  });

  it('all issues of a filter are told, below the path of the filter, and at most 20', () => {
    const paths = issuesOf({ lt: true, and: [{ exists: 1 }] }, ['filter', 'where']).map((issue) => issue.path);
    expect(paths).toEqual([
      ['filter', 'where', 'lt'],
      ['filter', 'where', 'and', 0, 'exists'],
    ]);
    expect(issuesOf({ and: times(10_000, null) })).toHaveLength(20);
  });
});

describe('the normal form of a filter on values', () => {
  it.each<[string, ValueFilterInput[]]>([
    [
      '{}',
      [{}, { path: '/a' }, { and: [] }, { and: [{}, {}] }, { not: { or: [] } }, { notIn: [] }, { or: [{}, { eq: 1 }] }],
    ],
    ['{"or":[]}', [{ or: [] }, { in: [] }, { not: {} }, { exists: false }, { eq: 1, or: [] }]],
    [
      '{"path":"/a","eq":1}',
      [{ path: '/a', eq: 1 }, { eq: 1, path: '/a' }, { path: '/a', in: [1, 1] }, { not: { path: '/a', ne: 1 } }],
    ],
    ['{"eq":0}', [{ eq: 0 }, { eq: -0 }, { and: [{ eq: 0 }, { in: [-0] }] }]],
    ['{"eq":{"a":1,"b":[2]}}', [{ eq: { a: 1, b: [2] } }, { eq: { b: [2], a: 1, c: undefined } }]],
    [
      '{"in":[1,2,3]}',
      [{ in: [3, 1, 2] }, { or: [{ eq: 1 }, { in: [2, 3] }] }, { or: [{ or: [{ eq: 3 }, { eq: 2 }] }, { eq: 1 }] }],
    ],
    ['{"or":[{"eq":null},{"in":[1,2]}]}', [{ or: [{ eq: 2 }, { eq: null }, { eq: 1 }] }]],
    ['{"not":{"in":[1,2]}}', [{ notIn: [2, 1] }, { not: { or: [{ eq: 1 }, { eq: 2 }] } }]],
    [
      '{"and":[{"gt":1},{"lt":2}]}',
      [{ gt: 1, lt: 2 }, { and: [{ lt: 2 }, { and: [{ gt: 1 }] }] }, { lt: 2, and: [{ gt: 1 }] }],
    ],
  ])('%s is the name of all filters that say the same', (name, inputs) => {
    expect(inputs.map((input) => valueFilter(input).name)).toEqual(inputs.map(() => name));
  });

  it('filters that say different things have different names', () => {
    const inputs: ValueFilterInput[] = [
      { eq: 1 },
      { eq: '1' },
      { eq: null },
      { eq: 'null' },
      { eq: [1] },
      { path: '/a', eq: 1 },
      { path: '/a/', eq: 1 },
      { contains: 1 },
      { lt: 1 },
      { lte: 1 },
      {
        and: [
          { path: '/a', eq: 1 },
          { path: '/b', eq: 2 },
        ],
      },
      {
        or: [
          { path: '/a', eq: 1 },
          { path: '/b', eq: 2 },
        ],
      },
      { eq: JSON.parse('{"__proto__":1}') as unknown },
      { eq: {} },
    ];
    expect(new Set(inputs.map((input) => valueFilter(input).name)).size).toBe(inputs.length);
  });

  it('a filter is frozen, and does not change with its input', () => {
    const operand = { a: [1] };
    const filter = valueFilter({ eq: operand });
    operand.a.push(2);
    expect(filter.name).toBe('{"eq":{"a":[1]}}');
    expect(Object.isFrozen(filter.condition)).toBe(true);
  });

  it.each<[ValueFilterInput, [string, unknown[]][]]>([
    [{}, []],
    [{ path: '/a', eq: 'x' }, [['/a', ['x']]]],
    [{ path: '/a', eq: { c: 1, b: 2 } }, []],
    [{ path: '/a', in: [2, 1], gt: 0 }, [['/a', [1, 2]]]],
    [
      { and: [{ path: '/b', eq: null }, { and: [{ path: '/a', eq: 1 }] }] },
      [
        ['/a', [1]],
        ['/b', [null]],
      ],
    ],
    [
      {
        or: [
          { path: '/a', eq: 1 },
          { path: '/a', eq: 2 },
        ],
      },
      [['/a', [1, 2]]],
    ],
    [
      {
        or: [
          { path: '/a', eq: 1 },
          { path: '/b', eq: 2 },
        ],
      },
      [],
    ],
    [{ path: '/a', ne: 1 }, []],
    [{ not: { path: '/a', eq: 1 } }, []],
    [{ in: Array.from({ length: 17 }, (_, n) => n) }, []],
  ])('an index may use the equalities of %j', (input, expected) => {
    const found = valueFilter(input).equalities.map(({ pointer, values }) => [pointer.text, [...values]]);
    expect(found.toSorted()).toEqual(expected);
  });
});
