/** CONTRIBUTING.md, typed as it stands. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { commandsOf, put } from '../support/documents/blocks.ts';
import { temporaryDirectory } from '../support/engines/kept.ts';
import { printed, served, type } from '../support/processes/shell.ts';

/** Several processes start, one after the other. */
vi.setConfig({ testTimeout: 120_000 });

describe('CONTRIBUTING.md', () => {
  const commands = commandsOf(6, 'CONTRIBUTING.md', 'Contributing');
  const [start = '', test = '', page = '', format = '', codegen = '', changeset = ''] = commands;

  /** A copy of these files, so that a command writes there. Its packages are links, so removing it removes none here. */
  function copyOf(...names: readonly string[]): string {
    const directory = temporaryDirectory();
    for (const name of ['package.json', 'scripts', '.prettierrc.json', ...names])
      cpSync(name, join(directory, name), { recursive: true });
    mkdirSync(join(directory, 'node_modules'));
    for (const name of readdirSync('node_modules'))
      symlinkSync(resolve('node_modules', name), join(directory, 'node_modules', name));
    // Older than the installed packages, so nothing is installed.
    writeFileSync(join(directory, 'package-lock.json'), '');
    utimesSync(join(directory, 'package-lock.json'), 0, 0);
    return directory;
  }

  it('`npm start` serves, and `npm test` runs a part of the tests', async () => {
    await served(start);
    const one = put(test, { 'test/core': 'test/core/model/cursor.test.ts' });
    expect(await printed(one)).toMatch(/Test Files +1 passed/);
  });

  it('vite serves the console from its sources', async () => {
    const [, url = ''] = await type(`${page} --port 0 --host 127.0.0.1`).said(/(http:\/\/\S+)/);
    expect(await (await fetch(new URL('/main.tsx', url))).text()).toContain('react');
  });

  it('`npm run format` corrects the format, and `npm run changeset` adds a change', async () => {
    const cwd = copyOf('.changeset');
    writeFileSync(join(cwd, 'ugly.ts'), 'export const  a = "b"');
    await printed(format, { cwd });
    expect(readFileSync(join(cwd, 'ugly.ts'), 'utf8')).toBe("export const a = 'b';\n");
    const before = readdirSync(join(cwd, '.changeset')).length;
    await printed(`git init -q && ${changeset} -- --empty`, { cwd });
    expect(readdirSync(join(cwd, '.changeset'))).toHaveLength(before + 1);
  });

  it('`npm run codegen` prints the schema, and generates the documents', async () => {
    const example = 'examples/typed-apollo-react';
    const cwd = copyOf('codegen.ts', 'schema', 'src', example, 'test/support/typed');
    const made = ['schema/schema.graphql', 'schema/documents/graphql.ts', `${example}/documents/graphql.ts`];
    for (const file of made) rmSync(join(cwd, file));
    await printed(codegen, { cwd });
    for (const file of made) expect(readFileSync(join(cwd, file), 'utf8')).toBe(readFileSync(file, 'utf8'));
  });
});
