/** What the fan-out renders is, letter by letter, what graphql-js answers. */
import fc from 'fast-check';
import { execute, getOperationAST, type ExecutionResult, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { AnswerBudget } from '../../schema/request/answer-budget.ts';
import { createSchema } from '../../schema/index.ts';
import { compileSelection } from '../../src/fanout/selection/selection.ts';
import { stringifyJson } from '../../src/core/model/json.ts';
import { Selections } from '../../src/fanout/selection/selections.ts';
import type { Chooser } from '../support/random/made-documents.ts';
import { changesSubscription, itemsSubscription } from '../support/random/made-documents.ts';
import type { Asked } from '../support/clients/readers.ts';

const schema = createSchema();
const root = schema.getSubscriptionType();
if (!root) throw new Error('no subscriptions');

/** fast-check's choices: so a failure shrinks to few. */
const choosing = (gen: fc.GeneratorValue): Chooser => {
  const below = (limit: number): number => gen(fc.nat, { max: limit - 1 });
  return {
    below,
    once: (times) => below(times) === 0,
    // `below` stays inside of a list that isn't empty.
    pick: (list) => list[below(list.length)]!,
  };
};

const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }));
const time = fc.integer({ min: 0, max: 253_402_300_799_999 });
const place = { key: text, cursor: text, timestamp: time };
const item = fc.record({
  ...place,
  json: fc.oneof(fc.jsonValue({ stringUnit: 'binary' }), text).map(stringifyJson),
  expiresAt: fc.option(time),
  bytes: fc.nat({ max: 1000 }),
});
const removed = fc.record({ ...place, reason: fc.constantFrom('REMOVED', 'EXPIRED', 'EVICTED') });
const message = fc.record({
  reset: fc.boolean(),
  caughtUp: fc.boolean(),
  cursor: text,
  size: fc.option(fc.nat()),
  checksum: fc.option(text),
  upserted: fc.array(item, { maxLength: 3 }),
  removed: fc.array(removed, { maxLength: 3 }),
});

const context = () => ({ budget: new AnswerBudget(), delivery: {} });

function executed({ query, variables, operationName }: Asked, delivered: unknown): ExecutionResult {
  const args = { schema, document: parse(query), operationName, variableValues: variables };
  return execute({ ...args, rootValue: delivered, contextValue: context() }) as ExecutionResult;
}

function compiled({ query, variables = {}, operationName }: Asked) {
  const document = parse(query);
  const operation = getOperationAST(document, operationName);
  return operation && root ? compileSelection({ schema, document, operation, variables }, root) : undefined;
}

/** As the fan-out does it: graphql-js helps out. */
function rendered({ query, variables, operationName }: Asked, delivered: unknown): string {
  const selections = new Selections(schema, JSON.stringify);
  const render = selections.render({ document: parse(query), variableValues: variables, operationName });
  return `${render(delivered)}}`;
}

const CASES: readonly (readonly [string, (chooser: Chooser) => Asked, fc.Arbitrary<unknown>])[] = [
  ['items', itemsSubscription, item],
  ['itemChanges', changesSubscription, message],
];

describe.each(CASES)('a selection of %s', (_field, subscription, delivered) => {
  it('a selection renders as graphql-js answers, for any fields in any notation', () => {
    fc.assert(
      fc.property(fc.gen(), fc.array(delivered, { minLength: 1, maxLength: 3 }), (gen, all) => {
        const asked = subscription(choosing(gen));
        expect(validate(schema, parse(asked.query))).toEqual([]);
        const render = compiled(asked);
        for (const one of all) {
          const answer = JSON.stringify(executed(asked, one));
          // An object of variables has something under that name, although nobody sent it: left to graphql-js.
          if (!asked.query.includes('$toString'))
            expect({ asked, answer: `${render?.(one, context())}}` }).toEqual({ asked, answer });
          expect(rendered(asked, one)).toBe(answer);
        }
      }),
      { numRuns: 400 },
    );
  });
});

const ITEM = { key: 'k', json: '{"a":1}', cursor: 'c', timestamp: 0, expiresAt: null, bytes: 7 };
const MESSAGE = { reset: true, caughtUp: true, cursor: 'c', size: 1, checksum: 'f', upserted: [ITEM], removed: [] };

describe('what can’t be told of a selection, or fails, graphql-js answers', () => {
  it.each<[string, Asked, object]>([
    [
      'null for a nullable variable',
      { query: 'subscription ($b: Boolean = true) { items { key @include(if: $b) cursor } }', variables: { b: null } },
      ITEM,
    ],
    [
      'null for it, in a list',
      {
        query: 'subscription ($b: Boolean = true) { itemChanges { upserted { key @skip(if: $b) } } }',
        variables: { b: null },
      },
      MESSAGE,
    ],
    ['a time that is none', { query: 'subscription { items { key timestamp } }' }, { ...ITEM, timestamp: NaN }],
    [
      'a time that is none where null may stand',
      { query: 'subscription { items { key expiresAt } }' },
      { ...ITEM, expiresAt: NaN },
    ],
    ['a key that is none', { query: 'subscription { items { key } }' }, { ...ITEM, key: {} }],
    ['no cursor', { query: 'subscription { items { value cursor } }' }, { ...ITEM, cursor: undefined }],
    [
      'a reason that is none',
      { query: 'subscription { itemChanges { removed { reason } } }' },
      { ...MESSAGE, removed: [{ ...ITEM, reason: 'x' }] },
    ],
    [
      'a list that is none',
      { query: 'subscription { itemChanges { cursor upserted { key } } }' },
      { ...MESSAGE, upserted: 7 },
    ],
    ['a size that is none', { query: 'subscription { itemChanges { size cursor } }' }, { ...MESSAGE, size: 0.5 }],
    [
      'an item too many for the budget',
      { query: 'subscription { items { a: value b: value } }' },
      { ...ITEM, bytes: 2 ** 25 + 1 },
    ],
    [
      'entries too many for the budget',
      { query: 'subscription { itemChanges { cursor upserted { key id } } }' },
      { ...MESSAGE, upserted: Array.from({ length: 50_001 }, () => ITEM) },
    ],
  ])('%s', (_name, asked, delivered) => {
    const answer = executed(asked, delivered);
    expect(answer.errors?.length ?? 0).toBeGreaterThan(0);
    expect(rendered(asked, delivered)).toBe(JSON.stringify(answer));
  });

  it('after graphql-js has answered, the next result is rendered again, with a budget of its own', () => {
    const query = 'subscription { items { a: value b: value } }';
    const render = new Selections(schema, JSON.stringify).render({ document: parse(query) });
    expect(render({ ...ITEM, bytes: 2 ** 25 + 1 })).toContain('PAYLOAD_TOO_LARGE');
    for (let n = 0; n < 3; n++)
      expect(render({ ...ITEM, bytes: 2 ** 25 })).toBe('{"data":{"items":{"a":{"a":1},"b":{"a":1}}}');
  });
});
