/** Small requests for large answers: what one answer may cost is bounded, and what is refused has cost little. */
import { getIntrospectionQuery } from 'graphql';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { AnswerBudget } from '../../schema/request/answer-budget.ts';
import type { SeamlineServer } from '../../src/server/server.ts';
import { request, type Result } from '../support/clients/clients.ts';
import { nested, numbered } from '../support/fuzz/hostile.ts';
import { connect, subscribeMessage } from '../support/sockets/raw-sockets.ts';
import { post } from '../support/clients/requests.ts';
import { startServer } from '../support/server/server.ts';

const MIB = 1024 * 1024;

/** A thousand items of so many bytes each. */
async function filled(bytes: number): Promise<SeamlineServer> {
  const server = await startServer({ maxBatchBytes: 64 * MIB });
  await server.map.insertMany(Array.from({ length: 1000 }, (_, n) => ({ key: `k${n}`, value: 'x'.repeat(bytes) })));
  return server;
}

interface Cost {
  readonly codes: readonly unknown[];
  readonly data: unknown;
  /** Of the answer. */
  readonly bytes: number;
  /** That were charged, or asked for in vain. */
  readonly values: number;
}

async function costOf(server: SeamlineServer, query: string): Promise<Cost> {
  const spend = vi.spyOn(AnswerBudget.prototype, 'spendBytes');
  const text = await (await post(server, { query })).text();
  const { data, errors = [] } = JSON.parse(text) as Result<unknown>;
  const values = spend.mock.calls.length;
  spend.mockRestore();
  return { codes: errors.map(({ extensions }) => extensions['code']), data: data ?? null, bytes: text.length, values };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('aliases', () => {
  it('aliases of pages are PAYLOAD_TOO_LARGE together, before most of them are resolved', async () => {
    const server = await filled(1000);
    const query = `{ ${numbered(90, (n) => `a${n}: items(first: 1000) { edges { node { value } } }`)} }`;
    const { codes, data, bytes, values } = await costOf(server, query);
    expect(codes).toContain('PAYLOAD_TOO_LARGE');
    expect(data).toBeNull();
    expect(bytes).toBeLessThan(10 * query.length);
    expect(values).toBeLessThanOrEqual(10_000);
  });

  it('aliases of values are PAYLOAD_TOO_LARGE above 64 MiB, and no further value is resolved', async () => {
    const server = await filled(2000);
    const query = `{ items(first: 1000) { edges { node { ${numbered(99, (n) => `a${n}: value`)} } } } }`;
    const { codes, data, bytes, values } = await costOf(server, query);
    expect(codes).toEqual(['PAYLOAD_TOO_LARGE']);
    expect(data).toBeNull();
    expect(bytes).toBeLessThan(1000);
    expect(values).toBeLessThan((64 * MIB) / 2000 + 100);
  });

  it('aliases of values of an inserted batch are bounded as well, and the inserted items stay', async () => {
    const server = await startServer();
    const inserts = ['a', 'b', 'c'].map((alias) => `${alias}: insertItems(inputs: $inputs) { ...F }`).join(' ');
    const fragment = `fragment F on Item { ${numbered(90, (n) => `a${n}: value`)} }`;
    const query = `mutation ($inputs: [InsertItemInput!]!) { ${inserts} } ${fragment}`;
    const inputs = Array.from({ length: 450 }, (_, n) => ({ key: `k${n}`, value: 'x'.repeat(1000) }));
    const { data, errors } = await request(server, query, { inputs });
    expect(data ?? null).toBeNull();
    expect(errors).toMatchObject([{ extensions: { code: 'PAYLOAD_TOO_LARGE' } }]);
    expect(server.map.replica.items.size).toBe(450);
  });

  it.each([
    ['small values', 'value'],
    ['timestamps', 'timestamp'],
    ['keys', 'key'],
    ['cursors', 'cursor'],
  ])('of %s on ten pages make an answer of a few megabytes at most, or none', async (_what, field) => {
    const server = await filled(1);
    const fragment = `fragment F on Item { ${numbered(90, (n) => `a${n}: ${field}`)} }`;
    const query = `{ ${numbered(10, (n) => `p${n}: items(first: 1000) { edges { node { ...F } } }`)} } ${fragment}`;
    const { bytes, data, codes } = await costOf(server, query);
    if (data === null) expect(codes).toContain('PAYLOAD_TOO_LARGE');
    expect(bytes).toBeLessThan(8 * MIB);
  });

  it('aliases of a page’s nodes with all their fields are PAYLOAD_TOO_LARGE', async () => {
    const server = await filled(1);
    const fragment = `fragment F on ItemEdge { ${numbered(90, (n) => `a${n}: node { key value cursor timestamp }`)} }`;
    const { bytes } = await costOf(server, `{ items(first: 1000) { edges { ...F } } } ${fragment}`);
    expect(bytes).toBeLessThan(8 * MIB);
  });

  it('aliases within aliased lists of a message of itemChanges are GRAPHQL_VALIDATION_FAILED', async () => {
    const server = await filled(1);
    const socket = await connect(server);
    const fragment = `fragment F on Item { ${numbered(3, (n) => `a${n}: timestamp`)} }`;
    const lists = numbered(3, (n) => `l${n}: upserted { ...F }`);
    socket.send(subscribeMessage('1', `subscription { itemChanges { ${lists} } } ${fragment}`));
    expect(await socket.next()).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
    });
  });
});

