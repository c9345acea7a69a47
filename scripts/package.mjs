// Builds what is published into dist/package: `npm run package`, then `npm publish dist/package`.
//
// The files of src and schema as JavaScript, with their comments and not minified, so that stack traces can be read, and the typings that the
// exports reach. In a checkout the exports are the sources, so package.json is written again.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { buildConsole } from './console.mjs';

const out = 'dist/package';
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
execFileSync('tsc', ['-p', 'tsconfig.build.json', '--outDir', out]);

const sources = Object.values(manifest.exports);
const built = (source, extension) => source.replace(/\.ts$/, extension);
const reached = new Set();
for (const source of sources) reachTypings(join(out, built(source, '.d.ts')));
for (const file of readdirSync(out, { recursive: true }).map((name) => join(out, name)))
  if (file.endsWith('.d.ts') && !reached.has(file)) rmSync(file);
for (const bin of Object.values(manifest.bin)) chmodSync(join(out, built(bin, '.js')), 0o755);
for (const file of ['README.md', 'LICENSE']) cpSync(file, join(out, file));
// The server looks for it at the same path as in a checkout. Gzip alone is enough: browsers accept it without TLS too.
await buildConsole();
cpSync('dist/console', join(out, 'dist/console'), { recursive: true, filter: (path) => !path.endsWith('.br') });
writeFileSync(join(out, 'package.json'), `${JSON.stringify(published(), undefined, 2)}\n`);

/** Keeps a typing and all that it imports. TypeScript leaves `.ts` in the imports of typings, so they are renamed here. */
function reachTypings(file) {
  if (reached.has(file)) return;
  reached.add(file);
  const text = readFileSync(file, 'utf8').replace(/(["'])(\.{1,2}\/[^"']+)\.ts\1/g, (_, quote, path) => {
    reachTypings(join(dirname(file), `${path}.d.ts`));
    return `${quote}${path}.js${quote}`;
  });
  writeFileSync(file, text);
}

function published() {
  const { scripts: _scripts, devDependencies: _dev, overrides: _overrides, 'size-limit': _limits, ...rest } = manifest;
  return {
    ...rest,
    bin: mapped(manifest.bin, (source) => built(relative('.', source), '.js')),
    exports: {
      ...mapped(manifest.exports, (source) => ({ types: built(source, '.d.ts'), default: built(source, '.js') })),
      './package.json': './package.json',
    },
    sideEffects: manifest.sideEffects.map((source) => built(source, '.js')),
    publishConfig: { ...manifest.publishConfig, directory: undefined },
  };
}

function mapped(object, change) {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]));
}
