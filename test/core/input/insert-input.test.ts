import { describe, expect, it } from 'vitest';
import { BadInputError, PayloadTooLargeError } from '../../../src/core/model/errors.ts';
import {
  checkBatch,
  checkRemoval,
  type InputLimits,
  type InsertInput,
  keyProblem,
  MAX_TTL,
  ttlProblem,
  valueIssue,
} from '../../../src/core/input/insert-input.ts';
import { UnkeptNumber } from '../../../src/core/model/json.ts';
import { DEFAULT_LIMITS } from '../../../src/core/map-options.ts';

const CURSOR = '0testepoch00-11-0000000';

function check(inputs: readonly unknown[], limits: Partial<InputLimits> = {}): ReturnType<typeof checkBatch> {
  return checkBatch(inputs as InsertInput<unknown>[], { ...DEFAULT_LIMITS, ...limits });
}

/** The paths of the issues, such as `inputs.0.key`; undefined without an error. */
function issuesOf(act: () => unknown): string[] | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (!(error instanceof BadInputError)) throw error;
    return error.issues.map(({ path }) => path.join('.'));
  }
}

const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as unknown;

describe('a key', () => {
  it.each<[string, unknown]>([
    ['one byte', 'a'],
    ['512 bytes', 'a'.repeat(512)],
    ['512 bytes of two-byte characters', 'é'.repeat(256)],
    ['a surrogate pair', '😀'],
    ['a line end', 'a\nb'],
    ['a zero byte', '\0'],
    ['__proto__', '__proto__'],
  ])('a key may be %s', (_, key) => expect(keyProblem(key)).toBeUndefined());

  it.each<[string, unknown]>([
    ['empty', ''],
    ['of 513 bytes', 'a'.repeat(513)],
    ['of 257 two-byte characters', 'é'.repeat(257)],
    ['a lone surrogate', 'a\ud83d'],
    ['a number', 1],
    ['null', null],
    ['missing', undefined],
  ])('a key must not be %s', (_, key) => {
    expect(keyProblem(key)).toBeTypeOf('string');
    expect(
      issuesOf(() =>
        check([
          { key: 'ok', value: 1 },
          { key, value: 1 },
        ]),
      ),
    ).toEqual(['inputs.1.key']);
    expect(issuesOf(() => checkRemoval(key as string, {}))).toEqual(['key']);
  });
});

