// `npm test`: what runs in a few minutes without other servers. With a path, the tests there: `npm test -- test/logs/nats`.
import { spawnSync } from 'node:child_process';

const args = process.argv.slice(2);
const hasPath = args.some((arg) => !arg.startsWith('-'));
const { status } = spawnSync('vitest', ['run', ...(hasPath ? [] : ['--project', 'quick']), ...args], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
process.exit(status ?? 1);
