/** docs/library.md, as a reader copies it. */
import {
  buildClientSchema,
  buildSchema,
  getIntrospectionQuery,
  type IntrospectionQuery,
  lexicographicSortSchema,
  printSchema,
} from 'graphql';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ask, type Address, transports } from '../support/clients/clients.ts';
import { describeWithNats } from '../support/engines/nats.ts';
import { startNats } from '../support/engines/nats-logs.ts';
import { describeWithPostgres } from '../support/engines/postgres.ts';
import { describeWithRedis } from '../support/engines/redis.ts';
import { bundle, complaintsAbout, linesOf, snippet } from '../support/documents/readme.ts';
import { replaced } from '../support/documents/replaced.ts';

const FILE = 'docs/library.md';

const run = async (code: string): Promise<AsyncGenerator<string, void, void>> => linesOf(await bundle(code, 'node'));

/** Runs a snippet that listens on port 4000, on a free port. */
async function served(title: string): Promise<Address> {
  const says = '.listen(0, function () { console.log(this.address().port); })';
  const lines = await run(replaced(snippet(title, FILE), '.listen(4000)', says));
  const port = String((await lines.next()).value);
  return { url: `http://127.0.0.1:${port}/graphql`, webSocketUrl: `ws://127.0.0.1:${port}/graphql` };
}

const [overWebSocket, overSse] = transports;

