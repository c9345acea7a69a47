// Runs all static checks one after the other and prints which failed: `npm run check`.
import { spawnSync } from 'node:child_process';

const MERCURIUS = 'bench/peers/mercurius';

const checks = [
  ['format', 'prettier', '--check', '--log-level=warn', '.'],
  ['types', 'tsc', '-p', '.'],
  ['types of the console', 'tsc', '-p', 'src/console'],
  ['types of mercurius in the benchmark', 'node', 'scripts/run.mjs', '--with', MERCURIUS, 'tsc', '-p', MERCURIUS],
  ['types of the examples', 'tsc', '-p', 'examples'],
  ['lint, with types', 'oxlint', '--type-aware', '--deny-warnings'],
  ['schema drift', 'node', 'scripts/print-schema.ts', '--check'],
  ['codegen drift', 'graphql-codegen', '--check', '--silent'],
  ['unused code', 'knip', '--no-config-hints'],
  ['the console builds', 'node', 'scripts/console.mjs'],
  ['size of seamline/client and the console', 'size-limit'],
  ['import rules', 'vitest', 'run', '--reporter=dot', 'test/import-rules.test.ts'],
];

const failed = checks.filter(([name, command, ...args]) => {
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name}`);
  if (status !== 0) console.log(`${stdout}${stderr}`);
  return status !== 0;
});
process.exit(failed.length === 0 ? 0 : 1);
