/** docs/collections.md, typed from top to bottom, and the same beginning in README.md. */
import { buildSchema, type GraphQLNamedType, isObjectType } from 'graphql';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { parseSdlFile } from '../../../schema/sdl/parse-sdl-file.ts';
import { overWebSocket, request } from '../../support/clients/clients.ts';
import { codeOf, commandsOf, put } from '../../support/documents/blocks.ts';
import { bundle, complaintsOf, linesOf } from '../../support/documents/readme.ts';
import { temporaryDirectory } from '../../support/engines/kept.ts';
import { isMissing } from '../../support/processes/programs.ts';
import { printed, type Served, served, type } from '../../support/processes/shell.ts';
import { codesIn, rowsOf } from '../../support/tables.ts';

/** Several processes start, one after the other. */
vi.setConfig({ testTimeout: 120_000 });

const PAGE = 'docs/collections.md';
const file = codeOf(PAGE, 'Setup');

/** The commands run in a directory that holds the file. */
const inCheckout = { 'npm start --silent --': 'seamline' };

function directory(): string {
  const path = temporaryDirectory();
  writeFileSync(join(path, 'quotes.graphql'), file);
  return path;
}

/** By name, the fields of an object type and their arguments as they are written in SDL. */
function fieldsOf(of: GraphQLNamedType | undefined): Record<string, string> {
  if (!isObjectType(of)) return {};
  const fields = Object.values(of.getFields()).map(({ name, args, type }) => {
    const written = args.map((arg) => `${arg.name}: ${String(arg.type)}`).sort();
    return [name, `(${written.join(', ')}): ${String(type)}`] as const;
  });
  return Object.fromEntries(fields);
}

/** A server with the items of the page. */
async function filled(cwd = directory(), flags = ''): Promise<Served> {
  const [start = ''] = commandsOf(1, PAGE, 'Setup', 2);
  const server = await served(`${put(start, { 'npm start --': 'seamline' })}${flags}`, { cwd });
  await printed(put(codeOf(PAGE, 'Setup', 3), inCheckout), { env: { SEAMLINE_URL: server.url } });
  return server;
}

describe.skipIf(isMissing('curl')).each([
  ['README.md', 'Types of your own'],
  [PAGE, 'Quick start'],
])('%s, %s', (page, title) => {
  it('five lines of SDL make a server whose subscriber prints the quotes above 100', async () => {
    expect(codeOf(page, title).trimEnd().split('\n')).toHaveLength(5);
    const cwd = temporaryDirectory();
    writeFileSync(join(cwd, 'quotes.graphql'), codeOf(page, title));
    const [start = '', insert = '', subscribe = ''] = commandsOf(3, page, title, 2);
    const server = await served(put(start, { 'npm start --': 'seamline' }), { cwd });
    const insertHere = put(insert, inCheckout);
    const env = { SEAMLINE_URL: server.url };
    await printed(insertHere, { env });
    const subscriber = type(put(subscribe, { 'http://127.0.0.1:4000/graphql': server.url }));
    const [first] = await subscriber.said(/event: next\n.*\nid: .*\n/);
    const withoutId = (text: string): string => text.replace(/^id: .+$/m, 'id: …');
    expect(withoutId(first)).toBe(withoutId(codeOf(PAGE, 'Quick start', 3)));
    await printed(put(insertHere, { ACME: 'LOW', '120': '99' }), { env });
    await printed(put(insertHere, { ACME: 'HIGH' }), { env });
    const [later] = await subscriber.said(/"symbol":"(?:LOW|HIGH)"/);
    expect(later).toBe('"symbol":"HIGH"');
  });
});

