/** `seamline tail | seamline insert` copies typed collections, from servers that describe themselves and from others. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli, serveCli, startCli } from '../../support/processes/processes.ts';
import { freePort } from '../../support/engines/engine-server.ts';
import { newFolder, schemaFile } from '../../support/server/collections.ts';
import { EVERY_KIND, QUOTE_LINES } from '../../support/server/every-kind-sdl.ts';

type Line = Record<string, unknown>;

const textOf = (lines: readonly object[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('');

const linesIn = (text: string): Line[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

/** The ttl of a line is no field of a person. */
const withoutTtl = (line: object): Line => Object.fromEntries(Object.entries(line).filter(([name]) => name !== 'ttl'));

/** What a copy keeps. `expiresAt` moves by the parts of a second that the ttl is rounded by. */
const copied = (line: Line): Line => ({ ...line, cursor: 0, timestamp: 0, expiresAt: typeof line['expiresAt'] });

const start = (...flags: readonly string[]) => serveCli(['--port', '0', '--schema', schemaFile(EVERY_KIND), ...flags]);

describe('seamline tail | seamline insert', () => {
  it('a copy of a typed collection equals it in every field', async () => {
    const [from, to] = await Promise.all([start(), start()]);
    const people = [
      { number: -1, name: 'a', id: 'own' },
      { number: 2, name: '', ttl: 60 },
    ];
    for (const [collection, given] of [
      ['quotes', QUOTE_LINES],
      ['people', people],
    ] as const) {
      const flags = ['--collection', collection, '--url'];
      const limit = ['--limit', String(given.length)];
      expect(await runCli(['insert', ...flags, from.url], {}, textOf(given))).toMatchObject({ code: 0 });
      const original = await runCli(['tail', ...flags, from.url, ...limit]);
      expect(linesIn(original.stdout)).toMatchObject(given.map(withoutTtl));
      expect(await runCli(['insert', ...flags, to.url], {}, original.stdout)).toMatchObject({ code: 0 });
      const copy = await runCli(['tail', ...flags, to.url, ...limit]);
      expect(linesIn(copy.stdout).map(copied)).toEqual(linesIn(original.stdout).map(copied));
    }
  });

  it('seamline tail of a typed collection resumes after a restart of the server', async () => {
    const flags = ['--data', newFolder(), '--port', String(await freePort()), '--schema', schemaFile(EVERY_KIND)];
    const first = await serveCli(flags);
    const insert = (symbol: string) =>
      runCli(['insert', '--url', first.url, '--collection', 'quotes'], {}, textOf([{ symbol, price: 1 }]));
    await insert('a');
    const tail = startCli(['tail', '--url', first.url, '--collection', 'quotes', '--limit', '2']);
    let printed = '';
    tail.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
    await expect.poll(() => printed, { timeout: 10_000 }).toContain('"a"');
    first.signal('SIGKILL');
    await first.exited;
    await serveCli(flags);
    await insert('b');
    expect((await tail.exited).code).toBe(0);
    expect(linesIn(printed).map(({ symbol }) => symbol)).toEqual(['a', 'b']);
  });
});

describe('a server that refuses introspection', () => {
  it('--schema names the SDL file from which a command learns the collections', async () => {
    const schema = schemaFile(EVERY_KIND);
    const { url } = await serveCli(['--port', '0', '--schema', schema, '--no-introspection']);
    const flags = ['--url', url, '--collection', 'people', '--schema', schema];
    expect((await runCli(['insert', ...flags], {}, textOf([{ number: 1, name: 'a' }]))).code).toBe(0);
    for (const command of [
      ['tail', '--limit', '1'],
      ['get', '1'],
    ]) {
      const { code, stdout } = await runCli([...command, ...flags]);
      expect({ code, line: JSON.parse(stdout) as unknown }).toMatchObject({ code: 0, line: { number: 1, name: 'a' } });
    }
    const { code, stderr } = await runCli(['get', '1', '--url', url, '--collection', 'people']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/does not describe its collections: .*; name its SDL file with --schema\n$/);
  });

  it('a file of --schema without the collection, or with a mistake, ends a command with exit code 2', async () => {
    const schema = schemaFile(EVERY_KIND);
    const unknown = await runCli(['get', '1', '--collection', 'persons', '--schema', schema]);
    expect([unknown.code, unknown.stderr]).toEqual([
      2,
      `seamline: --collection: ${schema} has no collection "persons": must be one of quotes, people\n`,
    ]);
    const path = join(newFolder(), 'wrong.graphql');
    writeFileSync(path, 'type A @collection(key: "b") {\n b: ID }');
    const wrong = await runCli(['get', '1', '--schema', path]);
    expect([wrong.code, wrong.stderr]).toEqual([
      2,
      expect.stringMatching(/^seamline: \S+wrong\.graphql:1: the key A\.b must not be nullable: .*\n$/),
    ]);
  });

  it('a command against a server with trusted documents ends with 1 and the reason', async () => {
    const manifest = join(newFolder(), 'manifest.json');
    writeFileSync(manifest, '{}');
    const schema = schemaFile(EVERY_KIND);
    const { url } = await serveCli(['--port', '0', '--schema', schema, '--trusted-documents', manifest]);
    const flags = ['--url', url, '--collection', 'people', '--schema', schema];
    const { code, stderr } = await runCli(['get', '1', ...flags]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/\(FORBIDDEN\)\n$/);
  });
});
