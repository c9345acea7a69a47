/** Queries, conditions and the answer budget of a stream in a user's schema. */
import SchemaBuilder from '@pothos/core';
import { execute, type ExecutionResult, type GraphQLSchema, parse, subscribe } from 'graphql';
import { describe, expect, it } from 'vitest';
import { addStream, type Item, itemFields, memoryLog, StreamingMap } from '../../src/index.ts';
import { ask, request } from '../support/clients/clients.ts';
import { createQuotes, type Quote, quoteSchema, serve } from '../support/server/quotes.ts';

const put = (symbol: string, rest: string): string =>
  `insertQuote(input: { symbol: "${symbol}", price: 1 }${rest}) { symbol }`;

describe('queries of a stream', () => {
  it('pages of a stream continue after their endCursor', async () => {
    const map = await createQuotes();
    const server = await serve(quoteSchema(map, { queries: true }));
    await map.insertMany(['a', 'b', 'c'].map((symbol) => ({ value: { symbol, price: 1 } })));
    type Page = { quotes: { edges: unknown; pageInfo: { hasNextPage: boolean; endCursor: string } } };
    const query = (after: string) =>
      `{ quotes(first: 2, ${after}) { edges { node { symbol } } pageInfo { hasNextPage endCursor } } }`;
    const { quotes } = await ask<Page, object>(server, query(''));
    expect(quotes).toMatchObject({
      edges: [{ node: { symbol: 'a' } }, { node: { symbol: 'b' } }],
      pageInfo: { hasNextPage: true },
    });
    const rest = await ask<Page, object>(server, query(`after: "${quotes.pageInfo.endCursor}"`));
    expect(rest.quotes).toMatchObject({ edges: [{ node: { symbol: 'c' } }], pageInfo: { hasNextPage: false } });
  });

  it('items that mayRead refuses are on no page', async () => {
    const map = await createQuotes();
    const mayRead = ({ price }: Quote): boolean => price < 2;
    const server = await serve(quoteSchema(map, { queries: true, mayRead }));
    await map.insertMany([1, 2, 1].map((price, index) => ({ value: { symbol: `${index}`, price } })));
    expect(
      await ask(server, '{ quote(key: "1") { symbol } quotes { edges { node { symbol } } } quoteStream { size } }'),
    ).toEqual({
      quote: null,
      quotes: { edges: [{ node: { symbol: '0' } }, { node: { symbol: '2' } }] },
      quoteStream: { size: null },
    });
  });

  it('wrong arguments are BAD_USER_INPUT, with all issues', async () => {
    const server = await serve(quoteSchema(await createQuotes(), { queries: true }));
    const { errors } = await request(
      server,
      '{ quotes(first: 0, after: "x", filter: { where: { path: "x" } }) { cursor } }',
    );
    expect(errors?.[0]?.extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      issues: [{ path: ['first'] }, { path: ['after'] }, { path: ['filter', 'where', 'path'] }],
    });
  });
});

describe('conditions of mutations', () => {
  it('insertions take ttl, ifAbsent, ifCursor and idempotencyKey', async () => {
    const map = await createQuotes();
    const server = await serve(quoteSchema(map));
    await ask(server, `mutation { ${put('a', ', ttl: 60, ifAbsent: true, idempotencyKey: "1"')} }`);
    const { expiresAt, timestamp, cursor } = map.get('a')!;
    expect(expiresAt! - timestamp).toBe(60_000);
    const codes = [', ifAbsent: true', `, ifCursor: "${cursor}x"`, ', ttl: 0'].map(async (rest) => {
      const { errors } = await request(server, `mutation { ${put('a', rest)} }`);
      return errors?.[0]?.extensions?.['code'];
    });
    expect(await Promise.all(codes)).toEqual(['CONFLICT', 'BAD_USER_INPUT', 'BAD_USER_INPUT']);
    await ask(server, `mutation { ${put('a', ', ttl: 60, ifAbsent: true, idempotencyKey: "1"')} }`);
    expect(map.get('a')!.cursor).toBe(cursor);
    await ask(server, `mutation { ${put('a', `, ifCursor: "${cursor}"`)} }`);
    expect(map.get('a')!.cursor).not.toBe(cursor);
  });

  it('a removal takes ifCursor and idempotencyKey', async () => {
    const map = await createQuotes();
    const server = await serve(quoteSchema(map));
    const stale = await map.insert({ value: { symbol: 'a', price: 1 } });
    await map.insert({ value: { symbol: 'a', price: 2 } });
    const remove = (rest: string) => request(server, `mutation { removeQuote(key: "a", ${rest}) { key cursor } }`);
    expect((await remove(`ifCursor: "${stale.cursor}"`)).errors?.[0]?.extensions).toMatchObject({ code: 'CONFLICT' });
    const removed = await remove('idempotencyKey: "1"');
    expect(removed.data).toMatchObject({ removeQuote: { key: 'a' } });
    expect(await remove('idempotencyKey: "1"')).toEqual(removed);
  });

  it('a repeated batch answers the first results, also of equal keys', async () => {
    const map = await createQuotes();
    const server = await serve(quoteSchema(map));
    const batch = (price: number) =>
      request(
        server,
        `mutation { insertQuotes(inputs: [{ symbol: "a", price: 1 }, { symbol: "a", price: ${price} }], ttl: 60, idempotencyKey: "b") { price } }`,
      );
    const first = await batch(2);
    expect(first.data).toEqual({ insertQuotes: [{ price: 1 }, { price: 2 }] });
    const { head } = map.replica;
    expect(await batch(2)).toEqual(first);
    expect(map.replica.head).toEqual(head);
    expect((await batch(3)).errors?.[0]?.extensions).toMatchObject({ code: 'CONFLICT' });
  });
});

