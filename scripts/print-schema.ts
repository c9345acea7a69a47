/**
 * Writes schema/schema.graphql from the code, and the schemas of examples from their SDL files, as `seamline schema` prints them. With --check it
 * writes nothing and exits with 1 when a file differs.
 */
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

const printed = (...args: readonly string[]): string =>
  execFileSync(process.execPath, ['src/cli/main.ts', 'schema', ...args], { cwd: root, encoding: 'utf8' });

const schemas = new Map([['schema/schema.graphql', printed()]]);
for (const file of globSync('examples/*/quotes.graphql', { cwd: root }))
  schemas.set(join(dirname(file), 'schema.graphql'), printed('--schema', file));

for (const [name, schema] of schemas) {
  const file = join(root, name);
  if (!process.argv.includes('--check')) writeFileSync(file, schema);
  else if (readFileSync(file, 'utf8') !== schema) {
    console.error(`${name} differs from its source: run npm run codegen`);
    process.exitCode = 1;
  }
}
