/** Filters on values that are refused: over HTTP and WebSocket, in the server's schema and in a user's. */
import { describe, expect, it } from 'vitest';
import type { Address, Result } from '../../support/clients/clients.ts';
import { request, transports } from '../../support/clients/clients.ts';
import { post, resultOf } from '../../support/clients/requests.ts';
import { createQuotes, quoteSchema, serve } from '../../support/server/quotes.ts';
import { startServer } from '../../support/server/server.ts';
import { issuesOf } from '../../support/server/value-filters.ts';

const times = <T>(count: number, element: T): T[] => Array.from({ length: count }, () => element);
const nested = (levels: number): object => (levels === 0 ? { eq: 1 } : { not: nested(levels - 1) });
const WHERE = ['filter', 'where'];

/** Each with the path of the issue below `filter.where`, and the beginning of its message. */
const REFUSED: readonly (readonly [object, readonly (string | number)[], RegExp])[] = [
  [{ and: [{ path: '/a', lt: true }] }, ['and', 0, 'lt'], /^must be a number or a string, got true/],
  [{ gt: [1] }, ['gt'], /^must be a number or a string, got an array/],
  [{ path: 'status', eq: 1 }, ['path'], /^must be a JSON Pointer, got "status": start it with "\/"/],
  [{ path: '/a~2', eq: 1 }, ['path'], /^must be a JSON Pointer/],
  [{ path: null, eq: 1 }, ['path'], /^must be a string, got null: leave it out/],
  ...['in', 'notIn', 'lt', 'lte', 'gt', 'gte', 'startsWith', 'exists', 'and', 'or'].map(
    (name) => [{ path: '/a', [name]: null }, [name], /null/] as const,
  ),
  [{ not: { not: null } }, ['not', 'not'], /null/],
  [{ and: times(65, { exists: true }) }, ['and', 63, 'exists'], /among the first 64 operators/],
  [nested(9), times(9, 'not'), /^must not nest filters deeper than 8 levels/],
  [{ in: times(600, 1), notIn: times(401, 2) }, ['notIn'], /^must have at most 1000 elements/],
  [{ eq: 'x'.repeat(65_536) }, [], /^must have at most 65536 bytes/],
  [{ path: '/a', startsWith: '\ud800' }, ['startsWith'], /well-formed/],
];

const SERVERS = [
  {
    name: 'the server',
    start: (): Promise<Address> => startServer(),
    subscriptions: ['items', 'itemChanges'],
    query: 'items',
  },
  {
    name: 'a stream of a user',
    start: async (): Promise<Address> => serve(quoteSchema(await createQuotes())),
    subscriptions: ['quotes', 'quoteChanges'],
    query: undefined,
  },
] as const;

const SELECT: Readonly<Record<string, string>> = {
  items: '{ key }',
  itemChanges: '{ cursor }',
  quotes: '{ symbol }',
  quoteChanges: '{ cursor }',
};

