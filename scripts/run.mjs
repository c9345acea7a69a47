// Makes `npm start`, `npm test` and `npm run check` work on a fresh clone, each alone:
//
//     node scripts/run.mjs COMMAND [ARGUMENT…]
//
// 1. installs the npm packages when they are missing or older than the lockfile (under a lock: two of these may run at once);
// 2. builds the console when COMMAND serves it, and it isn't there or older than its sources;
// 3. runs COMMAND with a Node that is new enough, this one if it is, else one that it installs into .node/.
//
// Plain JavaScript for Node ≥ 18 that imports nothing from npm: it runs before there is anything.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildConsole, canBuildConsole, isConsoleBuilt } from './console.mjs';
import { underLock } from './lock.mjs';

const NODE_VERSION = '24.21.0';
const OLDEST = [22, 15];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [command, ...args] = process.argv.slice(2);

const installedAt = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);
const isInstalled = () =>
  installedAt(join(root, 'node_modules/.package-lock.json')) >= statSync(join(root, 'package-lock.json')).mtimeMs;

const [major, minor] = process.versions.node.split('.').map(Number);
const isNewEnough = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
const platform = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
const ownNode = join(root, `.node/node_modules/node-${platform}/bin/node`);
const node = isNewEnough ? process.execPath : ownNode;

if (!isInstalled() || !existsSync(node)) await underLock(install);
if (servesConsole() && !isConsoleBuilt() && canBuildConsole()) {
  say('building the console …');
  // It serves without one, too, and says at / what is missing.
  await buildConsole(node).catch((error) => say(error.message));
}
run();

/** `seamline serve` is what runs without a command, too. */
function servesConsole() {
  const main = args.indexOf('src/cli/main.ts');
  const given = args.slice(main + 1);
  const isServe = given[0] === undefined || given[0] === 'serve' || given[0].startsWith('-');
  return main !== -1 && isServe && !given.some((arg) => ['--no-console', '--help', '-h', '--version'].includes(arg));
}

function install() {
  if (!existsSync(node)) {
    say(`Node ${process.versions.node} is too old: installing ${NODE_VERSION} into .node/ …`);
    mkdirSync(join(root, '.node'), { recursive: true });
    writeFileSync(join(root, '.node/package.json'), '{ "private": true }\n');
    npm(['install', '--ignore-scripts', '--no-save', `node-${platform}@${NODE_VERSION}`], join(root, '.node'));
  }
  if (!isInstalled()) {
    say('installing npm packages …');
    npm(['ci', '--no-audit', '--no-fund', '--loglevel=error'], root);
  }
}

function npm(npmArgs, cwd) {
  const { status } = spawnSync('npm', npmArgs, { cwd, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (status !== 0) throw new Error(`npm ${npmArgs[0]} failed`);
}

function run() {
  const path = [dirname(node), join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter);
  const program = command === 'node' ? node : command;
  // Node strips types by itself since 22.18, and without a warning since 24. In the environment, for the processes and threads that
  // COMMAND starts need it, too.
  const strips =
    isNewEnough && major < 24 ? ['--experimental-strip-types', '--disable-warning=ExperimentalWarning'] : [];
  const options = [process.env.NODE_OPTIONS, ...strips].filter(Boolean).join(' ');
  const child = spawn(program, args, {
    stdio: 'inherit',
    // One arena: glibc keeps what each of several has freed, tens of megabytes.
    env: { MALLOC_ARENA_MAX: '1', ...process.env, PATH: path, NODE_OPTIONS: options },
    shell: process.platform === 'win32',
  });
  // A terminal sends SIGINT to the child by itself.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    say(`${command}: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (!signal) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function say(text) {
  process.stderr.write(`${text}\n`);
}
