/** Filters on values in the library: plain input for a map, and streams in a user's schema. */
import SchemaBuilder from '@pothos/core';
import { GraphQLScalarType, printSchema, printType } from 'graphql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createSchema } from '../../schema/index.ts';
import { addStream, BadInputError, itemFilter, memoryLog, StreamingMap } from '../../src/index.ts';
import { createQuotes, quoteSchema } from '../support/server/quotes.ts';

interface Order {
  readonly status: string;
}

async function orders(): Promise<StreamingMap<Order>> {
  const map = await StreamingMap.open<Order>({ log: memoryLog() });
  onTestFinished(() => map.close());
  for (const [key, status] of [
    ['a/1', 'open'],
    ['a/2', 'held'],
    ['b/1', 'open'],
  ] as const)
    await map.insert({ key, value: { status } });
  return map;
}

function issuesOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    if (error instanceof BadInputError) return error.issues;
    throw error;
  }
  return [];
}

describe('the filter of `map.items` and `map.changes`', () => {
  it('plain conditions are the filter that `itemFilter` makes of them', async () => {
    const map = await orders();
    const plain = { keyPrefix: 'a', keys: ['a/1', 'b/1'], where: { path: '/status', eq: 'open' } };
    for (const filter of [plain, itemFilter(plain)]) {
      const { filter: checked } = map.itemsRequest({ filter });
      expect(checked).toMatchObject({
        prefix: 'a',
        keys: new Set(['a/1', 'b/1']),
        where: { name: itemFilter(plain).where?.name },
      });
      expect(map.changesRequest({ filter }).filter).toEqual(checked);
    }
    for await (const { key } of map.items({ filter: { keys: ['b/1'] }, limit: 1 })) expect(key).toBe('b/1');
    for (const filter of [null, undefined, {}])
      expect(map.itemsRequest({ filter }).filter).toEqual({ prefix: '', keys: undefined });
  });

  it.each<[unknown, unknown]>([
    [{ where: { and: [{ lt: true }] } }, [{ path: ['filter', 'where', 'and', 0, 'lt'] }]],
    [{ where: { path: 'status', eq: 1 } }, [{ path: ['filter', 'where', 'path'] }]],
    [{ where: { status: 'open' } }, [{ path: ['filter', 'where'] }]],
    [{ where: 'open' }, [{ path: ['filter', 'where'] }]],
    [{ keyPrefix: 'x'.repeat(513) }, [{ path: ['filter', 'keyPrefix'] }]],
    [{ keyPrefix: 7, keys: 'a' }, [{ path: ['filter', 'keys'] }, { path: ['filter', 'keyPrefix'] }]],
    [{ keys: ['a', 1] }, [{ path: ['filter', 'keys'], message: 'must be an array of strings' }]],
    [{ keys: Array.from({ length: 1001 }, () => 'a') }, [{ path: ['filter', 'keys'] }]],
    [{ wher: {} }, [{ path: ['filter', 'wher'], message: 'is no member of a filter: use keys, keyPrefix or where' }]],
  ])('the conditions %j are refused by both with their path', async (filter, expected) => {
    const map = await orders();
    expect(issuesOf(() => map.items({ filter: filter as never }))).toMatchObject(expected as object);
    expect(issuesOf(() => map.changes({ filter: filter as never }))).toMatchObject(expected as object);
  });
});

describe('ValueFilter in a user’s schema', () => {
  const scalar = new GraphQLScalarType({ name: 'JSON', description: 'Mine.' });

  it('the types of the filter are those of the server', async () => {
    const [ours, theirs] = [createSchema(), quoteSchema(await createQuotes())].map((schema) =>
      ['ItemFilter', 'ValueFilter', 'JSON'].map((name) => {
        const type = schema.getType(name);
        return type && printType(type);
      }),
    );
    expect(ours).toEqual(theirs);
    expect(ours?.every((printed) => printed !== undefined)).toBe(true);
  });

  it.each(['before the stream', 'after the stream'])('a scalar JSON that the user adds %s is used', async (when) => {
    const builder = new SchemaBuilder<{ Scalars: { JSON: { Input: unknown; Output: unknown } } }>({});
    builder.queryType({ fields: (t) => ({ hello: t.string({ resolve: () => 'hello' }) }) });
    builder.subscriptionType({});
    const map = await orders();
    if (when === 'before the stream') builder.addScalarType('JSON', scalar);
    const type = builder.objectRef<Order>('Order').implement({ fields: (t) => ({ status: t.exposeString('status') }) });
    addStream(builder, { map, type });
    if (when === 'after the stream') builder.addScalarType('JSON', scalar);
    const printed = printSchema(builder.toSchema());
    expect(printed.match(/scalar JSON/g)).toHaveLength(1);
    expect(printed).toContain('"""Mine."""');
    expect(printed).toContain('eq: JSON');
  });
});
