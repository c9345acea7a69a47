// Builds what is published into dist/package: `npm run package`, then `npm publish dist/package`.
//
// The same files as here, as JavaScript, minified (the repository has the rest), and with the typings that the
// exports reach. In a checkout the exports are the sources, so package.json is written anew. What only `seamline verify` needs, a
// tenth of it in twenty small files, becomes one.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { buildSync, transformSync } from 'esbuild';
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
for (const file of readdirSync(out, { recursive: true }).map((name) => join(out, name))) {
  if (file.endsWith('.d.ts') && !reached.has(file)) rmSync(file);
  if (file.endsWith('.js'))
    writeFileSync(file, transformSync(readFileSync(file, 'utf8'), { minify: true, target: 'node22.15' }).code);
}

const verify = join(out, 'src/cli/verify.js');
buildSync({
  entryPoints: [verify],
  outfile: verify,
  allowOverwrite: true,
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'node',
  target: 'node22.15',
  packages: 'external',
  logLevel: 'error',
  external: ['./arguments.js', './signals.js', '../../schema/*'],
});
const alone = ({ name }) => name.endsWith('.js') && name !== 'target.js';
for (const { name } of readdirSync(join(out, 'src/verify'), { withFileTypes: true }).filter(alone))
  rmSync(join(out, 'src/verify', name));

for (const bin of Object.values(manifest.bin)) chmodSync(join(out, built(bin, '.js')), 0o755);
for (const file of ['README.md', 'LICENSE']) cpSync(file, join(out, file));
// Where the server looks for it, here as there. One way to compress it is enough, and the one that every browser takes without TLS.
await buildConsole();
cpSync('dist/console', join(out, 'dist/console'), { recursive: true, filter: (path) => !path.endsWith('.br') });
writeFileSync(join(out, 'package.json'), `${JSON.stringify(published(), undefined, 2)}\n`);

/** TypeScript leaves the extensions of imports in typings as they are. */
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
