// Builds the console, the page at `/`, into dist/console when it is missing or older than its sources: `npm run build:console`.
// It is plain JavaScript without packages, because run.mjs imports it.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { underLock } from './lock.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const built = join(root, 'dist/console');
const vite = join(root, 'node_modules/vite/bin/vite.js');
/** The files that the console is built from. */
const SOURCES = [
  'src/console',
  'src/client',
  'src/described',
  'src/core/input/where',
  'schema/documents',
  'schema/sdl',
  'package-lock.json',
  'scripts/console.mjs',
];

/** The newest modification time at or below a path, in ms. */
function changedAt(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(...readdirSync(path).map((name) => changedAt(join(path, name))));
}

export function isConsoleBuilt() {
  const page = join(built, 'index.html');
  return existsSync(page) && SOURCES.every((path) => changedAt(join(root, path)) <= statSync(page).mtimeMs);
}

/** Whether the packages for development are installed, which the build needs. */
export const canBuildConsole = () => existsSync(vite);

/** Builds the console unless it is up to date. `node`: the Node to build with. */
export async function buildConsole(node = process.execPath) {
  await underLock(() => {
    // Another process may have built it while this one waited for the lock.
    if (!isConsoleBuilt()) build(node);
  });
}

function build(node) {
  // Built in another directory first, so that a server that starts meanwhile finds a complete console.
  const fresh = `${built}.${process.pid}`;
  const args = [vite, 'build', join(root, 'src/console'), '--outDir', fresh, '--logLevel', 'warn'];
  const { status } = spawnSync(node, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, NODE_ENV: 'production' },
  });
  if (status !== 0) throw new Error('vite could not build the console');
  for (const file of filesIn(fresh)) {
    const bytes = readFileSync(file);
    writeFileSync(`${file}.br`, brotliCompressSync(bytes));
    writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
  }
  rmSync(built, { recursive: true, force: true });
  renameSync(fresh, built);
}

function filesIn(directory) {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    return entry.isDirectory() ? filesIn(path) : [path];
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildConsole();
