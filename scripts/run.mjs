// Makes `npm start`, `npm test` and `npm run check` work on a fresh clone, without a step before:
//
//     node scripts/run.mjs [--with FOLDER] COMMAND [ARGUMENT…]
//
// 1. installs the npm packages when they are missing or older than the lockfile (under a lock: two of these may run at once), and with
//    `--with` those of a folder that has a package.json and a lockfile of its own;
// 2. builds the console when COMMAND serves it and it is missing or older than its sources;
// 3. runs COMMAND with this Node if it is new enough, or else with one that it installs into .node/.
//
// It is plain JavaScript for Node ≥ 18 without packages, because it runs before anything is installed.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildConsole, canBuildConsole, isConsoleBuilt } from './console.mjs';
import { underLock } from './lock.mjs';

const NODE_VERSION = '24.21.0';
const OLDEST = [22, 15];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const given = process.argv.slice(2);
const extra = given[0] === '--with' ? given.splice(0, 2)[1] : undefined;
const [command, ...args] = given;
// The packages of a folder inside are not in the root's lockfile: `npm ci --omit=dev` would install them, because npm omits nothing there.
const folders = [root, ...(extra === undefined ? [] : [join(root, extra)])];

const installedAt = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);
const isInstalled = (folder) =>
  installedAt(join(folder, 'node_modules/.package-lock.json')) >= statSync(join(folder, 'package-lock.json')).mtimeMs;

const [major, minor] = process.versions.node.split('.').map(Number);
const isNewEnough = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
const platform = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
const ownNode = join(root, `.node/node_modules/node-${platform}/bin/node`);
const node = isNewEnough ? process.execPath : ownNode;

if (!folders.every(isInstalled) || !existsSync(node)) await underLock(install);
if (servesConsole() && !isConsoleBuilt() && canBuildConsole()) {
  say('building the console …');
  // The server also runs without the console and explains at / what is missing.
  await buildConsole(node).catch((error) => say(error.message));
}
run();

/** Whether COMMAND serves the console: `seamline` without a command is `seamline serve`. */
function servesConsole() {
  const main = args.indexOf('src/cli/main.ts');
  const serveArgs = args.slice(main + 1);
  const isServe = serveArgs[0] === undefined || serveArgs[0] === 'serve' || serveArgs[0].startsWith('-');
  return (
    main !== -1 && isServe && !serveArgs.some((arg) => ['--no-console', '--help', '-h', '--version'].includes(arg))
  );
}

function install() {
  if (!existsSync(node)) {
    say(`Node ${process.versions.node} is too old: installing ${NODE_VERSION} into .node/ …`);
    mkdirSync(join(root, '.node'), { recursive: true });
    writeFileSync(join(root, '.node/package.json'), '{ "private": true }\n');
    npm(['install', '--ignore-scripts', '--no-save', `node-${platform}@${NODE_VERSION}`], join(root, '.node'));
  }
  for (const folder of folders.filter((one) => !isInstalled(one))) {
    say(`installing npm packages${folder === root ? '' : ` of ${extra}`} …`);
    npm(['ci', '--no-audit', '--no-fund', '--loglevel=error'], folder);
  }
}

function npm(npmArgs, cwd) {
  const { status } = spawnSync('npm', npmArgs, { cwd, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (status !== 0) throw new Error(`npm ${npmArgs[0]} failed`);
}

function run() {
  const path = [dirname(node), join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter);
  const program = command === 'node' ? node : command;
  // Node strips types by default since 22.18, and without a warning since 24. The flags are set in the environment, because processes and
  // threads that COMMAND starts need them too.
  const strips =
    isNewEnough && major < 24 ? ['--experimental-strip-types', '--disable-warning=ExperimentalWarning'] : [];
  const options = [process.env.NODE_OPTIONS, ...strips].filter(Boolean).join(' ');
  const child = spawn(program, args, {
    stdio: 'inherit',
    // With several arenas glibc keeps tens of megabytes of freed memory.
    env: { MALLOC_ARENA_MAX: '1', ...process.env, PATH: path, NODE_OPTIONS: options },
    shell: process.platform === 'win32',
  });
  // A terminal sends SIGINT to the child as well.
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
