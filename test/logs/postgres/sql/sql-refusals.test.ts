/** What a mutation would refuse, `seamline.insert` and `seamline.remove` refuse. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWithPostgres, PostgresServer } from '../../../support/engines/postgres.ts';
import { openMapOn } from './maps.ts';

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
const named = (levels: number): string => '{"a":'.repeat(levels) + '1' + '}'.repeat(levels);

interface Call {
  readonly stream?: string | null;
  readonly key?: string | null;
  readonly json?: string | null;
  readonly ttl?: number | null;
}

const insert = ({ stream = 'shop', key = 'k', json = '1', ttl = null }: Call): [string, unknown[]] => [
  'select seamline.insert($1, $2, $3::jsonb, $4)',
  [stream, key, json, ttl],
];

const unkept = (source: string): string => `seamline.insert: value must not hold ${source}: no double holds it exactly`;

const REFUSED: readonly (readonly [title: string, call: Call, code: string, message: string])[] = [
  ['a stream that is not there', { stream: 'sho' }, '42704', 'seamline.insert: there is no stream "sho"'],
  ['no stream', { stream: null }, '42704', 'seamline.insert: there is no stream "<NULL>"'],
  ['a key that is null', { key: null }, '22004', 'seamline.insert: key must not be null'],
  ['an empty key', { key: '' }, '22023', 'seamline.insert: key must not be empty'],
  [
    'a key of 257 characters of 2 bytes',
    { key: 'é'.repeat(257) },
    '22023',
    'seamline.insert: key must not exceed 512 bytes of UTF-8, has 514',
  ],
  ['a value that is null', { json: null }, '22004', 'seamline.insert: value must not be null'],
  ['a value that is null in JSON', { json: ' null ' }, '22004', 'seamline.insert: value must not be null'],
  ['arrays of 65 levels', { json: nested(65) }, '22023', 'seamline.insert: value must not nest deeper than 64 levels'],
  ['objects of 65 levels', { json: named(65) }, '22023', 'seamline.insert: value must not nest deeper than 64 levels'],
  [
    'a ttl of 0',
    { ttl: 0 },
    '22023',
    'seamline.insert: ttl must be a whole number of seconds from 1 to 2147483647, got 0',
  ],
  [
    'a negative ttl',
    { ttl: -5 },
    '22023',
    'seamline.insert: ttl must be a whole number of seconds from 1 to 2147483647, got -5',
  ],
  [
    'a value that has a byte too much',
    { key: 'a "b"', json: JSON.stringify({ a: 'é'.repeat(45), b: 1 }) },
    '54000',
    'seamline.insert: the value of "a \\"b\\"" has 104 bytes, more than 103',
  ],
  ...['9007199254740993', '-9007199254740993', '9007199254740993.0', '12345678901234567890'].map(
    (source) => [`the integer ${source}`, { json: `{"a":[1,${source}]}` }, '22023', unkept(source)] as const,
  ),
  ['a number that becomes infinite', { json: '1e400' }, '22023', unkept(`1${'0'.repeat(39)}...`)],
  ['a negative one', { json: '[-1e400]' }, '22023', unkept(`-1${'0'.repeat(38)}...`)],
  ['a number that becomes 0', { json: '1e-400' }, '22023', unkept(`0.${'0'.repeat(38)}...`)],
];

const TAKEN: readonly (readonly [title: string, call: Call, stored: string])[] = [
  ['a key of 256 characters of 2 bytes', { key: 'é'.repeat(256) }, '1'],
  ['arrays of 64 levels', { json: nested(64), stream: 'wide' }, nested(64)],
  ['objects of 64 levels', { json: named(64), stream: 'wide' }, named(64)],
  ['100 empty objects side by side', { json: `[${'{}, '.repeat(99)}{}]`, stream: 'wide' }, `[${'{},'.repeat(99)}{}]`],
  ['the longest ttl', { ttl: 2147483647 }, '1'],
  [
    'a value that has as many bytes as possible without spaces',
    { json: `{ "a": "${'é'.repeat(44)}", "b": "" }` },
    `{"a":"${'é'.repeat(44)}","b":""}`,
  ],
  ['an integer of 54 bits that is even', { json: '9007199254740994' }, '9007199254740994'],
  ['the least bigint', { json: '-9223372036854775808' }, '-9223372036854775808'],
  ['Avogadro\u2019s number', { json: '{"a": 6.02214076e23}' }, '{"a":6.02214076e+23}'],
  ['a power of 2 from 1e21 on', { json: '1180591620717411303424' }, '1.1805916207174113e+21'],
  ['the largest double', { json: '1.7976931348623157e308' }, '1.7976931348623157e+308'],
  ['the sum of 0.1 and 0.2', { json: '0.30000000000000004' }, '0.30000000000000004'],
  ['a fraction of more digits than a double has', { json: '9007199254740993.5' }, '9007199254740993.5'],
  [
    'digits in strings',
    { json: '["9007199254740993", "9007199254740993,", "x9007199254740993 "]' },
    '["9007199254740993","9007199254740993,","x9007199254740993 "]',
  ],
  [
    'names and strings that look like null',
    { json: '{": null": ": null, x", "a": null}' },
    '{"a":null,": null":": null, x"}',
  ],
  ['the text that stands for null meanwhile', { json: '{"a": null, "b": "-0e0"}' }, '{"a":null,"b":"-0e0"}'],
  [
    'null in objects and arrays',
    { json: '{"a": null, "": null, "b": [null, {"c": null}]}' },
    '{"":null,"a":null,"b":[null,{"c":null}]}',
  ],
  ['a name that ends with a backslash', { json: '{"a\\\\": null, "b c": "d e"}' }, '{"a\\\\":null,"b c":"d e"}'],
];

describeWithPostgres('the functions for writers', () => {
  let postgres: PostgresServer;
  beforeAll(async () => (postgres = await PostgresServer.start()));
  afterAll(() => postgres.stop());

  describe('with a stream whose values have 103 bytes at most', () => {
    it.each(REFUSED)('seamline.insert refuses %s', async (_, call, code, message) => {
      await (await openMapOn(postgres.url, { stream: 'shop', maxValueBytes: 103 })).close();
      const refused = await postgres.rows(...insert(call)).catch((error: unknown) => error);
      expect(refused).toMatchObject({ code, message, hint: expect.stringMatching(/^[A-Zs].+\.$/) as string });
      expect(await postgres.rows('select from seamline.outbox')).toEqual([]);
    });

    it.each(TAKEN)('seamline.insert takes %s', async (_, call, stored) => {
      await (await openMapOn(postgres.url, { stream: 'shop', maxValueBytes: 103 })).close();
      await (await openMapOn(postgres.url, { stream: 'wide' })).close();
      const client = await postgres.client();
      await client.query('begin');
      await client.query(...insert(call));
      expect((await client.query('select key, value, ttl from seamline.outbox')).rows).toEqual([
        { key: call.key ?? 'k', value: stored, ttl: call.ttl ?? null },
      ]);
      await client.query('rollback');
    });

    it('seamline.remove refuses an unknown stream, and a key that is null, empty or too long', async () => {
      await (await openMapOn(postgres.url, { stream: 'shop' })).close();
      const remove = (stream: string, key: string | null): Promise<unknown> =>
        postgres.rows('select seamline.remove($1, $2)', [stream, key]).catch((error: unknown) => error);
      expect(await remove('sho', 'k')).toMatchObject({
        code: '42704',
        message: 'seamline.remove: there is no stream "sho"',
      });
      expect(await remove('shop', null)).toMatchObject({
        code: '22004',
        message: 'seamline.remove: key must not be null',
      });
      expect(await remove('shop', '')).toMatchObject({
        code: '22023',
        message: 'seamline.remove: key must not be empty',
      });
      expect(await remove('shop', 'é'.repeat(257))).toMatchObject({
        code: '22023',
        message: 'seamline.remove: key must not exceed 512 bytes of UTF-8, has 514',
      });
    });

    it('seamline.insert fails in a transaction that is read-only', async () => {
      await (await openMapOn(postgres.url, { stream: 'shop' })).close();
      const client = await postgres.client();
      await client.query('begin read only');
      await expect(client.query(...insert({}))).rejects.toMatchObject({ code: '25006' });
    });
  });
});
