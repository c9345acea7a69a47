import { describe, expect, it, vi } from 'vitest';
import {
  InsertItemDocument,
  InsertItemsDocument,
  ItemPageDocument,
  RemoveItemDocument,
} from '../../../schema/documents/graphql.ts';
import type { SeamlineServer } from '../../../src/server/server.ts';
import { ask, request, type Result } from '../../support/clients/clients.ts';
import { post } from '../../support/clients/requests.ts';
import { startServer } from '../../support/server/server.ts';

/** The extensions of the one error that a request ends with. */
function extensionsOf({ errors, data }: Result<unknown>): Record<string, unknown> | undefined {
  expect(errors).toHaveLength(1);
  expect(data ?? null).toBeNull();
  return errors?.[0]?.extensions;
}

const send = async (server: SeamlineServer, query: string, variables?: object) =>
  extensionsOf(await request(server, query, variables));

describe('errors of a document', () => {
  it.each(['{', 'query { item(key: "a) { key } }', '', 'subscription {'])(
    '%j is GRAPHQL_PARSE_FAILED',
    async (query) => {
      const server = await startServer();
      const { errors, data } = await request(server, query === '' ? ' ' : query);
      expect(data).toBeUndefined();
      expect(errors).toMatchObject([{ extensions: { code: 'GRAPHQL_PARSE_FAILED' } }]);
      expect(errors?.[0]).toHaveProperty('locations');
    },
  );

  it.each([
    '{ nope }',
    '{ item { key } }',
    'query Q($after: Int) { items(after: $after) { cursor } }',
    'mutation { insertItem(input: { key: "a", value: null }) { key } }',
  ])('%s is GRAPHQL_VALIDATION_FAILED', async (query) => {
    const server = await startServer();
    const { errors, data } = await request(server, query);
    expect(data).toBeUndefined();
    for (const error of errors ?? []) expect(error.extensions).toEqual({ code: 'GRAPHQL_VALIDATION_FAILED' });
    expect(errors?.[0]).toHaveProperty('locations');
  });

  it('all validation errors come at once, and the HTTP status stays out of the body', async () => {
    const server = await startServer();
    const { errors } = await request(server, '{ nope nothing }');
    expect(errors?.map(({ extensions }) => extensions)).toEqual([
      { code: 'GRAPHQL_VALIDATION_FAILED' },
      { code: 'GRAPHQL_VALIDATION_FAILED' },
    ]);
  });
});

