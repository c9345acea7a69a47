import { describe, expect, it } from 'vitest';
import type { Issue } from '../../../src/core/model/errors.ts';
import { parseJson } from '../../../src/core/model/json.ts';
import { quotesSdl } from '../../support/typed/quotes-sdl.ts';
import { typedSchema } from '../../support/typed/typed-schema.ts';

const { run, stored, filters, partsOf } = typedSchema(quotesSdl());

const PUT = 'query ($input: QuoteInput!) { putQuote(input: $input) { symbol } }';
const FIND = 'query ($filter: QuoteFilter) { findQuote(filter: $filter) }';
const times = <T>(count: number, element: T): T[] => Array.from({ length: count }, () => element);
const nested = (levels: number): unknown => (levels === 0 ? {} : { not: nested(levels - 1) });
const next = (levels: number): unknown => (levels === 0 ? { sku: 'a' } : { sku: 'a', next: next(levels - 1) });

async function issuesOf(query: string, variables?: Readonly<Record<string, unknown>>): Promise<readonly Issue[]> {
  const { errors } = await run(query, variables);
  expect(errors?.map(({ extensions }) => extensions['code'])).toEqual(['BAD_USER_INPUT']);
  expect(stored).toEqual([]);
  expect(filters).toEqual([]);
  return errors?.[0]?.extensions['issues'] as Issue[];
}

describe('typed inputs', () => {
  it.each<[RegExp, Issue['path'], string]>([
    [/^must not be 9007199254740993: no double holds it exactly/, ['price'], '{"symbol":"A","price":9007199254740993}'],
    [/^must not be 1e400/, ['price'], '{"symbol":"A","price":1e400}'],
    [/^must not be 1e-400/, ['price'], '{"symbol":"A","price":1e-400}'],
    [/^must not be 9007199254740993/, ['extra', 'a', 0], '{"symbol":"A","price":1,"extra":{"a":[9007199254740993]}}'],
    [
      /^must not be 1e400/,
      ['address', 'geo', 'lat'],
      '{"symbol":"A","price":1,"address":{"geo":{"lat":1e400,"datum":null}}}',
    ],
    [/^must not be 9007199254740993/, ['size'], '{"symbol":"A","price":1,"size":9007199254740993}'],
    [/well-formed Unicode/, ['note'], String.raw`{"symbol":"A","price":1,"note":"\ud800"}`],
    [
      /well-formed Unicode/,
      ['lines', 0, 'tags', 1],
      String.raw`{"symbol":"A","price":1,"lines":[{"sku":"a","tags":["a","\ud800"]}]}`,
    ],
    [/well-formed Unicode/, ['symbol'], String.raw`{"symbol":"\ud800","price":1}`],
    [/^must not be empty/, ['symbol'], '{"symbol":"","price":1}'],
    [/^must not exceed 512 bytes of UTF-8, has 514/, ['symbol'], `{"symbol":"${'é'.repeat(257)}","price":1}`],
    [/^must not nest deeper than 64 levels/, [], `{"symbol":"A","price":1,"lines":[${JSON.stringify(next(63))}]}`],
  ])('an input is refused with %s at %j: %s', async (message, path, json) => {
    const input = parseJson(json);
    expect(await issuesOf(PUT, { input })).toEqual([{ path, message: expect.stringMatching(message) as unknown }]);
    expect(partsOf('Quote').plainValueOf(input)).toBeUndefined();
  });

  it.each(['9007199254740993', '1e400', '1e-400', '-9007199254740993.0'])(
    'the literal %s is refused as a variable is',
    async (literal) => {
      expect(await issuesOf(`{ putQuote(input: { symbol: "A", price: ${literal} }) { symbol } }`)).toMatchObject([
        { path: ['price'] },
      ]);
      expect(await issuesOf(`{ findQuote(filter: { where: { price: { in: [1, ${literal}] } } }) }`)).toMatchObject([
        { path: ['filter', 'where', 'price', 'in', 1] },
      ]);
    },
  );

  it('numbers come out with all their digits', async () => {
    await run('{ putQuote(input: { symbol: "A", price: 1152921504606846976 }) { symbol } }');
    expect(stored[0]?.value).toEqual({ symbol: 'A', price: 2 ** 60 });
  });

  it.each([
    '{"symbol":"A"}',
    '{"symbol":"A","price":null}',
    '{"symbol":"A","price":"1"}',
    '{"symbol":7,"price":1}',
    '{"symbol":"A","price":1,"tags":"a"}',
    '{"symbol":"A","price":1,"other":1}',
    '{"symbol":"A","price":1,"__proto__":1}',
    '{"symbol":"A","price":1,"count":2147483648}',
    '{"symbol":"A","price":1,"venue":"XETRA"}',
    '{"symbol":"A","price":1,"tags":[null]}',
    '{"symbol":"A","price":1,"lines":[{}]}',
    '{"symbol":"A","price":1,"lines":{"sku":"a"}}',
    '[]',
    'null',
    '"A"',
  ])('the fast path leaves the input %s to graphql-js', (json) => {
    expect(partsOf('Quote').plainValueOf(parseJson(json))).toBeUndefined();
  });
});