describe.each(SERVERS)('filters on values of $name', ({ start, subscriptions, query }) => {
  it('a filter that is refused names its member, in a query and in each subscription over each transport', async () => {
    const server = await start();
    const first = async (name: string, filter: object): Promise<Result<unknown>[]> => {
      const document = `subscription ($filter: ItemFilter) { ${name}(filter: $filter) ${SELECT[name] ?? ''} }`;
      const feeds = transports.map(({ subscribe }) => subscribe<unknown, object>(server, document, { filter }));
      return (await Promise.all(feeds.map((feed) => feed.next()))).map((result) => result ?? {});
    };
    for (const [where, path, message] of REFUSED) {
      const results = (await Promise.all(subscriptions.map((name) => first(name, { where })))).flat();
      const pages = 'query ($filter: ItemFilter) { items(filter: $filter) { cursor } }';
      if (query) results.push(await request<unknown, object>(server, pages, { filter: { where } }));
      for (const result of results)
        expect(issuesOf(result)).toEqual([
          { path: [...WHERE, ...path], message: expect.stringMatching(message) as unknown },
        ]);
    }
  });

  it.each([
    ['a member', '$x: JSON', 'eq: $x', ['eq']],
    ['the path', '$p: String', 'path: $p, eq: 1', ['path']],
    ['a filter in a filter', '$f: ValueFilter', 'or: [{ not: $f }]', ['or', 0, 'not']],
    ['a list of filters', '$list: [ValueFilter!]', 'and: $list', ['and']],
    ['a member of an object', '$x: JSON', 'path: "/a", contains: { a: { b: $x } }', ['contains', 'a', 'b']],
    ['an element', '$x: JSON', 'in: [[$x]]', ['in', 0, 0]],
  ])('a variable for %s that is not given is refused', async (_, variable, members, path) => {
    const server = await start();
    for (const name of subscriptions) {
      const document = `subscription (${variable}) { ${name}(filter: { where: { ${members} } }) ${SELECT[name] ?? ''} }`;
      for (const { subscribe } of transports) {
        const feed = subscribe<unknown, object>(server, document, {});
        expect(issuesOf((await feed.next()) ?? {})).toMatchObject([{ path: [...WHERE, ...path] }]);
      }
    }
  });
});

describe('variables in a filter on values', () => {
  const STATUS = 'query ($status: JSON = "open") { items(filter: { where: { path: "/s", eq: $status } }) { cursor } }';

  it('a variable that is not given is named, in a fragment too', async () => {
    const server = await startServer();
    const document = `query ($status: JSON) { ...F }
      fragment F on Query { items(filter: { where: { and: [{ path: "/status", eq: $status }] } }) { cursor } }`;
    expect(issuesOf(await request(server, document))).toEqual([
      {
        path: [...WHERE, 'and', 0, 'eq'],
        message: 'variable "$status" has no value: provide one, or leave out the member of the filter',
      },
    ]);
    expect(await request(server, document, { status: null })).not.toHaveProperty('errors');
  });

  it('a variable with a default or with the value null has a value', async () => {
    const server = await startServer();
    for (const variables of [{}, { status: null }, { status: 'x' }])
      expect(await request(server, STATUS, variables)).not.toHaveProperty('errors');
  });

  it('a number that no double holds is refused, as a literal and in variables', async () => {
    const server = await startServer();
    const query = '{ items(filter: { where: { path: "/a", in: [1, 9007199254740993] } }) { cursor } }';
    const inVariables = 'query ($filter: ItemFilter) { items(filter: $filter) { cursor } }';
    const body = `{"query":${JSON.stringify(inVariables)},"variables":{"filter":{"where":{"path":"/a","in":[1,9007199254740993]}}}}`;
    for (const result of [await request(server, query), await resultOf(await post(server, body))])
      expect(issuesOf(result)).toEqual([
        { path: [...WHERE, 'in', 1], message: expect.stringContaining('9007199254740993') as unknown },
      ]);
  });

  it('a filter that is nested thousands of levels deep is refused, as a literal and in variables', async () => {
    const server = await startServer();
    const query = 'query ($filter: ItemFilter) { items(filter: $filter) { cursor } }';
    const deep = (levels: number, open: string): string => `${open.repeat(levels)}{}${'}'.repeat(levels)}`;
    const body = `{"query":${JSON.stringify(query)},"variables":{"filter":{"where":${deep(100_000, '{"not":')}}}}`;
    const { errors } = await resultOf(await post(server, body));
    expect(errors).toMatchObject([
      { message: 'variable "$filter" is nested deeper than 64 levels', extensions: { code: 'BAD_USER_INPUT' } },
    ]);
    const literals = await Promise.all(
      [100, 1000, 2500, 4900].map((levels) =>
        request(server, `{ items(filter: { where: ${deep(levels, '{ not: ')} }) { cursor } }`),
      ),
    );
    for (const result of literals)
      expect(['BAD_USER_INPUT', 'GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED']).toContain(
        result.errors?.[0]?.extensions['code'],
      );
  });
});