describe('a value', () => {
  it.each<[string, unknown]>([
    ['a string', ''],
    ['a surrogate pair', '\ud83d\ude00'],
    ['what looks like an escaped surrogate', '\\ud83d'],
    ['a number', -0.5],
    ['the greatest number', Number.MAX_VALUE],
    ['the least number', Number.MIN_VALUE],
    ['false', false],
    ['an object', { a: [null, { b: 1 }] }],
    ['an object without prototype', Object.create(null)],
    ['what has members that are undefined', { a: undefined }],
    ['nested 64 levels', nested(64)],
  ])('a value may be %s', (_, value) => {
    expect(valueIssue(value)).toBeUndefined();
    expect(check([{ key: 'a', value }])[0]?.json).toBe(JSON.stringify(value));
  });

  it.each<[string, unknown, string]>([
    ['-0', [-0], '[-0]'],
    ['a large integer', { a: 2 ** 60 }, '{"a":1152921504606846976}'],
    ['an integer of more than 21 digits', 1e22, '1e+22'],
    ['`__proto__` with -0', JSON.parse('{"__proto__":{"a":-0}}'), '{"__proto__":{"a":-0}}'],
    ['-0 next to an undefined member', { a: undefined, b: -0 }, '{"b":-0}'],
  ])('a value is written without loss: %s', (_, value, json) => {
    expect(valueIssue(value)).toBeUndefined();
    expect(check([{ key: 'a', value }])[0]?.json).toBe(json);
  });

  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  it.each<[string, unknown, string?]>([
    ['null', null],
    ['missing', undefined],
    ['NaN', NaN],
    ['infinite', [Infinity], '.0'],
    ['a number that no double holds', { a: [1, new UnkeptNumber('1e400')] }, '.a.1'],
    ['a lone surrogate', '\ud83d'],
    ['a low surrogate inside', { a: ['b', { c: 'd\ude00e' }] }, '.a.1.c'],
    ['a name with a lone surrogate', { a: { '\ud83d': 1 } }, '.a'],
    ['a bigint', { a: 1n }, '.a'],
    ['a function', () => {}],
    ['a symbol', Symbol('s')],
    ['an object with a symbol as a name', [{ [Symbol('s')]: 1 }], '.0'],
    ['a date', new Date(0)],
    ['a map', { a: new Map() }, '.a'],
    ['a boxed number', { a: Object(1) as unknown }, '.a'],
    ['a list of a class', new (class extends Array {})()],
    ['a JSON.rawJSON text', (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON('750727362669608961')],
    ['an object of a class', new URL('http://a')],
    ['an array with undefined', [undefined], '.0'],
    ['an array with holes', [, 1], '.0'], // oxlint-disable-line no-sparse-arrays
    ['an object with toJSON', { toJSON: () => 1 }, '.toJSON'],
    ['nested 65 levels', nested(65)],
    ['cyclic', cyclic],
  ])('valueIssue refuses a value that is %s', (_, value, path = '') => {
    expect(valueIssue(value)?.message).toBeTypeOf('string');
    expect(issuesOf(() => check([{ key: 'a', value }]))).toEqual([`inputs.0.value${path}`]);
  });

  it('a value with a hidden toJSON is refused when it has no JSON', () => {
    const value = Object.defineProperty({}, 'toJSON', { value: () => undefined });
    expect(issuesOf(() => check([{ key: 'a', value }]))).toEqual(['inputs.0.value']);
  });
});

describe('a time to live', () => {
  it.each([1, 2, MAX_TTL])('a ttl may be %i', (ttl) => {
    expect(ttlProblem(ttl)).toBeUndefined();
    expect(check([{ key: 'a', value: 1, ttl }])[0]?.ttl).toBe(ttl);
  });

  it.each([0, -1, 0.5, NaN, Infinity, MAX_TTL + 1, '1', true])('a ttl must not be %s', (ttl) => {
    expect(ttlProblem(ttl)).toBeTypeOf('string');
    expect(issuesOf(() => check([{ key: 'a', value: 1, ttl }]))).toEqual(['inputs.0.ttl']);
  });

  it.each([
    [undefined, undefined, undefined],
    [undefined, 60, 60],
    [null, 60, 60],
    [5, 60, 5],
  ])('a ttl of %s with a default of %s becomes %s', (ttl, byDefault, expected) =>
    expect(check([{ key: 'a', value: 1, ttl }], { ttl: byDefault })[0]?.ttl).toBe(expected),
  );
});

describe('conditions', () => {
  it('conditions may be missing or null', () => {
    const [insertion] = check([{ key: 'a', value: 1, ifAbsent: null, ifCursor: null, idempotencyKey: null }]);
    expect(insertion).toMatchObject({ ifAbsent: undefined, ifCursor: undefined, idempotency: undefined });
    expect(checkRemoval('a', { ifCursor: null, idempotencyKey: null })).toEqual({});
  });

  it('conditions are passed on to the insertion', () => {
    const [insertion] = check([{ key: 'a', value: 1, ifAbsent: true, ifCursor: CURSOR, idempotencyKey: 'i' }]);
    expect(insertion).toMatchObject({ ifAbsent: true, ifCursor: CURSOR, idempotency: { key: 'i' } });
    expect(checkRemoval('a', { ifCursor: CURSOR, idempotencyKey: 'i' })).toMatchObject({
      ifCursor: CURSOR,
      idempotency: { key: 'i' },
    });
  });

  it.each(['', 'nonsense', CURSOR.toUpperCase()])('ifCursor refuses %j', (ifCursor) => {
    expect(issuesOf(() => check([{ key: 'a', value: 1, ifCursor }]))).toEqual(['inputs.0.ifCursor']);
    expect(issuesOf(() => checkRemoval('a', { ifCursor }))).toEqual(['ifCursor']);
  });

  it.each(['', 'a'.repeat(513), '\udc00'])('an idempotency key must not be %j', (idempotencyKey) => {
    expect(issuesOf(() => check([{ key: 'a', value: 1, idempotencyKey }]))).toEqual(['inputs.0.idempotencyKey']);
    expect(issuesOf(() => checkRemoval('a', { idempotencyKey }))).toEqual(['idempotencyKey']);
  });
});

describe('a batch', () => {
  const of = (count: number): unknown[] => Array.from({ length: count }, (_, i) => ({ key: `k${i}`, value: i }));

  it.each([1, 1000])('a batch may have %i inputs', (count) => expect(check(of(count))).toHaveLength(count));

  it.each([
    [0, 1000],
    [1001, 1000],
    [3, 2],
  ])('a batch must not have %i inputs when the limit is %i', (count, maxBatch) =>
    expect(issuesOf(() => check(of(count), { maxBatch }))).toEqual(['inputs']),
  );

  it('a batch is refused with all its issues at once', () =>
    expect(
      issuesOf(() =>
        check([
          { key: '', value: null, ttl: 0 },
          { key: 'ok', value: 1 },
          { key: 'a', value: 1, ifCursor: 'x' },
        ]),
      ),
    ).toEqual(['inputs.0.key', 'inputs.0.value', 'inputs.0.ttl', 'inputs.2.ifCursor']));

  it('the bytes of a batch are those of keys and JSON in UTF-8', () => {
    const insertions = check([{ key: 'é', value: '€' }]);
    expect(insertions).toMatchObject([{ key: 'é', json: '"€"', bytes: 7 }]);
  });
});

describe('what is too large', () => {
  it.each<[string, unknown[], Partial<InputLimits>]>([
    ['a value of more bytes than allowed', [{ key: 'a', value: 'é€' }], { maxValueBytes: 6 }],
    ['a value above 64 KiB', [{ key: 'a', value: 'x'.repeat(65_535) }], {}],
    [
      'keys and values above the batch',
      [
        { key: 'ab', value: 1 },
        { key: 'cd', value: 2 },
      ],
      { maxBatchBytes: 5 },
    ],
    ['nine values of 64 KiB', Array.from({ length: 9 }, () => ({ key: 'a', value: 'x'.repeat(65_534) })), {}],
  ])('PayloadTooLargeError refuses %s', (_, inputs, limits) =>
    expect(() => check(inputs, limits)).toThrow(PayloadTooLargeError),
  );

  it.each<[string, unknown[], Partial<InputLimits>]>([
    ['a value of as many bytes as allowed', [{ key: 'a', value: 'é€' }], { maxValueBytes: 7 }],
    ['a value of 64 KiB', [{ key: 'a', value: 'x'.repeat(65_534) }], {}],
    [
      'keys and values of as many bytes as allowed',
      [
        { key: 'ab', value: 1 },
        { key: 'cd', value: 2 },
      ],
      { maxBatchBytes: 6 },
    ],
  ])('PayloadTooLargeError does not refuse %s', (_, inputs, limits) =>
    expect(check(inputs, limits)).toHaveLength(inputs.length),
  );
});

describe('the payload of an idempotency key', () => {
  const payloadOf = (input: object): string | undefined =>
    check([{ key: 'a', value: { x: 1 }, idempotencyKey: 'i', ...input }])[0]?.idempotency?.payload;

  it('the payload of an idempotency key is equal for equal requests, regardless of the default ttl of the node', () => {
    expect(payloadOf({})).toBe(payloadOf({ ttl: null, ifAbsent: false, ifCursor: null }));
    const [other] = check([{ key: 'a', value: { x: 1 }, idempotencyKey: 'i' }], { ttl: 60 });
    expect(other?.idempotency?.payload).toBe(payloadOf({}));
  });

  it('the payload of an idempotency key differs when any part of the request differs, and for a removal', () => {
    const payloads = [
      payloadOf({}),
      payloadOf({ value: { x: 2 } }),
      payloadOf({ ttl: 1 }),
      payloadOf({ ifAbsent: true }),
      payloadOf({ ifCursor: CURSOR }),
      checkRemoval('a', { idempotencyKey: 'i' }).idempotency?.payload,
      checkRemoval('a', { idempotencyKey: 'i', ifCursor: CURSOR }).idempotency?.payload,
    ];
    expect(new Set(payloads).size).toBe(payloads.length);
  });
});
