// Runs the tests of the server and the library with graphql 16 instead of 17, in a copy of the checkout: `npm run test:graphql-16`.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const copy = mkdtempSync(join(tmpdir(), 'seamline-graphql-16-'));
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' }).trim().split('\n');
for (const file of files) cpSync(file, join(copy, file), { recursive: true });
cpSync('node_modules', join(copy, 'node_modules'), { recursive: true, verbatimSymlinks: true });

// These import no graphql.
const coreOnly = new Set(['every-interleaving.test.ts', 'model.test.ts', 'published-algorithm.test.ts']);
const guarantees = readdirSync('test/guarantees')
  .filter((name) => !coreOnly.has(name))
  .map((name) => `test/guarantees/${name}`);

const run = (command, args) => spawnSync(command, args, { cwd: copy, stdio: 'inherit' }).status ?? 1;
let status = run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error', 'graphql@16']);
if (status === 0)
  status = run('vitest', [
    'run',
    ...process.argv.slice(2),
    'test/fanout',
    'test/transports',
    ...guarantees,
    'test/server',
    'test/library',
  ]);
rmSync(copy, { recursive: true, force: true });
process.exit(status);