describe('docs/library.md', () => {
  it('the snippets pass a strict type check', async () => {
    const titles = [
      'Quick start',
      'Validation',
      'Several streams',
      'Cursor and timestamp',
      'Tenants',
      'Authorization',
      'Fan-out',
      'Persistence',
      'NATS',
      'Redis and Valkey',
      'PostgreSQL',
      'Testing',
    ];
    // Node has this level.
    expect(await complaintsAbout(titles, FILE, 'es2024')).toBe('');
  });

  it('Quick start: ten lines stream typed items', async () => {
    const written = snippet('Quick start', FILE).split('\n');
    expect(written.filter((line) => line !== '' && !line.startsWith('import '))).toHaveLength(10);
    const server = await served('Quick start');
    const insert = 'mutation { insertQuote(input: { symbol: "ACME", price: 12.5 }) { price } }';
    expect(await ask(server, insert)).toEqual({ insertQuote: { price: 12.5 } });
    const feed = overSse!.subscribe(server, 'subscription { quotes(limit: 1) { symbol price } }');
    expect(await feed.next()).toEqual({ data: { quotes: { symbol: 'ACME', price: 12.5 } } });
    expect(await feed.next()).toBeUndefined();
  });

  it('Quick start: the ten lines create the schema that is shown', async () => {
    const server = await served('Quick start');
    const introspection = await ask<IntrospectionQuery, object>(server, getIntrospectionQuery({ descriptions: false }));
    const made = printSchema(lexicographicSortSchema(buildClientSchema(introspection)));
    // The types that the page does not show.
    const shown = snippet('Quick start', FILE, 2);
    const others = made.split('\n\n').filter((type) => !shown.includes(`${type.split(' {')[0]} {`));
    expect(others).toHaveLength(made.split('\n\n').length - 3);
    expect(printSchema(lexicographicSortSchema(buildSchema([shown, ...others].join('\n'))))).toBe(made);
  });

  it('Validation: a wrong value is refused, and a right one is stored', async () => {
    const lines = await run(snippet('Validation', FILE));
    expect(JSON.parse((await lines.next()).value ?? '')).toMatchObject([{ path: ['inputs', 0, 'value', 'price'] }]);
    expect((await lines.next()).value).toBe('12.5');
  });

  it('Several streams have their own names, and share one filter', async () => {
    const lines = await run(snippet('Several streams', FILE));
    expect((await lines.next()).value).toBe('allNews newsChanges quoteChanges quotes');
    expect((await lines.next()).value).toBe('1');
  });

  it('Cursor and timestamp: the object type shows the value beside its expiry, also on a page', async () => {
    const lines = await run(snippet('Cursor and timestamp', FILE));
    expect(JSON.parse((await lines.next()).value ?? '')).toEqual({
      quote: { price: 12.5, expiresAt: null },
      quotes: { edges: [{ node: { price: 12.5 } }] },
    });
  });

  it('Tenants: each tenant finds its own keys only, and writes no other', async () => {
    const asks = `
      const { execute, parse } = await import('graphql');
      const run = async (source, tenant) => {
        const contextValue = { tenant, isReadOnly: false };
        const { data, errors } = await execute({ schema, document: parse(source), contextValue });
        console.log(JSON.stringify(errors ? errors[0].extensions.code : data));
      };
      await run('mutation { insertOrder(input: { id: "a:1", total: 5 }) { id } }', 'a');
      await run('mutation { insertOrder(input: { id: "a:2", total: 5 }) { id } }', 'b');`;
    const lines = await run(snippet('Tenants', FILE) + asks);
    expect((await lines.next()).value).toBe('{"insertOrder":{"id":"a:1"}}');
    expect((await lines.next()).value).toBe('"FORBIDDEN"');
  });

  it('Authorization: the schema has the mutations that the options ask for', async () => {
    const shows = 'console.log(Object.keys(schema.getMutationType()?.getFields() ?? {}).join(" "));';
    const lines = await run(snippet('Authorization', FILE) + shows);
    expect((await lines.next()).value).toBe('insertOrder removeOrder');
  });

  it('Fan-out: shared and other selections are served over SSE and WebSocket', async () => {
    const server = await served('Fan-out');
    for (const [over, fields] of [
      [overSse, 'price cents'],
      [overWebSocket, 'price cents'],
      [overWebSocket, 'price cents local'],
    ] as const) {
      const local = fields.endsWith('local') ? { local: '12.5 EUR' } : {};
      const feed = over!.subscribe(server, `subscription { quotes(limit: 1) { ${fields} } }`);
      expect(await feed.next()).toEqual({ data: { quotes: { price: 12.5, cents: 1250, ...local } } });
    }
  });

  it('Persistence: a map in a directory keeps its items', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'seamline-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const code = replaced(snippet('Persistence', FILE), './quotes', directory);
    expect((await (await run(code)).next()).value).toBe('file 1');
    expect((await (await run(code)).next()).value).toBe('file 2');
  });

  it('Testing: the snippet runs without a server', async () => {
    const lines = await run(snippet('Testing', FILE));
    expect((await lines.next()).value).toBe('{"quotes":{"symbol":"ACME"}}');
    expect((await lines.next()).value).toBe('{"quotes":{"symbol":"EXPO"}}');
  });
});

describeWithNats('docs/library.md with NATS', () => {
  it('NATS: a map takes an insertion', async () => {
    const { url } = await startNats();
    const shows = "console.log((await map.insert({ key: 'ACME', value: 1 })).position); await map.close();";
    const lines = await run(replaced(snippet('NATS', FILE), 'nats://127.0.0.1:4222', url) + shows);
    expect((await lines.next()).value).toBe('1');
  });
});

describeWithPostgres('docs/library.md with PostgreSQL', (start) => {
  it('PostgreSQL: a map takes an insertion', async () => {
    const { url } = await start();
    const shows = "console.log((await map.insert({ key: 'ACME', value: 1 })).position); await map.close();";
    const code = replaced(snippet('PostgreSQL', FILE), 'postgres://postgres@127.0.0.1:5432/postgres', url);
    expect((await (await run(code + shows)).next()).value).toBe('1');
  });
});

describeWithRedis('docs/library.md with Redis', (start) => {
  it('Redis and Valkey: a map takes an insertion', async () => {
    const { url } = await start();
    const shows = "console.log((await map.insert({ key: 'ACME', value: 1 })).position); await map.close();";
    const lines = await run(replaced(snippet('Redis and Valkey', FILE), 'redis://127.0.0.1:6379', url) + shows);
    expect((await lines.next()).value).toBe('1');
  });
});
