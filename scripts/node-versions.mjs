// Uses seamline on the oldest Node that package.json's `engines` admits and on the newest of each supported line, from the checkout and from
// the bin of the packed tarball, and runs the tests that depend on Node most:
//
//     node scripts/run.mjs node scripts/node-versions.mjs [--results DIRECTORY]
//
// A failure with one version does not prevent the others. The results of vitest go to DIRECTORY, as a JSON file for each version.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({ options: { results: { type: 'string' } } });
const { engines, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const oldest = engines.node.replace('>=', '');

const VERSIONS = [`${oldest}.0`, '22', '24', '26'];
const TOO_OLD = '20';

/** Tests of what differs between versions of Node (SQLite, threads and processes, HTTP and streams, V8's flags), and of core, which take seconds. */
const TESTS = [
  'test/core',
  'test/logs/memory/memory-log.test.ts',
  'test/logs/file/file-log.test.ts',
  'test/logs/file/file-log-faults.test.ts',
  'test/logs/group-commit.test.ts',
  'test/cli/flags.test.ts',
  'test/cli/start.test.ts',
  'test/cli/heap.test.ts',
  'test/server/http/plain-http.test.ts',
  'test/transports/streaming/broken-off.test.ts',
  'test/transports/http/http.test.ts',
  'test/transports/http/http-errors.test.ts',
  'test/transports/streaming/sse.test.ts',
  'test/transports/streaming/multipart.test.ts',
  'test/transports/websocket/websocket.test.ts',
];

const directory = mkdtempSync(join(tmpdir(), 'seamline-node-versions-'));
const results = values.results ?? directory;
let failures = 0;
try {
  const [nodes, project] = await Promise.all([installNodes(), installTarball()]);
  await attempt(`Node ${TOO_OLD}: the bin refuses to run`, () => refusesOldNode(nodes.get(TOO_OLD), project));
  for (const wanted of VERSIONS) {
    const node = nodes.get(wanted);
    const { stdout } = await run(node, ['--version']);
    const name = `Node ${stdout.trim().slice(1)}`;
    await Promise.all([
      attempt(`${name}: the checkout`, () => use(node, root, ['node', 'scripts/run.mjs', 'node', 'src/cli/main.ts'])),
      attempt(`${name}: the tarball`, () => use(node, project, [join(project, 'node_modules/.bin/seamline')])),
    ]);
    await attempt(`${name}: the tests`, () => test(node, wanted));
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
process.exit(failures === 0 ? 0 : 1);

async function attempt(what, work) {
  const since = performance.now();
  try {
    await work();
    console.log(`ok     ${what}, ${((performance.now() - since) / 1000).toFixed(1)} s`);
  } catch (error) {
    failures++;
    console.log(`FAILED ${what}: ${error.message}`);
  }
}

/** Installs all versions into one project, each under an alias. */
async function installNodes() {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(directory, 'nodes');
  const aliases = [...VERSIONS, TOO_OLD].map((wanted) => [wanted, `node-${wanted}`]);
  writePackage(folder, Object.fromEntries(aliases.map(([wanted, alias]) => [alias, `npm:${name}@${wanted}`])));
  await npm(folder, 'install', '--ignore-scripts');
  return new Map(aliases.map(([wanted, alias]) => [wanted, join(folder, 'node_modules', alias, 'bin/node')]));
}

async function installTarball() {
  await run('npm', ['run', '--silent', 'package'], { cwd: root });
  const { stdout } = await run('npm', ['pack', './dist/package', '--json', '--pack-destination', directory], {
    cwd: root,
  });
  const [{ filename }] = JSON.parse(stdout);
  const project = join(directory, 'a project');
  writePackage(project, { seamline: `file:${join(directory, filename)}`, graphql: '17' });
  await npm(project, 'install');
  return project;
}

function writePackage(folder, dependencies) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }));
}

async function npm(cwd, ...args) {
  await run('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], { cwd });
}

function environment(node) {
  const { NODE_OPTIONS: _ofTheseScripts, ...rest } = process.env;
  return { ...rest, PATH: [dirname(node), process.env.PATH].join(delimiter) };
}

async function refusesOldNode(node, project) {
  const env = environment(node);
  const bin = join(project, 'node_modules/.bin/seamline');
  const { code, stdout, stderr } = await run(bin, ['--port', '0'], { env, timeout: 20_000 }).catch((error) => error);
  const isRight = /^seamline: Node 20\.\S+ is too old: seamline needs \S+ or newer\n$/.test(stderr);
  if (code !== 1 || stdout !== '' || !isRight) throw new Error(`exit code ${code}: ${stdout}${stderr}`);
}

/** Runs a server, inserts two items, prints them, and drains the server. */
async function use(node, cwd, [program, ...args]) {
  const options = { cwd, env: environment(node) };
  const expectEqual = (seen, expected) => {
    if (seen !== expected) throw new Error(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(seen)}`);
  };
  const cli = (...more) => run(program, [...args, ...more], { ...options, timeout: 60_000 });

  expectEqual((await cli('--version')).stdout, `${version}\n`);
  const server = spawn(program, [...args, '--port', '0', '--log-level', 'error'], {
    ...options,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(server, 'exit');
  try {
    const url = await urlOf(server.stdout);
    const inserting = cli('insert', '--url', url);
    inserting.child.stdin.end('{"key":"a","value":1}\n{"key":"b","value":{"n":2}}\n');
    await inserting;
    const { stdout } = await cli('tail', '--url', url, '--limit', '2');
    expectEqual(
      JSON.stringify(
        stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line).value),
      ),
      '[1,{"n":2}]',
    );
    server.kill('SIGTERM');
    expectEqual(String((await exited)[0]), '0');
  } finally {
    server.kill('SIGKILL');
  }
}

async function urlOf(output) {
  let printed = '';
  // The output is read to the end, so that the pipe never fills.
  return new Promise((resolve, reject) => {
    output.setEncoding('utf8').on('data', (text) => {
      printed += text;
      const [url] = /http:\/\/\S+\/graphql(?=\s)/.exec(printed) ?? [];
      if (url !== undefined) resolve(url);
    });
    output.on('end', () => reject(new Error(`the server ended before it was ready: ${printed}`)));
  });
}

async function test(node, wanted) {
  const reporters = ['--reporter=dot', '--reporter=json', `--outputFile.json=${join(results, `node-${wanted}.json`)}`];
  const args = ['scripts/run.mjs', 'vitest', 'run', ...TESTS, ...reporters];
  const child = spawn('node', args, { cwd: root, env: environment(node), stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`exit code ${code}\n${output.slice(Math.max(0, output.indexOf('Failed Tests')))}`);
}