describe('docs/collections.md', () => {
  it('each example of a condition prints what the page shows', async () => {
    const { url } = await filled();
    const code = codeOf(PAGE, 'Conditions');
    const shown = [...code.matchAll(/ \/\/ (.+)$/gm)].map(([, output]) => output);
    expect(shown.length).toBeGreaterThan(10);
    const setup = codeOf(PAGE, 'Setup', 4).replaceAll('127.0.0.1:4000', new URL(url).host);
    const lines = linesOf(await bundle(`${setup}\n${code}`, 'node'));
    for (const output of shown) expect((await lines.next()).value).toBe(output);
  });

  it('the mutations insert, insert a batch and remove, and each wrong input is refused as its row says', async () => {
    const server = await filled();
    expect(await request(server, codeOf(PAGE, 'Insert'))).toMatchObject({
      data: {
        insertQuote: { id: 'ECHO', price: 121, expiresAt: expect.any(String) },
        insertQuotes: [{ symbol: 'FOX' }, { symbol: 'GOLF' }],
        removeQuote: { key: 'FOX', reason: 'REMOVED' },
      },
    });
    const byVariable = 'mutation ($input: QuoteInput!) { insertQuote(input: $input) { id } }';
    const wrong = [
      await request(server, 'mutation { insertQuote(input: { symbol: "A", price: "high" }) { id } }'),
      await request(server, byVariable, { input: { symbol: 'A', price: 'high' } }),
      await request(server, byVariable, { input: { symbol: '', price: 1 } }),
      await request(server, 'mutation { insertQuote(input: { symbol: "A", price: 1 }, ttl: 0) { id } }'),
    ];
    const refusals = wrong.map(({ errors = [] }) => [errors[0]?.extensions['code'], errors[0]?.message]);
    const rows = rowsOf(PAGE, 'Insert').map(([, code = '', message = '']) => [...codesIn(code), ...codesIn(message)]);
    expect(refusals).toEqual(rows);
  });

  it('the queries and subscriptions answer with typed items', async () => {
    const server = await filled();
    expect(await request(server, codeOf(PAGE, 'Queries and subscriptions'))).toMatchObject({
      data: {
        quote: { price: 120 },
        quotes: { edges: [{ node: { symbol: 'ACME', issuer: { name: 'Acme' } } }, { node: { symbol: 'BOLT' } }] },
      },
    });
    const firstOf = async (nth: number): Promise<unknown> => {
      const feed = overWebSocket.subscribe(server, codeOf(PAGE, 'Queries and subscriptions', nth));
      const result = await feed.next();
      await feed.leave();
      return result?.data;
    };
    expect(await firstOf(2)).toMatchObject({ quotes: { symbol: 'BOLT', price: 80 } });
    expect(await firstOf(3)).toMatchObject({
      quoteChanges: { reset: true, caughtUp: true, upserted: [{ id: 'ACME', price: 120 }], removed: [], size: 1 },
    });
  });

  it('a server whose file made a field non-null ends with the line of the page, and a removed collection is left alone', async () => {
    const cwd = directory();
    const server = await filled(cwd, ' --data data');
    server.signal('SIGTERM');
    await server.exited;
    writeFileSync(join(cwd, 'quotes.graphql'), put(file, { 'venue: Venue': 'venue: Venue!' }));
    const { code, stderr } = await type('seamline --schema quotes.graphql --data data', { cwd }).exited;
    expect(code).toBe(1);
    expect(stderr).toContain(codeOf(PAGE, 'Changes of the file'));
    writeFileSync(
      join(cwd, 'quotes.graphql'),
      put(file, { 'type Quote @collection(': 'type Quote @collection(plural: "prices", ' }),
    );
    const other = await served('seamline --schema quotes.graphql --data data', { cwd });
    const [, effect = ''] = rowsOf(PAGE, 'Changes of the file').at(-1) ?? [];
    const [line = ''] = codesIn(effect).slice(-1);
    await other.said(new RegExp(line.replace('… ', '').replaceAll('"', String.raw`\\?"`)));
  });

  it('a quote is inserted, and `tail` prints it as the last of four', async () => {
    const { url } = await filled();
    const [insert = '', tail = ''] = commandsOf(2, PAGE, 'Insert', 2);
    const env = { SEAMLINE_URL: url };
    await printed(put(insert, inCheckout), { env });
    const lines = (await printed(put(tail, inCheckout), { env })).trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { symbol: string }).symbol)).toEqual([
      'ACME',
      'BOLT',
      'CORN',
      'DUST',
    ]);
  });

  it('`seamline schema` writes a schema with the root fields and the conditions of the page', async () => {
    const cwd = directory();
    const [command = ''] = commandsOf(1, PAGE, 'Code generators');
    await printed(put(command, inCheckout), { cwd });
    const schema = buildSchema(readFileSync(join(cwd, 'seamline.graphql'), 'utf8'));
    const shown = buildSchema(`${codeOf(PAGE, 'Generated schema')}
      scalar QuoteConnection scalar StreamStatus scalar Quote scalar RemovedItem scalar QuoteChanges
      enum OnLag { CONFLATE } input QuoteFilter { a: Int } input QuoteInput { a: Int }`);
    for (const root of ['Query', 'Mutation', 'Subscription'])
      expect(fieldsOf(schema.getType(root))).toEqual(fieldsOf(shown.getType(root)));
    for (const [, condition] of rowsOf(PAGE, 'Conditions'))
      for (const name of codesIn(condition)) expect(schema.getType(name)).toBeDefined();
  });

  it('a wrong file ends the command with the line of the page', async () => {
    const [write = '', start = ''] = commandsOf(2, PAGE, 'Errors in the file');
    const cwd = temporaryDirectory();
    await printed(write, { cwd });
    const [, message = ''] = / # (seamline: .*)$/m.exec(codeOf(PAGE, 'Errors in the file')) ?? [];
    const { code, stderr } = await type(put(start, inCheckout), { cwd }).exited;
    expect({ code, stderr }).toEqual({ code: 2, stderr: `${message}\n` });
  });

  it('each message of the page is one of the parser', () => {
    const source = globSync('schema/sdl/*.ts')
      .map((name) => readFileSync(name, 'utf8'))
      .join('\n');
    const messages = rowsOf(PAGE, 'Errors in the file').flatMap(([, message]) => codesIn(message));
    expect(messages.length).toBeGreaterThan(10);
    const parts = messages.flatMap((message) => message.split('…').map((part) => part.trim()));
    expect(parts.filter((part) => !source.includes(part))).toEqual([]);
  });

  it('the file of the page has the collection quotes', () => {
    expect(parseSdlFile(file, 'quotes.graphql').collections.map(({ plural }) => plural)).toEqual(['quotes']);
  });

  it('the snippets pass a strict type check', async () => {
    const setup = codeOf(PAGE, 'Setup', 4);
    expect(await complaintsOf({ conditions: `${setup}\n${codeOf(PAGE, 'Conditions')}` }, 'es2024')).toBe('');
  });
});
