import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

/** Prints the packages that an import has loaded. */
const PROGRAM = `
  import { registerHooks } from 'node:module';
  const packages = new Set();
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context);
      const name = found.url.match(/.*\\/node_modules\\/((?:@[^/]+\\/)?[^/]+)/)?.[1];
      if (name) packages.add(name);
      return found;
    },
  });
  const { [process.argv[2]]: use } = await import(process.argv[1]);
  await use?.({ data: process.argv[3] }).catch(() => {});
  console.log(JSON.stringify([...packages]));
`;

async function loadedBy(specifier: string, ...use: string[]): Promise<string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--input-type=module',
    '--eval',
    PROGRAM,
    specifier,
    ...use,
  ]);
  return JSON.parse(stdout) as string[];
}

it('`seamline` loads no server, no engine’s client and no schema builder', async () => {
  const heavy = new Set([
    '@nats-io/transport-node',
    '@nats-io/jetstream',
    'ioredis',
    'pg',
    'graphql-yoga',
    '@pothos/core',
    'ws',
    'zod',
    'pino',
    'jose',
  ]);
  const loaded = await loadedBy('seamline');
  expect(loaded).toContain('lru-cache');
  expect(loaded.filter((name) => heavy.has(name))).toEqual([]);
});

it('`createServer` loads only the configured engine', async () => {
  // Not a directory, so the server fails as soon as it is created.
  const loaded = await loadedBy('seamline', 'createServer', '/dev/null/data');
  expect(loaded).toContain('graphql-yoga');
  expect(loaded.filter((name) => name.startsWith('@nats-io') || ['ioredis', 'pg'].includes(name))).toEqual([]);
});

it('`seamline/file`, `seamline/nats`, `seamline/redis` and `seamline/postgres` can be imported', async () => {
  expect(await loadedBy('seamline/file')).not.toContain('graphql');
  expect(await loadedBy('seamline/nats')).toContain('@nats-io/jetstream');
  expect(await loadedBy('seamline/redis')).toContain('ioredis');
  expect(await loadedBy('seamline/postgres')).toContain('pg');
});
