/** `_entities`, as a gateway asks for it. */
import { graphql } from 'graphql';
import { describe, expect, it } from 'vitest';
import { AnswerBudget } from '../../../schema/request/answer-budget.ts';
import { EVERYBODY } from '../../../schema/request/caller.ts';
import { RootReads } from '../../../schema/request/root-reads.ts';
import { createSchema } from '../../../schema/index.ts';
import { ask, request } from '../../support/clients/clients.ts';
import { post, resultOf } from '../../support/clients/requests.ts';
import { openMap } from '../../support/model/open-map.ts';
import { startServer } from '../../support/server/server.ts';
import { bearer, type Claims, SECRET, sign } from '../../support/server/tokens.ts';

const ENTITIES = `query ($representations: [_Any!]!) {
  _entities(representations: $representations) { __typename ... on Item { key value } }
}`;

const itemOf = (key: unknown): object => ({ __typename: 'Item', key });
const inserted = (...keys: string[]) => keys.map((key) => ({ key, value: `value of ${key}` }));

describe('_entities', () => {
  it('_entities answers each representation in its place, repeated ones too, and null for a key that does not exist', async () => {
    const server = await startServer({ federation: true });
    await server.map.insertMany([...inserted('a', 'b'), { key: '7', value: 'seven' }]);
    const representations = [itemOf('b'), itemOf('gone'), itemOf('a'), itemOf('b'), itemOf(7), itemOf('')];
    expect(await ask(server, ENTITIES, { representations })).toEqual({
      _entities: [
        { __typename: 'Item', key: 'b', value: 'value of b' },
        null,
        { __typename: 'Item', key: 'a', value: 'value of a' },
        { __typename: 'Item', key: 'b', value: 'value of b' },
        { __typename: 'Item', key: '7', value: 'seven' },
        null,
      ],
    });
    expect(await ask(server, ENTITIES, { representations: [] })).toEqual({ _entities: [] });
  });

  it('_entities ignores further members of a representation, whatever they are', async () => {
    const server = await startServer({ federation: true });
    await server.map.insertMany(inserted('a'));
    const representation = '{"__typename":"Item","key":"a","value":{"deep":[1e999]},"__proto__":{"key":"b"},"id":null}';
    const body = `{"query":${JSON.stringify(ENTITIES)},"variables":{"representations":[${representation}]}}`;
    expect(await resultOf(await post(server, body))).toEqual({
      data: { _entities: [{ __typename: 'Item', key: 'a', value: 'value of a' }] },
    });
  });

  it('_entities takes representations that are written into the document', async () => {
    const server = await startServer({ federation: true });
    await server.map.insertMany(inserted('a', 'b'));
    const query = `query ($key: ID!, $b: _Any!) {
      _entities(representations: [{ __typename: "Item", key: $key }, $b]) { ... on Item { value } }
    }`;
    expect(await ask(server, query, { key: 'a', b: itemOf('b') })).toEqual({
      _entities: [{ value: 'value of a' }, { value: 'value of b' }],
    });
  });

  it('all entities of a query are read at the position of its other root fields', async () => {
    const map = await openMap();
    await map.insertMany(inserted('a', 'b'));
    const reached = Promise.withResolvers<void>();
    const reads = new RootReads({ turn: () => reached.promise });
    const contextValue = { caller: EVERYBODY, reads, budget: new AnswerBudget(), delivery: {} };
    const schema = createSchema({ mapOf: () => map, federation: true });
    const source = `query ($a: [_Any!]!, $b: [_Any!]!) {
      first: _entities(representations: $a) { ... on Item { cursor } }
      second: _entities(representations: $b) { ... on Item { cursor } }
      items { cursor edges { cursor } }
    }`;
    const answer = graphql({ schema, source, contextValue, variableValues: { a: [itemOf('a')], b: [itemOf('b')] } });
    const [a, b] = await map.insertMany(inserted('a', 'b'));
    reached.resolve();
    expect((await answer).data).toEqual({
      first: [{ cursor: a?.cursor }],
      second: [{ cursor: b?.cursor }],
      items: { cursor: b?.cursor, edges: [{ cursor: a?.cursor }, { cursor: b?.cursor }] },
    });
    expect(contextValue.delivery).toEqual({ cursor: b?.cursor });
  });

  it.each<[string, unknown, readonly (string | number)[], string]>([
    ['a number', 5, [1], 'must be an object with __typename and a key, got number'],
    ['a list', [itemOf('a')], [1], 'must be an object with __typename and a key, got a list'],
    ['no __typename', { key: 'a' }, [1, '__typename'], 'must be Item, got nothing'],
    ['an unknown __typename', { __typename: 'Quote', key: 'a' }, [1, '__typename'], 'must be Item, got "Quote"'],
    ['a __typename of the schema that is no entity', { __typename: 'PageInfo' }, [1, '__typename'], 'got "PageInfo"'],
    ['a __typename that every object has', { __typename: 'toString' }, [1, '__typename'], 'got "toString"'],
    ['a long __typename', { __typename: 'x'.repeat(1000) }, [1, '__typename'], `got "${'x'.repeat(79)}…`],
    ['no key', { __typename: 'Item' }, [1, 'key'], 'must be the key of Item, of type ID, got nothing'],
    ['the key null', itemOf(null), [1, 'key'], 'of type ID, got null'],
    ['a fraction as key', itemOf(1.5), [1, 'key'], 'of type ID, got 1.5'],
    ['an object as key', itemOf({}), [1, 'key'], 'of type ID, got object'],
  ])('a representation with %s is refused with its path', async (_what, wrong, path, message) => {
    const server = await startServer({ federation: true });
    const { data, errors } = await request(server, ENTITIES, { representations: [itemOf('a'), wrong] });
    expect({ data, errors }).toMatchObject({
      data: null,
      errors: [{ path: ['_entities'], extensions: { code: 'BAD_USER_INPUT' } }],
    });
    expect(errors?.[0]?.extensions['issues']).toEqual([
      { path: ['representations', ...path], message: expect.stringContaining(message) as string },
    ]);
  });

  it('a request names 1,000 entities at most, and a query 10,000 under several names', async () => {
    const server = await startServer({ federation: true });
    const many = (length: number) => ({ representations: Array.from({ length }, (_, at) => itemOf(String(at))) });
    expect(await ask(server, ENTITIES, many(1000))).toMatchObject({ _entities: { length: 1000 } });
    expect(await request(server, ENTITIES, many(1001))).toMatchObject({
      errors: [{ extensions: { code: 'BAD_USER_INPUT', issues: [{ path: ['representations'] }] } }],
    });
    const repeated = (count: number): string => {
      const fields = Array.from(
        { length: count },
        (_, at) => `a${at}: _entities(representations: $representations) { __typename }`,
      );
      return `query ($representations: [_Any!]!) { ${fields.join(' ')} }`;
    };
    expect((await request(server, repeated(10), many(1000))).errors).toBeUndefined();
    expect(await request(server, repeated(11), many(1000))).toMatchObject({
      errors: [{ extensions: { code: 'PAYLOAD_TOO_LARGE' } }],
    });
  });

  it('entities outside the prefix of a token are null, and a token without the scope is refused', async () => {
    const server = await startServer({ federation: true, jwtSecret: SECRET });
    await server.map.insertMany(inserted('mine/a', 'theirs/a'));
    const asked = { query: ENTITIES, variables: { representations: [itemOf('theirs/a'), itemOf('mine/a')] } };
    const answerTo = async (claims: Claims) => resultOf(await post(server, asked, bearer(await sign(claims))));
    expect(await answerTo({ keyPrefix: 'mine/' })).toEqual({
      data: { _entities: [null, { __typename: 'Item', key: 'mine/a', value: 'value of mine/a' }] },
    });
    expect(await answerTo({ scope: 'items:write' })).toMatchObject({
      data: null,
      errors: [{ message: 'not allowed: requires scope items:read', extensions: { code: 'FORBIDDEN' } }],
    });
    expect(await resultOf(await post(server, asked))).toMatchObject({
      errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    });
  });

  it('a server without federation has none of its fields', async () => {
    const server = await startServer();
    for (const query of ['{ _service { sdl } }', '{ _entities(representations: []) { __typename } }'])
      expect(await request(server, query)).toMatchObject({
        errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
      });
  });
});
