/** `_entities` of a server with an SDL file, whose entities are of several collections. */
import { graphql } from 'graphql';
import { describe, expect, it, vi } from 'vitest';
import { createSchema } from '../../../schema/index.ts';
import { AnswerBudget } from '../../../schema/request/answer-budget.ts';
import { EVERYBODY } from '../../../schema/request/caller.ts';
import { RootReads } from '../../../schema/request/root-reads.ts';
import { parseSdlFile } from '../../../schema/sdl/parse-sdl-file.ts';
import type { ServerOptions } from '../../../src/server/options.ts';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { ask, request } from '../../support/clients/clients.ts';
import { post, resultOf } from '../../support/clients/requests.ts';
import { openMap } from '../../support/model/open-map.ts';
import { mapOf, schemaFile } from '../../support/server/collections.ts';
import { startServer } from '../../support/server/server.ts';
import { bearer, type Claims, SECRET, sign } from '../../support/server/tokens.ts';

const SDL = `
type Quote @collection(key: "symbol") { symbol: ID! price: Float! venue: Venue paid: Money }
type Order @collection(key: "number") { number: Int! lines: [Line!] }
type Note @collection(key: "slug") { slug: String! id: Int text: String }
enum Venue { NYSE LSE }
type Money { amount: Float! currency: String! }
type Line { product: String! count: Int }
`;

const ENTITIES = `query ($representations: [_Any!]!) {
  _entities(representations: $representations) {
    __typename
    ... on Quote { symbol price venue paid { amount currency } }
    ... on Order { number lines { product } }
    ... on Note { slug noteId: id text }
  }
}`;

const IBM = { symbol: 'IBM', price: 1.5, venue: 'NYSE', paid: { amount: 5, currency: 'EUR' } };
const quote = (symbol: unknown): object => ({ __typename: 'Quote', symbol });
const order = (number: unknown): object => ({ __typename: 'Order', number });
const note = (slug: unknown): object => ({ __typename: 'Note', slug });

async function start(options: ServerOptions = {}): Promise<SeamlineServer> {
  const server = await startServer({ schema: schemaFile(SDL), federation: true, ...options });
  await mapOf(server, 'quotes').insertMany([
    { key: 'IBM', value: IBM },
    { key: '7', value: { symbol: '7', price: 2 } },
  ]);
  await mapOf(server, 'orders').insertMany([
    { key: '7', value: { number: 7, lines: [{ product: 'bolt' }] } },
    { key: '-1', value: { number: -1 } },
  ]);
  await mapOf(server, 'notes').insert({ key: '7', value: { slug: '7', id: 70, text: 'seven' } });
  return server;
}