describe('the budget of an answer', () => {
  it('the budget of an answer holds the largest page of the largest values', async () => {
    const server = await startServer();
    for (let n = 0; n < 100; n++) await server.map.insert({ key: `k${n}`, value: 'x'.repeat(65_000) });
    const { codes, bytes } = await costOf(server, '{ items(first: 1000) { edges { node { key value } } } }');
    expect(codes).toEqual([]);
    expect(bytes).toBeGreaterThan(6 * MIB);
  });

  it('the budget is renewed with each result of a subscription, so that a long one never runs out', async () => {
    const server = await startServer({ maxValueBytes: MIB, maxBatchBytes: 2 * MIB });
    const value = 'x'.repeat(700_000);
    const socket = await connect(server);
    const aliases = numbered(8, (n) => `a${n}: value`);
    socket.send(subscribeMessage('1', `subscription { items { ${aliases} } }`));
    // Twenty results of 5 MiB each: more than one answer may hold.
    for (let n = 0; n < 20; n++) {
      await server.map.insert({ key: `k${n}`, value });
      const message = await socket.next();
      expect(message?.type).toBe('next');
      expect(message?.payload).not.toHaveProperty('errors');
    }
  }, 60_000);

  it('one result of itemChanges spends the budget like any answer, and the subscription reports it', async () => {
    const server = await startServer({ maxValueBytes: 10 * MIB, maxBatchBytes: 20 * MIB });
    await server.map.insert({ key: 'k', value: 'x'.repeat(9 * MIB) });
    const socket = await connect(server);
    const query = `subscription { itemChanges { upserted { ${numbered(8, (n) => `a${n}: value`)} } } }`;
    socket.send(subscribeMessage('1', query));
    const text = JSON.stringify(await socket.next());
    expect(text).toContain('PAYLOAD_TOO_LARGE');
    expect(text.length).toBeLessThan(1000);
  });
});

