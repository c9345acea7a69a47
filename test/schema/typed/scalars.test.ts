import { isScalarType } from 'graphql';
import { resolvers } from 'graphql-scalars';
import { describe, expect, it } from 'vitest';
import { parseSdlFile } from '../../../schema/sdl/parse-sdl-file.ts';
import { unfitItem } from '../../../schema/typed/unfit-item.ts';
import { parseJson } from '../../../src/core/model/json.ts';
import { typedSchema } from '../../support/typed/typed-schema.ts';

const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.nYdrSfE2nNRAgpiEU1uKgn2AYYKLo28Z0nhPXvsuIww';
const POINT = { type: 'Point', coordinates: [1.5, 2] };

/** What goes in and comes out equal, of each scalar of graphql-scalars. */
const KEPT: Readonly<Record<string, unknown>> = {
  AccountNumber: '000000012345',
  BigInt: 9007199254740991,
  Byte: 'xL2tq6ej',
  CountryCode: 'US',
  CountryName: 'Austria',
  Cuid: 'cjld2cyuq0000t3rmniod1foy',
  Cuid2: 'dp71y53f6eykvl5g1393rmhl',
  Currency: 'USD',
  Date: '2007-12-03',
  DateTime: '2007-12-03T10:15:30.000Z',
  DateTimeISO: '2007-12-03T10:15:30.000Z',
  DeweyDecimal: '435.4357',
  DID: 'did:example:123456789abcdefghi',
  Duration: 'P3Y6M4DT12H30M5S',
  EmailAddress: 'test@test.com',
  GeoJSON: POINT,
  GUID: '24e0cf83-9452-4cd8-a96b-10a65f3f2e43',
  Hexadecimal: '2438a9',
  HexColorCode: '#a064bc',
  HSL: 'hsl(111, 57%, 80%)',
  HSLA: 'hsla(258, 35%, 52%, 0.42)',
  IBAN: 'NL55INGB4789170233',
  IP: '2001:0db8:85a3:0000:0000:8a2e:0370:7334',
  IPCPatent: 'G06F 12/803',
  IPv4: '137.5.21.70',
  IPv6: '2001:0db8:85a3:0000:0000:8a2e:0370:7334',
  ISBN: '978-3-16-148410-0',
  ISO8601Duration: 'P3Y6M4DT12H30M5S',
  JSON: [{ a: null }],
  JSONObject: { a: [1.5, null] },
  JWT: TOKEN,
  Latitude: 41.902782,
  LCCSubclass: 'KBM',
  LocalDate: '2020-07-19',
  LocalDateTime: '2020-07-19T08:45:59',
  Locale: 'zh-cmn-Hans-CN',
  LocalEndTime: '24:00:00',
  LocalTime: '08:45:59',
  Long: -9007199254740991,
  Longitude: 12.496366,
  MAC: '07:0A:A4:12:FC:37',
  NegativeFloat: -123.45,
  NegativeInt: -123,
  NonEmptyString: 'string',
  NonNegativeFloat: 123.45,
  NonNegativeInt: 123,
  NonPositiveFloat: -123.45,
  NonPositiveInt: -123,
  ObjectID: '5e5677d71bdc2ae76344968c',
  PhoneNumber: '+17895551234',
  Port: 52941,
  PositiveFloat: 123.45,
  PositiveInt: 123,
  PostalCode: '60031',
  RGB: 'rgb(120, 168, 52)',
  RGBA: 'rgba(20, 102, 7, 0.53)',
  RoutingNumber: '111000025',
  SafeInt: 9007199254740991,
  SemVer: '1.0.0-alpha.1',
  SESSN: '194907011813',
  Time: '10:15:30.000Z',
  Timestamp: 1592577642000,
  TimeZone: 'Etc/UTC',
  ULID: '01J9GHQM8N5X4TQ3M1ZV9J6CBK',
  UnsignedFloat: 123.45,
  UnsignedInt: 123,
  URL: 'http://www.test.com/',
  USCurrency: '$10.50',
  UtcOffset: '+03:00',
  UUID: '770915fd-cf71-4127-a143-f31b91e978b6',
};

const names = Object.entries(resolvers)
  .filter(([name, resolver]) => isScalarType(resolver) && name !== 'Void')
  .map(([name]) => name);

