/** What the fan-out renders of typed items is, letter by letter, what graphql-js answers. */
import fc from 'fast-check';
import { execute, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createSchema } from '../../../schema/index.ts';
import { AnswerBudget } from '../../../schema/request/answer-budget.ts';
import { resultText } from '../../../src/core/model/json-text.ts';
import { StoredItem } from '../../../src/core/model/stored-item.ts';
import { compileOperation, Selections } from '../../../src/fanout/selection/selections.ts';
import { quotesSdl } from '../../support/typed/quotes-sdl.ts';

const schema = createSchema({ definition: quotesSdl() });
const LEAVES = 'symbol price count note isOpen venue at extra size volume old';
const NESTED =
  'tags grid lines { sku amount tags next { sku } } address { city geo { lat constructor } } id cursor timestamp';
const ALL = `subscription { quotes { ${LEAVES} ${NESTED} } }`;
const FEW = 'subscription { quotes { symbol price venue isOpen at } }';

const storedItem = (json: string, key = 'A'): StoredItem<unknown> =>
  new StoredItem({ epoch: 'e1234567', timestamp: 1_700_000_000_000 } as never, {
    key,
    json,
    position: 1 as never,
    digest: 0,
    expiresAt: null,
    bytes: json.length,
    following: 0,
  });

const context = () => ({ budget: new AnswerBudget(), delivery: {} });

function executed(query: string, json: string): string {
  const args = { schema, document: parse(query), rootValue: storedItem(json), contextValue: context() };
  return resultText(execute(args));
}

const rendering = (query: string) => new Selections(schema, resultText).render({ document: parse(query) });

const [renderAll, renderFew] = [rendering(ALL), rendering(FEW)];

function expectSame(json: string): void {
  expect({ json, answer: `${renderAll(storedItem(json))}}` }).toEqual({ json, answer: executed(ALL, json) });
  expect({ json, answer: `${renderFew(storedItem(json))}}` }).toEqual({ json, answer: executed(FEW, json) });
}

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'grapheme-ascii' }),
);
const number = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(0, 0.1, 1e21, 1e-7, 1e15, 123456789.123456),
);
/** Mostly what the field holds, and sometimes anything. */
const mostly = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<unknown> =>
  fc.oneof({ arbitrary: value, weight: 20 }, { arbitrary: fc.jsonValue(), weight: 1 });
const day = fc.constantFrom(
  '2026-01-31T23:59:59.999Z',
  '2026-02-28T00:00:00.000Z',
  '2024-02-29T00:00:00.000Z',
  '2026-02-29T00:00:00.000Z',
  '2026-02-30T00:00:00.000Z',
  '2026-04-31T00:00:00.000Z',
  '2026-01-01T24:00:00.000Z',
  '2026-01-01T00:00:00Z',
);
const line = fc.record(
  { sku: mostly(text), amount: mostly(fc.integer()), tags: mostly(fc.array(text)) },
  { requiredKeys: ['sku'] },
);
const value = fc.record(
  {
    symbol: mostly(text),
    price: mostly(number),
    count: mostly(number),
    note: mostly(text),
    isOpen: mostly(fc.boolean()),
    venue: mostly(fc.constantFrom('NYSE', 'LSE', 'toString')),
    at: mostly(day),
    extra: fc.jsonValue(),
    size: mostly(fc.nat()),
    volume: mostly(fc.oneof(fc.nat(), fc.constant('9007199254740993'))),
    tags: mostly(fc.array(text, { maxLength: 3 })),
    grid: mostly(fc.array(fc.array(fc.integer(), { maxLength: 2 }), { maxLength: 2 })),
    lines: mostly(fc.array(line, { maxLength: 2 })),
    address: mostly(
      fc.record({ city: mostly(text), geo: mostly(fc.record({ lat: mostly(number), constructor: mostly(text) })) }),
    ),
    old: mostly(text),
  },
  { requiredKeys: ['symbol', 'price'] },
);

describe('a typed item is rendered as graphql-js answers', () => {
  it('any stored values, right ones and wrong ones, are rendered as graphql-js answers', () => {
    fc.assert(
      fc.property(value, (one) => expectSame(JSON.stringify(one))),
      { numRuns: 500 },
    );
  });

  it.each([
    '{}',
    '[]',
    '7',
    '"text"',
    '{ "symbol": "A", "price": 1 }',
    '{"price":1,"symbol":"A"}',
    '{"symbol":"A","price":1,"unknown":2}',
    '{"symbol":"A","price":1,"price":2}',
    '{"symbol":"A","symbol":"B","price":2}',
    '{"symbol":null,"price":1}',
    '{"symbol":"A","price":1,"note":null}',
    '{"symbol":"A","price":-0}',
    '{"symbol":"A","price":-0.0,"count":-0}',
    '{"symbol":"A","price":1.50,"count":1.0}',
    '{"symbol":"A","price":1e2,"count":1e2}',
    '{"symbol":"A","price":1e400}',
    '{"symbol":"A","price":0.0000001}',
    '{"symbol":"A","price":123456789012345678}',
    '{"symbol":"A","price":9007199254740993}',
    '{"symbol":"A","price":1,"count":2147483647}',
    '{"symbol":"A","price":1,"count":2147483648}',
    '{"symbol":"A\\u0041","price":1}',
    '{"symbol":"a\\"price\\":2,","price":1}',
    '{"symbol":"A","price":1,"extra":{"a":[{"b":"}],"},1]},"size":3}',
    '{"symbol":"A","price":1,"extra":"}"}',
    '{"symbol":"\u2028","price":1}',
    '{"symbol":12,"price":"1"}',
  ])('the stored text %s is rendered as graphql-js answers', (json) => expectSame(json));

  it('a small typed item is rendered without its value', () => {
    const item = storedItem('{"symbol":"A","price":1.5,"venue":"LSE","at":"2026-01-31T23:59:59.999Z"}');
    Object.defineProperty(item, 'valueInPassing', {
      get: () => {
        throw new Error('the value was parsed');
      },
    });
    const render = compileOperation(schema, { document: parse(FEW) });
    expect(render?.(item, context())).toBe(
      '{"data":{"quotes":{"symbol":"A","price":1.5,"venue":"LSE","isOpen":null,"at":"2026-01-31T23:59:59.999Z"}}',
    );
  });

  it('a text spends its bytes of the answer for each alias', () => {
    const json = JSON.stringify({ symbol: 'A', price: 1, note: 'x'.repeat(60_000) });
    const aliases = Array.from({ length: 1200 }, (_, index) => `a${index}: note`).join(' ');
    const render = rendering(`subscription { quotes { ${aliases} } }`);
    expect(render(storedItem(json))).toContain('PAYLOAD_TOO_LARGE');
  });
});