describe('typed filters', () => {
  const at = (...path: Issue['path']): Issue['path'] => ['filter', 'where', ...path];

  it.each<[RegExp, Issue['path'], unknown]>([
    [/^must not be null: leave it out, or use isNull/, at('price', 'eq'), { price: { eq: null } }],
    [/^must not be null/, at('price'), { price: null }],
    [/^must not be null/, at('price', 'in'), { price: { in: null } }],
    [/^must be a list, got null/, at('and'), { and: null }],
    [/^must not be null/, at('not'), { not: null }],
    [/^must not be null/, at('address'), { address: null }],
    [/^must not be null/, at('address', 'city', 'ne'), { address: { city: { ne: null } } }],
    [/null/, at('address', 'isNull'), { address: { isNull: null } }],
    [/null/, at('note', 'isNull'), { note: { isNull: null } }],
    [/null/, at('lines', 'has'), { lines: { has: null } }],
    [/null/, at('tags', 'isEmpty'), { tags: { isEmpty: null } }],
    [/null/, at('lines', 'has', 'sku', 'eq'), { lines: { has: { sku: { eq: null } } } }],
    [/null/, at('or', 1, 'extra', 'eq'), { or: [{}, { extra: { eq: null } }] }],
    [/^must not be 1e400/, at('price', 'lt'), { price: { lt: parseJson('1e400') } }],
    [/well-formed/, at('note', 'startsWith'), { note: { startsWith: '\ud800' } }],
    [/^must not nest filters deeper than 8 levels/, at(...times(9, 'not')), nested(9)],
    [/has 1001: use fewer/, at('price', 'in'), { price: { in: times(1001, 1) } }],
    [/first 64 operators/, at('and', 63, 'count', 'eq'), { and: times(65, { count: { eq: 1 } }) }],
    [/^must have at most 65536 bytes of JSON/, at(), { note: { eq: 'x'.repeat(65_536) } }],
    [/^must have at most 65536 bytes of JSON/, at(), { and: times(30_000, {}) }],
  ])('a filter is refused with %s at %j', async (message, path, where) => {
    const issues = await issuesOf(FIND, { filter: { where: bare(where) } });
    expect(issues).toEqual([{ path, message: expect.stringMatching(message) as unknown }]);
  });

  it('keys and prefixes that no item can have are refused with their paths', async () => {
    expect(await issuesOf(FIND, { filter: { keys: times(1001, 'a') } })).toMatchObject([{ path: ['filter', 'keys'] }]);
    expect(await issuesOf(FIND, { filter: { keyPrefix: '\ud800' } })).toMatchObject([
      { path: ['filter', 'keyPrefix'] },
    ]);
  });

  it('a member whose variable has no value is refused', async () => {
    const query = 'query ($price: Float) { findQuote(filter: { where: { price: { eq: $price } } }) }';
    expect(await issuesOf(query)).toMatchObject([
      { path: at('price', 'eq'), message: expect.stringContaining('$price') as unknown },
    ]);
    expect(await run('query ($where: QuoteWhere) { findQuote(filter: { where: $where }) }')).toEqual({
      data: { findQuote: true },
    });
    expect(filters[0]?.where).toBeUndefined();
  });

  it('filters that differ only in order and notation have the same name, and their equalities can be indexed', async () => {
    const nameOf = async (where: string): Promise<string | undefined> => {
      await run(`{ findQuote(filter: { where: ${where} }) }`);
      return filters[0]?.where?.name;
    };
    const name = await nameOf('{ at: { eq: "2020-01-01T00:00:00Z" }, venue: { in: [LSE, NYSE] } }');
    expect(await nameOf('{ venue: { in: [NYSE, LSE] }, at: { eq: "2020-01-01T01:00:00+01:00" } }')).toBe(name);
    expect(filters[0]?.where?.equalities.map(({ pointer, values }) => [pointer.text, values])).toEqual([
      ['/at', ['2020-01-01T00:00:00.000Z']],
      ['/venue', ['LSE', 'NYSE']],
    ]);
  });
});

/** Without a prototype: graphql-js takes an inherited `constructor` for a member that is there. */
function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const members = Object.entries(value).map(([name, one]) => [name, bare(one)]);
  return Object.assign(Object.create(null) as object, Object.fromEntries(members));
}
