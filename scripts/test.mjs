// All tests, and then the mutants; with arguments, vitest with them: `npm test -- test/core`.
import { spawnSync } from 'node:child_process';

const args = process.argv.slice(2);
const isPart = args.some((arg) => !arg.startsWith('-'));
const run = (command, ...rest) =>
  spawnSync(command, rest, { stdio: 'inherit', shell: process.platform === 'win32' }).status ?? 1;

const failed = run('vitest', 'run', ...args);
process.exit(failed || isPart ? failed : run('node', 'scripts/mutants.mjs'));
