import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  exactly,
  NestedTooDeep,
  parseJson,
  parseNumber,
  stringifyJson,
  UnkeptNumber,
} from '../../../src/core/model/json.ts';

const REFUSED = [
  '750727362669608961',
  '-750727362669608961',
  '9007199254740993',
  '900719925474099.3e1',
  '9007199254740993.000',
  '9007199254740993e0',
  '7.50727362669608961e17',
  '1.152921504606847e18',
  '1152921504606847000',
  '123456789012345678901234567890',
  '1.2345678901234567890123e30',
  '1e400',
  '-1e400',
  '1'.repeat(400),
  '1e99999999999999999999',
  '1e-400',
  '-1e-400',
  '1e-99999999999999999999',
  `0.${'0'.repeat(400)}1`,
  `0.${'0'.repeat(400)}1e10`,
];
const KEPT = [
  '0',
  '-0',
  '0.0',
  '0e-400',
  '0e999999',
  `0.${'0'.repeat(400)}`,
  `-0.${'0'.repeat(400)}e-5`,
  '0.1',
  '-0.30000000000000004',
  '52.520006599999996',
  '123456789.123456789',
  `0.${'0'.repeat(400)}1e401`,
  '1.5e-7',
  '5e-324',
  '2.2250738585072014e-308',
  '1.7976931348623157e308',
  '1.7976931348623157E+308',
  '6.02214076e23',
  '602214076e15',
  '1e21',
  '1e22',
  '1e23',
  '9007199254740991',
  '9007199254740992',
  '9007199254740994',
  '9007199254740993.5',
  '1152921504606846976',
  '-1152921504606846976',
  '1180591620717411303424',
  '1700000000123',
  '1234567890123456',
];

describe.each([
  ['alone', (source: string) => source],
  ['in a list', (source: string) => `[1,${source},2]`],
  ['between spaces', (source: string) => `[ ${source} ]`],
  ['as a member', (source: string) => `{"a":${source}}`],
  ['in lines', (source: string) => `{"a":\n${source}\r\n}`],
  ['after a text', (source: string) => `{"text":"${'x'.repeat(7)}","a":${source},"b":"1e5"}`],
])('a number %s', (_, textOf) => {
  it.each(REFUSED)('the number %s is refused, not rounded', (source) => {
    const text = textOf(source);
    const shown = source.length > 40 ? `${source.slice(0, 40)}…` : source;
    expect(JSON.stringify(parseJson(text))).toContain(JSON.stringify(shown));
    expect(parseNumber(source)).toEqual(new UnkeptNumber(source));
  });

  it.each(KEPT)('the number %s is kept', (source) => {
    const text = textOf(source);
    expect(parseJson(text)).toEqual(JSON.parse(text));
    expect(parseNumber(source)).toBe(Number(source));
  });
});

describe('a text', () => {
  it.each([
    '{"id":"750727362669608961","b":"1e400"}',
    '{"a":"550e8400-e29b-41d4-a716-446655440000"}',
    '{"a":"said, 1e400, and 750727362669608961 , too"}',
    '{"1e400":1,"__proto__":{"a":1}}',
  ])('parseJson leaves numbers in strings alone: %s', (text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text));
    expect(JSON.stringify(parseJson(text))).toBe(text);
  });

  it('parseJson throws for a text that is not JSON, regardless of its numbers', () => {
    for (const text of ['', '[1e400', '{"a":1e400,}', '[01e400]', '[1e400e1]', '[1.e400]'])
      expect(() => parseJson(text)).toThrow(SyntaxError);
  });

  it('parseJson keeps a member named __proto__ next to a refused number', () => {
    const parsed = parseJson('{"__proto__":{"a":1e400}}') as object;
    expect(Object.keys(parsed)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype);
  });
});

/** The number as a decimal: sign, digits without surrounding zeros, exponent. */
function decimal(text: string): string {
  const [, sign, whole = '', fraction = '', power = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const kept = digits.replace(/0+$/, '');
  return kept === '' ? '0' : `${sign}${kept}e${Number(power) - fraction.length + digits.length - kept.length}`;
}

const digits = (maxLength: number) =>
  fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength }).map((each) => each.join(''));
const integers = fc.tuple(fc.boolean(), digits(30)).map(([isNegative, text]) => {
  const plain = text.replace(/^0+(?=.)/, '');
  return `${isNegative ? '-' : ''}${plain}`;
});

it('parseJson refuses JSON of more than 250,000 levels before it is parsed, but no brackets in a text', () => {
  const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
  expect(() => parseJson(nested(250_001))).toThrow(NestedTooDeep);
  expect(() => parseJson('['.repeat(1_000_000))).toThrow(NestedTooDeep);
  expect(parseJson(nested(250_000))).toHaveLength(1);
  const text = JSON.stringify(`\\"${'['.repeat(300_000)}`);
  expect(parseJson(text)).toBe(JSON.parse(text));
});

describe('any number', () => {
  it('an integer in digits keeps its digits or is refused', () => {
    fc.assert(
      fc.property(integers, (source) => {
        const [parsed] = parseJson(`[${source}]`) as unknown[];
        if (parsed instanceof UnkeptNumber) expect(BigInt(Number(source))).not.toBe(BigInt(source));
        else if (Math.abs(Number(source)) < 1e21) expect(stringifyJson(parsed)).toBe(source);
        else expect(BigInt(parsed as number)).toBe(BigInt(source));
      }),
      { numRuns: 2000 },
    );
  });

  it('a number printed by JavaScript is kept unless it is an integer that no double holds', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const source = JSON.stringify(value);
        const isInexact = /^-?\d+$/.test(source) && BigInt(source) !== BigInt(value);
        expect(parseNumber(source)).toEqual(isInexact ? new UnkeptNumber(source) : value === 0 ? 0 : value);
        if (!isInexact) expect(decimal(stringifyJson(parseNumber(source)))).toBe(decimal(source));
      }),
      { numRuns: 2000 },
    );
  });

  it('stringifyJson writes JSON that parses to the same double', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ stringUnit: 'binary' }),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        (value, number) => {
          const whole = { value, list: [number], member: { number } };
          const text = stringifyJson(whole);
          expect(parseJson(text)).toEqual(whole);
          expect(JSON.parse(text)).toEqual(whole);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('stringifyJson returns the text of JSON.stringify where that is exact', () => {
    const value = { a: [1, 0.1, 'b', null, { c: true }] };
    expect(exactly(value)).toBe(value);
  });
});
