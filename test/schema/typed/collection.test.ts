import { graphql, parse, printSchema, subscribe } from 'graphql';
import { expect, it } from 'vitest';
import { createSchema } from '../../../schema/index.ts';
import { parseSdlFile } from '../../../schema/sdl/parse-sdl-file.ts';
import { AnswerBudget } from '../../../schema/request/answer-budget.ts';
import { EVERYBODY } from '../../../schema/request/caller.ts';
import { RootReads } from '../../../schema/request/root-reads.ts';
import { resultText } from '../../../src/core/model/json-text.ts';
import { openMap } from '../../support/model/open-map.ts';
import { quotesSdl } from '../../support/typed/quotes-sdl.ts';

it('a typed collection inserts, finds, and delivers what matches', async () => {
  const map = await openMap();
  const schema = createSchema({ definition: quotesSdl(), mapOf: () => map });
  const contextOf = (): object => ({
    caller: EVERYBODY,
    budget: new AnswerBudget(),
    reads: new RootReads(),
    delivery: {},
  });
  const run = async (source: string): Promise<unknown> =>
    JSON.parse(resultText(await graphql({ schema, source, contextValue: contextOf() }))) as unknown;

  expect(
    await run(
      'mutation { insertQuotes(inputs: [{ symbol: "A", price: 1.5 }, { symbol: "B", price: 2, venue: LSE }]) { id price venue } }',
    ),
  ).toEqual({
    data: {
      insertQuotes: [
        { id: 'A', price: 1.5, venue: null },
        { id: 'B', price: 2, venue: 'LSE' },
      ],
    },
  });
  expect(map.get('B')?.value).toEqual({ symbol: 'B', price: 2, venue: 'LSE' });
  expect(
    await run(
      '{ quote(symbol: "A") { symbol } quotes(filter: { where: { venue: { eq: LSE } } }) { edges { node { symbol } } } }',
    ),
  ).toEqual({
    data: { quote: { symbol: 'A' }, quotes: { edges: [{ node: { symbol: 'B' } }] } },
  });
  expect(await run('mutation { insertQuote(input: { symbol: "", price: 1 }) { id } }')).toMatchObject({
    errors: [{ extensions: { code: 'BAD_USER_INPUT', issues: [{ path: ['input', 'symbol'] }] } }],
  });
  expect(
    await run('mutation { insertQuotes(inputs: [{ symbol: "C", price: 9007199254740993 }]) { id } }'),
  ).toMatchObject({
    errors: [{ extensions: { code: 'BAD_USER_INPUT', issues: [{ path: ['inputs', 0, 'price'] }] } }],
  });
  expect(map.replica.items.size).toBe(2);

  const document = parse(
    'subscription { quotes(limit: 1, filter: { where: { price: { gt: 1.6 } } }) { symbol price } }',
  );
  const results = await subscribe({ schema, document, contextValue: contextOf() });
  if (!(Symbol.asyncIterator in results)) throw new Error(JSON.stringify(results));
  const delivered: string[] = [];
  for await (const result of results) delivered.push(resultText(result));
  expect(delivered).toEqual(['{"data":{"quotes":{"symbol":"B","price":2}}}']);
});

it.each([
  ['Order', 'an Order'],
  ['Quote', 'a Quote'],
  ['User', 'a User'],
])('the descriptions of a collection of %s speak of %s and of its own changes', (name, named) => {
  const definition = parseSdlFile(`type ${name} @collection(key: "a") { a: ID! }`, 'schema.graphql');
  const mapOf = (): never => {
    throw new Error('a printed schema reads no map');
  };
  const text = printSchema(createSchema({ definition, mapOf }));
  expect(text).toContain(`Inserts ${named}, or replaces the ${name} with the same key.`);
  expect(text).toContain('as in `…Changes`');
  expect(text).not.toContain('ItemChanges');
});
