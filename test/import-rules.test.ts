import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

/** What each room may import, beside itself. `schema` is the room at the top level. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'src/core': [],
  'src/logs': ['src/core'],
  schema: ['src/core'],
  'src/fanout': ['schema', 'src/core'],
  'src/transports': ['src/fanout', 'schema', 'src/core'],
  'src/server': ['src/transports', 'src/fanout', 'schema', 'src/core', 'src/logs'],
  'src/cli': [
    'src/server',
    'src/transports',
    'src/fanout',
    'schema',
    'src/core',
    'src/logs',
    'src/client',
    'src/verify',
    'schema/documents',
  ],
  // They know the schema's documents, never the server.
  'src/client': ['schema/documents'],
  'src/verify': ['schema/documents'],
  'src/console': ['schema/documents', 'src/client'],
};

/** npm packages of the rooms that have to do with few. */
const MAY_DEPEND: Readonly<Record<string, readonly string[]>> = {
  'src/core': ['lru-cache', '@graphql-yoga/subscription'],
  'src/verify': ['graphql-ws', 'ws', 'node:timers/promises'],
  // No server code, and each client library in a file of its own.
  'src/client': ['@apollo/client', 'rxjs', '@urql/core', '@urql/exchange-graphcache', 'wonka', 'react'],
  'src/console': ['react', 'react-dom/client', 'urql', 'graphql-ws', 'vite', 'node:url'],
};

const files = globSync(['src/**/*.{ts,tsx}', 'schema/**/*.ts']);
const IMPORT = /^(?:import|export)\s[^;'"]*?from '([^']+)'|^import '([^']+)'/gm;

const importsOf = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(IMPORT)].map(([, from, bare]) => from ?? bare ?? '');

const roomOf = (file: string): string =>
  ['schema/documents', ...Object.keys(MAY_IMPORT)].find((room) => file.startsWith(`${room}/`)) ?? 'src';

const localImports = (file: string): string[] =>
  importsOf(file)
    .filter((from) => from.startsWith('.'))
    .map((from) => normalize(join(dirname(file), from)));

describe('the house', () => {
  it('has files', () => {
    expect(files.length).toBeGreaterThan(30);
  });

  it.each(files.filter((file) => roomOf(file) in MAY_IMPORT))('%s imports only what its room may', (file) => {
    const room = roomOf(file);
    const allowed = new Set([room, ...(MAY_IMPORT[room] ?? [])]);
    const wrong = localImports(file).filter((target) => !allowed.has(roomOf(target)));
    expect(wrong).toEqual([]);
  });

  it.each(files.filter((file) => roomOf(file) in MAY_DEPEND))('%s depends only on the packages of its room', (file) => {
    const packages = importsOf(file).filter((from) => !from.startsWith('.'));
    expect(packages.filter((name) => !MAY_DEPEND[roomOf(file)]?.includes(name))).toEqual([]);
  });

  it('has no circle of imports', () => {
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]): void => {
      expect(path, `circle: ${[...path, file].join(' → ')}`).not.toContain(file);
      if (done.has(file)) return;
      for (const target of localImports(file)) visit(target, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
    expect(done.size).toBeGreaterThan(30);
  });

  it.each(files.filter((file) => !file.startsWith('schema/documents')))('%s fits on a few screens', (file) => {
    const lines = readFileSync(file, 'utf8').split('\n').length;
    expect(lines).toBeLessThanOrEqual(300);
    expect(file).not.toMatch(/\b(utils?|helpers?|common|types)\b/);
  });
});