function sceneOf(name: string) {
  const sdl = parseSdlFile(
    `type Quote @collection(key: "id") { id: ID! a: ${name} b: [${name}!] }\nscalar ${name}`,
    'a.graphql',
  );
  const [collection] = sdl.collections;
  if (!collection) throw new Error('there is a collection');
  return { ...typedSchema(sdl), unfit: unfitItem(sdl, collection) };
}

const INSERT = 'query ($a: A, $b: [A!]) { putQuote(input: { id: "1", a: $a, b: $b }) { a b } }';
const insertOf = (name: string): string => INSERT.replaceAll(/\bA\b/g, name);

/** A literal of JSON whose names need no quotes. */
const literal = (value: unknown): string => JSON.stringify(value).replaceAll(/"(\w+)":/g, '$1:');

describe('scalars of graphql-scalars', () => {
  it('every scalar has a case here', () => {
    expect(Object.keys(KEPT).toSorted()).toEqual(names.toSorted());
  });

  it.each(names)('%s comes out as it has come in', async (name) => {
    const value = KEPT[name];
    const { run, stored, unfit, partsOf, filters } = sceneOf(name);
    const answer = { data: { putQuote: { a: value, b: [value] } } };
    expect(await run(insertOf(name), { a: value, b: [value] })).toEqual(answer);
    const keyed = { key: '1', value: { id: '1', a: value, b: [value] } };
    expect(stored).toEqual([keyed]);
    expect(unfit(keyed)).toBeUndefined();
    expect(partsOf('Quote').plainValueOf({ id: '1', a: value, b: [value] })).toEqual(keyed);
    expect(await run(`{ putQuote(input: { id: "1", a: ${literal(value)}, b: [${literal(value)}] }) { a b } }`)).toEqual(
      answer,
    );
    await run(`query ($a: ${name}) { findQuote(filter: { where: { a: { eq: $a }, b: { has: $a } } }) }`, { a: value });
    expect(filters[0]?.where?.matches(keyed.value)).toBe(true);
    expect(filters[0]?.where?.matches({ id: '1' })).toBe(false);
  });

  it.each<[string, unknown, unknown]>([
    ['DateTime', '2007-12-03T11:15:30+01:00', '2007-12-03T10:15:30.000Z'],
    ['DateTimeISO', '2007-12-03T10:15:30Z', '2007-12-03T10:15:30.000Z'],
    ['Time', '11:15:30+01:00', '10:15:30.000Z'],
    ['URL', 'http://www.test.com', 'http://www.test.com/'],
    ['BigInt', '12', 12],
    ['BigInt', parseJson('9007199254740993'), '9007199254740993'],
    ['Long', 2 ** 60, '1152921504606846976'],
    ['Timestamp', '2020-06-19T14:14:02.000Z', 1592576042000],
  ])('%s takes %j in another notation, and a filter finds it', async (name, sent, stored) => {
    const { run, stored: keyed, filters } = sceneOf(name);
    expect(await run(insertOf(name), { a: sent })).toEqual({ data: { putQuote: { a: stored, b: null } } });
    expect(keyed).toEqual([{ key: '1', value: { id: '1', a: stored } }]);
    await run(`query ($a: ${name}!) { findQuote(filter: { where: { a: { in: [$a] } } }) }`, { a: sent });
    expect(filters[0]?.where?.matches({ a: stored })).toBe(true);
  });

  it.each<[string, unknown]>([
    ['PositiveInt', 1.5],
    ['PositiveInt', '5.7'],
    ['NonNegativeInt', '1e3'],
    ['SafeInt', 2 ** 53],
    ['BigInt', 1.5],
    ['BigInt', '01'],
    ['BigInt', true],
    ['Timestamp', 'yesterday'],
    ['Timestamp', 1.5],
    ['Byte', '?'],
    ['EmailAddress', 5],
    ['JSONObject', [1]],
    ['GeoJSON', { type: 'Point' }],
  ])('%s refuses %j, which it would change', async (name, sent) => {
    const { run, stored, partsOf } = sceneOf(name);
    const { errors } = await run(insertOf(name), { a: sent });
    expect(errors?.[0]?.message).toContain('$a');
    expect(stored).toEqual([]);
    expect(partsOf('Quote').plainValueOf({ id: '1', a: sent })).toBeUndefined();
  });
});
