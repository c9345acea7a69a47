/** docs/collections.md, typed from top to bottom. */
import { buildSchema, type GraphQLNamedType, isObjectType } from 'graphql';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { parseSdlFile } from '../../../schema/sdl/parse-sdl-file.ts';
import { codeOf, commandsOf, put } from '../../support/documents/blocks.ts';
import { bundle, complaintsOf, linesOf } from '../../support/documents/readme.ts';
import { temporaryDirectory } from '../../support/engines/kept.ts';
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
async function filled(): Promise<Served> {
  const [start = ''] = commandsOf(1, PAGE, 'Setup', 2);
  const server = await served(put(start, { 'npm start --': 'seamline' }), { cwd: directory() });
  await printed(put(codeOf(PAGE, 'Setup', 3), inCheckout), { env: { SEAMLINE_URL: server.url } });
  return server;
}

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

  it('a quote is inserted, and `tail` prints it as the last of four', async () => {
    const { url } = await filled();
    const [insert = '', tail = ''] = commandsOf(2, PAGE, 'Insert');
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
    const shown = buildSchema(`${codeOf(PAGE, 'Root fields')}
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
