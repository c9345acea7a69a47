// `npm run test:all`: everything that `npm test` runs, and then what needs other servers, a browser, other versions of Node and
// graphql, or a long time. Mutants come last: they need the machine for themselves.
//
//     npm run test:all [-- --without-quick] [-- --results DIRECTORY]
//
// `--without-quick` leaves out what `npm test` has run already. Vitest's results go to DIRECTORY as JSON, a file for each run.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { 'without-quick': { type: 'boolean', default: false }, results: { type: 'string' } },
});
let isGreen = true;

const projects = [...(values['without-quick'] ? [] : ['quick']), 'slow', 'waiting'];
await vitest('all', ['--reporter=default', ...projects.map((name) => `--project=${name}`)]);
// These wait for installations and processes most of their time, so they run side by side.
await Promise.all([
  run('node', ['scripts/node-versions.mjs', ...(values.results ? ['--results', values.results] : [])]),
  otherWays(),
]);
await run('node', ['scripts/mutants.mjs']);
process.exit(isGreen ? 0 : 1);

async function otherWays() {
  // The guarantees hold with a generator for each subscription, too. These tests start no server, or choose generators themselves.
  const unaffected = new Set([
    'every-interleaving.test.ts',
    'interest',
    'model.test.ts',
    'published-algorithm.test.ts',
  ]);
  const served = readdirSync('test/guarantees').filter((name) => !unaffected.has(name));
  const paths = served.map((name) => `test/guarantees/${name}`);
  await vitest('generators', ['--reporter=dot', ...paths], { WITHOUT_FAN_OUT: 'true' });
  // The library's peers may bring graphql 16: what a client sees must be the same.
  await run('node', ['scripts/graphql-16.mjs', '--reporter=dot', ...resultsOf('graphql-16')]);
}

function vitest(name, args, env = {}) {
  return run('vitest', ['run', ...args, ...resultsOf(name)], env);
}

function resultsOf(name) {
  return values.results ? ['--reporter=json', `--outputFile.json=${join(values.results, `${name}.json`)}`] : [];
}

async function run(command, args, env = {}) {
  const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, ...env } });
  const [status] = await once(child, 'exit');
  if (status !== 0) isGreen = false;
}