describe('BAD_USER_INPUT', () => {
  const A = { key: 'a', value: 1 };

  it.each<[object, (string | number)[]]>([
    [{ ...A, key: '' }, ['input', 'key']],
    [{ ...A, key: 'ä'.repeat(257) }, ['input', 'key']],
    [{ ...A, key: '\ud800' }, ['input', 'key']],
    [{ ...A, ttl: 0 }, ['input', 'ttl']],
    [{ ...A, ttl: -1 }, ['input', 'ttl']],
    [{ ...A, ifCursor: 'nonsense' }, ['input', 'ifCursor']],
    [{ ...A, idempotencyKey: '' }, ['input', 'idempotencyKey']],
  ])('names the path of what is wrong in %j', async (input, path) => {
    const server = await startServer();
    const extensions = extensionsOf(await request(server, String(InsertItemDocument), { input }));
    expect(extensions).toEqual({ code: 'BAD_USER_INPUT', issues: [{ path, message: expect.any(String) as string }] });
    expect(server.map.replica.head.position).toBe(0);
  });

  it('BAD_USER_INPUT names every wrong field of a batch, of which nothing is inserted', async () => {
    const server = await startServer();
    const inputs = [A, { key: '', value: 1 }, { key: 'c', value: 1, ttl: 0 }];
    const extensions = extensionsOf(await request(server, InsertItemsDocument, { inputs }));
    expect(extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      issues: [{ path: ['inputs', 1, 'key'] }, { path: ['inputs', 2, 'ttl'] }],
    });
    expect(server.map.get('a')).toBeUndefined();
  });

  it('BAD_USER_INPUT is the code of an empty batch, and of one above 1,000', async () => {
    const server = await startServer();
    for (const length of [0, 1001]) {
      const inputs = Array.from({ length }, (_, index) => ({ key: `k${index}`, value: 1 }));
      const extensions = extensionsOf(await request(server, InsertItemsDocument, { inputs }));
      expect(extensions).toMatchObject({ code: 'BAD_USER_INPUT', issues: [{ path: ['inputs'] }] });
    }
    expect(server.map.replica.head.position).toBe(0);
  });

  it.each([{ first: 'x' }, { first: 1.5 }, { first: 2 ** 31 }, { after: 7 }, { filter: 7 }, { filter: { nope: 'a' } }])(
    'is the code of variables that don’t coerce: %j',
    async (variables) => {
      const server = await startServer();
      expect(await send(server, String(ItemPageDocument), variables)).toEqual({
        code: 'BAD_USER_INPUT',
        issues: [{ path: expect.any(Array) as unknown[], message: expect.any(String) as string }],
      });
    },
  );

  it('BAD_USER_INPUT is the code of a null value, and of a missing required variable', async () => {
    const server = await startServer();
    for (const variables of [{ input: { key: 'a', value: null } }, {}])
      expect(await send(server, String(InsertItemDocument), variables)).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(server.map.get('a')).toBeUndefined();
  });

  it.each([
    [{ first: 0 }, 'first'],
    [{ first: 1001 }, 'first'],
    [{ first: -1 }, 'first'],
    [{ after: '' }, 'after'],
    [{ after: 'nonsense' }, 'after'],
  ])('names the argument that is out of range in %j', async (variables, name) => {
    const server = await startServer();
    expect(extensionsOf(await request(server, ItemPageDocument, variables))).toMatchObject({
      code: 'BAD_USER_INPUT',
      issues: [{ path: [name] }],
    });
  });

  it.each([
    { query: '{ __typename }', operationName: 'Nope' },
    { query: 'query A { __typename } query B { __typename }' },
  ])('is the code when it is unclear what to run: %j', async (body) => {
    const server = await startServer();
    const result = (await (await post(server, body)).json()) as Result<unknown>;
    expect(extensionsOf(result)).toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  it.each(['{', 'null', '7', '[]', '{}', '{"query":7}', '{"query":"{ __typename }","variables":7}'])(
    'is the code of a body that is no request: %s',
    async (body) => {
      const server = await startServer();
      const response = await post(server, body);
      expect(extensionsOf((await response.json()) as Result<unknown>)).toMatchObject({ code: 'BAD_USER_INPUT' });
    },
  );
});

describe('a query string', () => {
  it.each(['variables={', 'variables=7', 'extensions=[', 'extensions={"after":"x"}'])(
    'a query string with %s is refused with BAD_USER_INPUT, and logs nothing',
    async (parameter) => {
      const error = vi.fn<(fields: object, line: string) => void>();
      const server = await startServer({ logger: { info: () => {}, warn: () => {}, error } });
      const response = await fetch(`${server.url}?query={__typename}&${parameter}`);
      expect(extensionsOf((await response.json()) as Result<unknown>)).toMatchObject({ code: 'BAD_USER_INPUT' });
      expect(error).not.toHaveBeenCalled();
    },
  );
});

describe('PAYLOAD_TOO_LARGE', () => {
  it('PAYLOAD_TOO_LARGE is the code of a value above maxValueBytes, counted in UTF-8, and nothing is inserted', async () => {
    const server = await startServer({ maxValueBytes: 12 });
    await ask(server, InsertItemDocument, { input: { key: 'a', value: 'ääääa' } });
    for (const value of ['äääääa', { text: 'abc' }]) {
      const result = await request(server, InsertItemDocument, { input: { key: 'b', value } });
      expect(extensionsOf(result)).toEqual({ code: 'PAYLOAD_TOO_LARGE' });
    }
    expect(server.map.get('b')).toBeUndefined();
  });

  it('PAYLOAD_TOO_LARGE is the code of a batch above maxBatchBytes, of which nothing is inserted', async () => {
    const server = await startServer({ maxBatchBytes: 20 });
    const batch = (value: string) => ['a', 'b'].map((key) => ({ key, value }));
    const result = await request(server, InsertItemsDocument, { inputs: batch('12345678') });
    expect(extensionsOf(result)).toEqual({ code: 'PAYLOAD_TOO_LARGE' });
    expect(server.map.get('a')).toBeUndefined();
    await ask(server, InsertItemsDocument, { inputs: batch('1234567') });
  });
});

describe('CONFLICT', () => {
  it('CONFLICT has the index of the input and the cursor of the existing item, and nothing is inserted', async () => {
    const server = await startServer();
    const { insertItem } = await ask(server, InsertItemDocument, { input: { key: 'a', value: 1 } });
    const inputs = [
      { key: 'b', value: 1 },
      { key: 'a', value: 2, ifAbsent: true },
    ];
    const result = await request(server, InsertItemsDocument, { inputs });
    expect(extensionsOf(result)).toEqual({ code: 'CONFLICT', index: 1, cursor: insertItem.cursor });
    expect(server.map.get('a')?.value).toBe(1);
    expect(server.map.get('b')).toBeUndefined();
  });

  it('CONFLICT has no cursor when there is no item', async () => {
    const server = await startServer();
    const { insertItem } = await ask(server, InsertItemDocument, { input: { key: 'a', value: 1 } });
    const ifCursor = insertItem.cursor;
    const inserted = await request(server, InsertItemDocument, { input: { key: 'b', value: 1, ifCursor } });
    expect(extensionsOf(inserted)).toEqual({ code: 'CONFLICT', index: 0, cursor: null });
    const removed = await request(server, RemoveItemDocument, { key: 'b', ifCursor });
    expect(removed.errors?.[0]?.extensions).toEqual({ code: 'CONFLICT', index: 0, cursor: null });
  });

  it('CONFLICT is the code of an update and of a removal of another item than expected', async () => {
    const server = await startServer();
    const first = await ask(server, InsertItemDocument, { input: { key: 'a', value: 1 } });
    const { cursor } = (await ask(server, InsertItemDocument, { input: { key: 'a', value: 2 } })).insertItem;
    const ifCursor = first.insertItem.cursor;
    const inserted = await request(server, InsertItemDocument, { input: { key: 'a', value: 3, ifCursor } });
    expect(extensionsOf(inserted)).toEqual({ code: 'CONFLICT', index: 0, cursor });
    const removed = await request(server, RemoveItemDocument, { key: 'a', ifCursor });
    expect(removed.errors?.[0]?.extensions).toEqual({ code: 'CONFLICT', index: 0, cursor });
    expect(server.map.get('a')?.value).toBe(2);
  });

  it('CONFLICT is the code of an idempotency key that comes again with another payload', async () => {
    const server = await startServer();
    const input = { key: 'a', value: 1, idempotencyKey: 'once' };
    const { insertItem } = await ask(server, InsertItemDocument, { input });
    expect(await ask(server, InsertItemDocument, { input })).toEqual({ insertItem });
    const result = await request(server, InsertItemDocument, { input: { ...input, value: 2 } });
    expect(extensionsOf(result)).toMatchObject({ code: 'CONFLICT', index: 0 });
    expect(server.map.get('a')?.value).toBe(1);
  });
});

describe('INTERNAL_SERVER_ERROR', () => {
  it('INTERNAL_SERVER_ERROR hides what went wrong, which is logged', async () => {
    const error = vi.fn<(fields: object, line: string) => void>();
    const server = await startServer({ logger: { info: () => {}, warn: () => {}, error } });
    vi.spyOn(server.map, 'prepared').mockReturnValue({ bytes: 0, run: () => Promise.reject(new Error('the secret')) });
    const response = await post(server, {
      query: String(InsertItemDocument),
      variables: { input: { key: 'a', value: 1 } },
    });
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ errors: [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }] });
    expect(text).not.toMatch(/secret|\.ts|stack/);
    expect(error.mock.calls.join('\n')).toContain('the secret');
    expect((JSON.parse(text) as Result<unknown>).errors?.[0]?.extensions).toEqual({ code: 'INTERNAL_SERVER_ERROR' });
  });

  it('a client’s mistake is not logged as an error', async () => {
    const error = vi.fn<(fields: object, line: string) => void>();
    const server = await startServer({ logger: { info: () => {}, warn: () => {}, error } });
    await post(server, '{');
    await request(server, '{');
    await request(server, '{ nope }');
    await request(server, ItemPageDocument, { first: 0 });
    await request(server, InsertItemDocument, { input: { key: '', value: 1 } });
    expect(error).not.toHaveBeenCalled();
  });
});