describe('billion laughs', () => {
  /** Each fragment spreads the next one twice. */
  const laughs = (depth: number): string => {
    const fragments = Array.from(
      { length: depth },
      (_, n) => `fragment F${n} on Query { ...F${n + 1} ...F${n + 1} stream { ...S${n} } }`,
    );
    const inner = Array.from(
      { length: depth },
      (_, n) => `fragment S${n} on StreamStatus { ...S${n + 1} ...S${n + 1} }`,
    );
    return [
      '{ ...F0 ...F0 }',
      ...fragments,
      ...inner,
      `fragment F${depth} on Query { stream { size } } fragment S${depth} on StreamStatus { size }`,
    ].join(' ');
  };

  it('billion laughs by fragments are answered as one field', async () => {
    const server = await startServer();
    for (const depth of [10, 20, 60]) {
      const { data, errors } = await request(server, laughs(depth));
      if (errors) expect(errors[0]?.extensions['code']).toBe('GRAPHQL_VALIDATION_FAILED');
      else expect(data).toEqual({ stream: { size: 0 } });
    }
  });

  it('fragments that spread themselves are GRAPHQL_VALIDATION_FAILED', async () => {
    const server = await startServer();
    for (const cycle of ['fragment A on Query { ...A }', 'fragment A on Query { ...B } fragment B on Query { ...A }'])
      expect((await request(server, `{ ...A } ${cycle}`)).errors?.[0]?.extensions).toEqual({
        code: 'GRAPHQL_VALIDATION_FAILED',
      });
  });

  it('thousands of fields that might conflict in pairs are refused', async () => {
    const server = await startServer();
    for (const query of [
      `{ ${'stream { size } '.repeat(740)} }`,
      `{ ${'...F '.repeat(400)} } fragment F on Query { ${'stream { size } '.repeat(400)} }`,
      `{ ${numbered(80, (n) => `...F${n}`)} } ${numbered(80, (n) => `fragment F${n} on Query { stream { size size size } }`)}`,
    ]) {
      const { data, errors } = await request(server, query);
      expect(data !== undefined || errors?.[0]?.extensions['code'] === 'GRAPHQL_VALIDATION_FAILED').toBe(true);
    }
  });

  it('introspection into itself is GRAPHQL_VALIDATION_FAILED, the usual one is answered', async () => {
    const server = await startServer();
    const deep = (depth: number): string => (depth === 0 ? 'name' : `fields { type { ${deep(depth - 1)} } }`);
    for (const depth of [3, 10, 200])
      expect((await request(server, `{ __schema { types { ${deep(depth)} } } }`)).errors?.[0]?.extensions).toEqual({
        code: 'GRAPHQL_VALIDATION_FAILED',
      });
    expect((await request(server, getIntrospectionQuery())).errors).toBeUndefined();
  });

  it('lists within lists in variables are BAD_USER_INPUT', async () => {
    const server = await startServer();
    const wide = `[${Array.from({ length: 1000 }, () => nested(100)).join(',')}]`;
    for (const [query, variables] of [
      ['query ($keys: [ID!]) { items(filter: { keys: $keys }) { cursor } }', `{"keys":${wide}}`],
      ['mutation ($inputs: [InsertItemInput!]!) { insertItems(inputs: $inputs) { key } }', `{"inputs":${wide}}`],
      ['query ($key: ID!) { item(key: $key) { key } }', `{"key":${wide}}`],
    ]) {
      const body = `{"query":${JSON.stringify(query)},"variables":${variables}}`;
      const text = await (await post(server, body)).text();
      expect((JSON.parse(text) as Result<unknown>).errors?.[0]?.extensions['code']).toBe('BAD_USER_INPUT');
      expect(text.length).toBeLessThan(10 * body.length);
    }
  });
});

describe('a refusal', () => {
  const long = 'x'.repeat(500_000);

  it.each<[string, object]>([
    ['an unknown field', { query: `{ ${long} }` }],
    ['an unknown argument', { query: `{ stream(${long}: 1) { size } }` }],
    ['an unknown variable', { query: `query ($${long}: Nope) { stream { size } }` }],
    ['a key that is too long', { query: `{ item(key: "${long}") { key } }` }],
    ['unknown fields in their hundreds', { query: `{ ${numbered(2900, (n) => `nope${n}`)} }` }],
    [
      'a long variable of the wrong type',
      { query: 'query ($f: Int) { items(first: $f) { cursor } }', variables: { f: long } },
    ],
    [
      'a thousand inputs that are wrong',
      {
        query: 'mutation ($inputs: [InsertItemInput!]!) { insertItems(inputs: $inputs) { key } }',
        variables: { inputs: Array.from({ length: 1000 }, () => ({ key: '', value: null, ttl: 0, ifCursor: 'x' })) },
      },
    ],
    ['an operation that isn’t there', { query: '{ stream { size } }', operationName: long }],
    ['a cursor that is none', { query: '{ items(after: "a") { cursor } }', extensions: { after: long } }],
  ])('of %s is no longer than a few times its request', async (_what, body) => {
    const server = await startServer();
    const sent = JSON.stringify(body);
    const text = await (await post(server, sent)).text();
    expect((JSON.parse(text) as Result<unknown>).errors?.length).toBeGreaterThan(0);
    expect(text.length).toBeLessThan(5 * sent.length + 20_000);
  });
});
