/** What each condition of a filter on values selects, as a client sees it in a query. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { ValueFilterInput } from '../../../src/core/input/where/where-filter.ts';
import { createServer, type SeamlineServer } from '../../../src/server/server.ts';
import { ask } from '../../support/clients/clients.ts';
import { KEYS_OF, type KeysAnswer, keysOf, literal } from '../../support/server/value-filters.ts';

const VALUES: Readonly<Record<string, unknown>> = {
  open: { status: 'open', price: 100, tags: ['new', 'red'], team: { name: 'a', size: 3 } },
  held: { status: 'held', price: 99.5, tags: [], team: { name: 'b', size: 3, city: 'X' } },
  null: { status: null, price: '100' },
  empty: {},
  escaped: { 'a/b': 1, 'm~n': 2, '': 3 },
  list: ['x', { deep: [10, 20] }, null],
  number: 1,
  text: 'ﬁ text 😀',
  unicode: '\uff5e',
};
const ALL = Object.keys(VALUES);
const but = (...names: string[]): string[] => ALL.filter((key) => !names.includes(key));

const CASES: readonly (readonly [string, ValueFilterInput, readonly string[]])[] = [
  ['an empty filter', {}, ALL],
  ['a path alone', { path: '/status' }, ALL],
  ['an empty `and`', { and: [] }, ALL],
  ['an empty `or`', { or: [] }, []],
  ['`eq` of a text', { path: '/status', eq: 'open' }, ['open']],
  ['`eq: null`, for the null that is there and not for a missing path', { path: '/status', eq: null }, ['null']],
  ['`ne`, for a missing path too', { path: '/status', ne: 'open' }, but('open')],
  ['`ne: null`, for a missing path too', { path: '/status', ne: null }, but('null')],
  ['`eq` of a number by value', { path: '/price', eq: 1e2 }, ['open']],
  ['`eq` of an object in any order', { path: '/team', eq: { size: 3, name: 'a' } }, ['open']],
  ['`eq` of an object with a member less', { path: '/team', eq: { name: 'b' } }, []],
  ['`eq` of an array in its order', { path: '/tags', eq: ['red', 'new'] }, []],
  ['`eq` of a whole value', { eq: 1 }, ['number']],
  ['`eq` of the empty object', { eq: {} }, ['empty']],
  ['`in`', { path: '/status', in: ['open', 'held', 'x'] }, ['open', 'held']],
  ['an empty `in`', { path: '/status', in: [] }, []],
  ['`notIn`, for a missing path too', { path: '/status', notIn: ['open', 'held'] }, but('open', 'held')],
  ['`lt` of numbers only', { path: '/price', lt: 100 }, ['held']],
  ['`lte`', { path: '/price', lte: 100 }, ['open', 'held']],
  ['`gte` of texts only', { path: '/price', gte: '100' }, ['null']],
  ['`gt` of a text by code points', { gt: '\uff5e' }, []],
  ['`gte` of a text by code points', { gte: '\uff5d' }, ['unicode']],
  ['a range', { path: '/price', gt: 99, lt: 100 }, ['held']],
  ['`startsWith`', { path: '/status', startsWith: 'op' }, ['open']],
  ['`contains` of a text', { contains: '😀' }, ['text']],
  ['`contains` of an element', { path: '/tags', contains: 'red' }, ['open']],
  ['`contains` of a null element', { contains: null }, ['list']],
  ['`contains` of members', { path: '/team', contains: { size: 3, name: 'b' } }, ['held']],
  ['`contains` of no members', { path: '/team', contains: {} }, ['open', 'held']],
  ['`exists: true` for a null', { path: '/status', exists: true }, ['open', 'held', 'null']],
  ['`exists: false`', { path: '/status', exists: false }, but('open', 'held', 'null')],
  ['a pointer with ~1', { path: '/a~1b', eq: 1 }, ['escaped']],
  ['a pointer with ~0', { path: '/m~0n', eq: 2 }, ['escaped']],
  ['a pointer to the empty name', { path: '/', eq: 3 }, ['escaped']],
  ['an index', { path: '/0', eq: 'x' }, ['list']],
  ['indices and names', { path: '/1/deep/1', eq: 20 }, ['list']],
  ['an index with a zero in front', { path: '/00', exists: true }, []],
  ['`-` for an index', { path: '/-', exists: true }, []],
  ['a name that objects inherit', { path: '/constructor', exists: true }, []],
  ['the length of an array', { path: '/tags/length', exists: true }, []],
  ['all members together', { path: '/status', eq: 'open', and: [{ path: '/price', gte: 100 }] }, ['open']],
  ['`or`', { or: [{ path: '/status', eq: 'open' }, { eq: 1 }] }, ['open', 'number']],
  ['`not`', { not: { path: '/status', exists: true } }, but('open', 'held', 'null')],
  ['`and` below a path, of the same value', { path: '/team', and: [{ path: '/status', eq: 'held' }] }, ['held']],
  ['`not` of `not`', { not: { not: { path: '/price', gt: 99.5 } } }, ['open']],
];

describe('a filter on values in a query', () => {
  let server: SeamlineServer;

  beforeAll(async () => {
    server = await createServer({ port: 0, drainTimeoutMs: 100 });
    await server.map.insertMany(Object.entries(VALUES).map(([key, value]) => ({ key, value })));
    return () => server.drain();
  });

  it.each(CASES)('%s selects the same items as a variable and as a literal', async (_, where, expected) => {
    expect(keysOf(await ask<KeysAnswer, object>(server, KEYS_OF, { where }))).toEqual(expected);
    const query = `{ items(filter: { where: ${literal(where)} }) { edges { node { key } } } }`;
    expect(keysOf(await ask<KeysAnswer, object>(server, query))).toEqual(expected);
  });

  it('`where: null` is no filter, as a literal, in a variable and as a variable that is not given', async () => {
    const select = '{ edges { node { key } } }';
    for (const query of [
      `{ items(filter: { where: null }) ${select} }`,
      `query ($where: ValueFilter) { items(filter: { where: $where }) ${select} }`,
      `query ($filter: ItemFilter) { items(filter: $filter) ${select} }`,
    ])
      expect(keysOf(await ask<KeysAnswer, object>(server, query))).toEqual(ALL);
    const whole = `query ($filter: ItemFilter) { items(filter: $filter) ${select} }`;
    for (const filter of [null, {}, { where: null }])
      expect(keysOf(await ask<KeysAnswer, object>(server, whole, { filter }))).toEqual(ALL);
  });

  it('`where` joins `keys` and `keyPrefix`: all must hold', async () => {
    const query = 'query ($filter: ItemFilter) { items(filter: $filter) { edges { node { key } } } }';
    const where = { path: '/price', gt: 0 };
    const keysFor = async (filter: object) => keysOf(await ask<KeysAnswer, object>(server, query, { filter }));
    expect(await keysFor({ where, keys: ['held', 'open', 'number', 'none'] })).toEqual(['open', 'held']);
    expect(await keysFor({ where, keyPrefix: 'h' })).toEqual(['held']);
    expect(await keysFor({ where, keyPrefix: 'h', keys: ['open'] })).toEqual([]);
    expect(await keysFor({ where, keys: [] })).toEqual([]);
  });
});