type Doc = { readonly id: string; readonly text: string };

async function docs(count: number, text: string) {
  const builder = new SchemaBuilder<{ Context: object }>({});
  builder.queryType();
  builder.subscriptionType();
  const map = await StreamingMap.open<Doc>({ log: memoryLog(), keyOf: ({ id }) => id });
  const item = builder.objectRef<Item<Doc>>('Doc').implement({
    fields: (t) => ({ text: t.string({ resolve: ({ value }) => value.text }), ...itemFields(t) }),
  });
  addStream(builder, { map, item, queries: true });
  for (let index = 0; index < count; index++)
    await map.insert({ value: { id: String(index), text }, ...(index === 0 && { ttl: 60 }) });
  return { map, schema: builder.toSchema() };
}

const run = (schema: GraphQLSchema, text: string, contextValue: object): Promise<ExecutionResult> =>
  Promise.resolve(execute({ schema, document: parse(text), contextValue }) as ExecutionResult);

describe('the option item', () => {
  it('shows cursor, timestamp and expiresAt beside the value', async () => {
    const { map, schema } = await docs(1, 'hello');
    const { cursor, timestamp, expiresAt } = map.get('0')!;
    const shown = {
      text: 'hello',
      cursor,
      timestamp: new Date(timestamp).toISOString(),
      expiresAt: new Date(expiresAt!).toISOString(),
    };
    const fields = '{ text cursor timestamp expiresAt }';
    const { data } = await run(schema, `{ doc(key: "0") ${fields} docs { edges { node ${fields} } } }`, {});
    expect(data).toEqual({ doc: shown, docs: { edges: [{ node: shown }] } });
    const document = parse(`subscription { docs(limit: 1) ${fields} }`);
    const results = (await subscribe({ schema, document })) as AsyncGenerator<ExecutionResult>;
    expect((await results.next()).value).toEqual({ data: { docs: shown } });
  });
});

describe('the answer budget', () => {
  const page = (name: string) => `${name}: docs(first: 1000) { edges { node { text } } }`;

  it('all root fields of one operation share one budget, and operations that share a context do not', async () => {
    const { schema } = await docs(400, 'x'.repeat(60_000));
    const context = {};
    const two = `{ ${page('a')} ${page('b')} ${page('c')} }`;
    const answers = await Promise.all([
      run(schema, two, context),
      run(schema, `{ ${page('a')} ${page('b')} }`, context),
    ]);
    expect(answers[0].errors?.[0]?.extensions).toEqual({ code: 'PAYLOAD_TOO_LARGE' });
    expect(answers[1].errors).toBeUndefined();
  });

  it('an insertion whose answer exceeds the budget is refused before it is written', async () => {
    const map = await createQuotes();
    const schema = quoteSchema(map);
    const names = (count: number) => Array.from({ length: count }, (_, index) => `s${index}: symbol`).join(' ');
    const [long, short] = ['x'.repeat(500), 'y'];
    const values = (symbol: string) =>
      Array.from({ length: 20 }, (_, index) => `{ symbol: "${symbol}${index}", price: 1 }`).join(' ');
    const { errors } = await run(schema, `mutation { insertQuotes(inputs: [${values(long)}]) { ${names(4900)} } }`, {});
    expect(errors?.[0]?.extensions).toEqual({ code: 'PAYLOAD_TOO_LARGE' });
    expect(map.replica.items.size).toBe(0);
    expect(
      (await run(schema, `mutation { insertQuotes(inputs: [${values(short)}]) { ${names(4900)} } }`, {})).errors,
    ).toBeUndefined();
    expect(map.replica.items.size).toBe(20);
  });

  it('a field under many names is charged as often', async () => {
    const { schema } = await docs(400, 'x'.repeat(60_000));
    const copies = (count: number) => Array.from({ length: count }, (_, index) => `t${index}: text`).join(' ');
    const query = (count: number) => `{ docs(first: 1000) { edges { node { ${copies(count)} } } } }`;
    expect((await run(schema, query(2), {})).errors).toBeUndefined();
    expect((await run(schema, query(3), {})).errors?.[0]?.extensions).toEqual({ code: 'PAYLOAD_TOO_LARGE' });
  });

  it('a subscription that selects a field under nine names is refused', async () => {
    const { schema } = await docs(1, 'x');
    const nine = Array.from({ length: 9 }, (_, index) => `t${index}: text`).join(' ');
    const refused = (await subscribe({
      schema,
      document: parse(`subscription { docs { ${nine} } }`),
    })) as ExecutionResult;
    expect(refused.errors?.[0]?.extensions).toEqual({ code: 'GRAPHQL_VALIDATION_FAILED' });
  });

  it('each result of a subscription has a budget of its own', async () => {
    const { map, schema } = await docs(0, '');
    const document = parse('subscription { docChanges { upserted { text } } }');
    const results = (await subscribe({ schema, document })) as AsyncGenerator<ExecutionResult>;
    await results.next();
    let delivered = 0;
    while (delivered <= 10_000) {
      await map.insertMany(Array.from({ length: 1000 }, (_, index) => ({ value: { id: String(index), text: 'x' } })));
      const { value } = (await results.next()) as IteratorYieldResult<
        ExecutionResult<{ docChanges: { upserted: [] } }>
      >;
      expect(value.errors).toBeUndefined();
      delivered += value.data!.docChanges.upserted.length;
    }
    await results.return(undefined);
  });
});