describe('_entities of typed collections', () => {
  it('_entities answers representations of several collections in their order, each with the fields of its type', async () => {
    const server = await start();
    const representations = [order(7), quote('IBM'), note('7'), quote('gone'), quote(7), order(-1), order(8)];
    expect(await ask(server, ENTITIES, { representations })).toEqual({
      _entities: [
        { __typename: 'Order', number: 7, lines: [{ product: 'bolt' }] },
        { __typename: 'Quote', symbol: 'IBM', price: 1.5, venue: 'NYSE', paid: { amount: 5, currency: 'EUR' } },
        { __typename: 'Note', slug: '7', noteId: 70, text: 'seven' },
        null,
        { __typename: 'Quote', symbol: '7', price: 2, venue: null, paid: null },
        { __typename: 'Order', number: -1, lines: null },
        null,
      ],
    });
  });

  it('entities of several collections are read in one synchronous block, with the other root fields', async () => {
    const definition = parseSdlFile(SDL, 'schema.graphql');
    const maps = new Map([
      ['quotes', await openMap()],
      ['orders', await openMap()],
    ]);
    // Whether each item was looked up in the same turn as the first one, before any promise was continued.
    const isSameTurn: boolean[] = [];
    let isOver = false;
    for (const [plural, map] of maps) {
      await map.insert(plural === 'quotes' ? { key: 'IBM', value: IBM } : { key: '7', value: { number: 7 } });
      const get = map.get.bind(map);
      vi.spyOn(map, 'get').mockImplementation((key) => {
        queueMicrotask(() => (isOver = true));
        isSameTurn.push(!isOver);
        return get(key);
      });
    }
    const contextValue = { caller: EVERYBODY, reads: new RootReads(), budget: new AnswerBudget(), delivery: {} };
    // The schema asks for no other map.
    const schema = createSchema({ definition, mapOf: (plural) => maps.get(plural) as never, federation: true });
    const variableValues = { representations: [quote('IBM'), order(7), quote('IBM')] };
    const source = `query ($representations: [_Any!]!) {
      _entities(representations: $representations) { ... on Quote { price } ... on Order { number } }
      quote(symbol: "IBM") { price }
    }`;
    const { data } = await graphql({ schema, source, contextValue, variableValues });
    expect(data).toEqual({ _entities: [{ price: 1.5 }, { number: 7 }, { price: 1.5 }], quote: { price: 1.5 } });
    expect(isSameTurn).toEqual([true, true, true, true]);
  });

  it.each<[string, object, string, string]>([
    ['a text as an Int key', order('7'), 'number', 'must be the key of Order, of type Int, got "7"'],
    ['a fraction as an Int key', order(7.5), 'number', 'of type Int, got 7.5'],
    ['a number beyond Int', order(2 ** 31), 'number', 'of type Int, got 2147483648'],
    ['a number as a String key', note(7), 'slug', 'must be the key of Note, of type String, got 7'],
    ['true as an ID key', quote(true), 'symbol', 'must be the key of Quote, of type ID, got boolean'],
    ['the key of another type', { __typename: 'Quote', number: 7 }, 'symbol', 'of type ID, got nothing'],
    ['the generated id in place of the key', { __typename: 'Quote', id: 'IBM' }, 'symbol', 'got nothing'],
    ['a nested type', { __typename: 'Money' }, '__typename', 'must be Quote or Order or Note, got "Money"'],
    ['the type Item', { __typename: 'Item', key: '7' }, '__typename', 'must be Quote or Order or Note, got "Item"'],
  ])('a representation with %s is refused with its path', async (_what, wrong, member, message) => {
    const server = await start();
    const { data, errors } = await request(server, ENTITIES, { representations: [quote('IBM'), order(7), wrong] });
    expect({ data, errors }).toMatchObject({ data: null, errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
    expect(errors?.[0]?.extensions['issues']).toEqual([
      { path: ['representations', 2, member], message: expect.stringContaining(message) as string },
    ]);
  });

  it('a token needs the scope of each collection that its representations name, and sees keys under its prefix', async () => {
    const server = await start({ jwtSecret: SECRET });
    const answerTo = async (representations: readonly object[], claims: Claims) =>
      resultOf(await post(server, { query: ENTITIES, variables: { representations } }, bearer(await sign(claims))));
    const scope = 'quotes:read';
    expect(await answerTo([quote('7')], { scope })).toMatchObject({ data: { _entities: [{ symbol: '7' }] } });
    expect(await answerTo([quote('7'), order(7)], { scope })).toMatchObject({
      data: null,
      errors: [{ message: 'not allowed: requires scope orders:read', extensions: { code: 'FORBIDDEN' } }],
    });
    expect(await answerTo([quote('IBM'), quote('7'), order(7)], { keyPrefix: '7' })).toMatchObject({
      data: { _entities: [null, { symbol: '7' }, { number: 7 }] },
    });
  });

  it('fields of entities are counted, those of nested lists as well', async () => {
    const server = await start();
    const lines = Array.from({ length: 1000 }, () => ({ product: 'bolt' }));
    await mapOf(server, 'orders').insert({ key: '9', value: { number: 9, lines } });
    const query = `query ($representations: [_Any!]!) {
      _entities(representations: $representations) { ... on Order { lines { product } } }
    }`;
    const times = (length: number) => ({ representations: Array.from({ length }, () => order(9)) });
    expect((await request(server, query, times(90))).errors).toBeUndefined();
    const { errors = [] } = await request(server, query, times(110));
    expect(new Set(errors.map(({ extensions }) => extensions['code']))).toEqual(new Set(['PAYLOAD_TOO_LARGE']));
  });
});
