// Builds what is published: `npm run package`, then `npm publish dist/package`.
//
// dist/package has the files of src and schema as JavaScript, with their comments and not minified, so that stack traces can be read, and the typings
// that the exports reach. In a checkout the exports are the sources, so package.json is written again. dist/client-package has the
// part of it that `seamline/client` needs, as a package of its own (package/client-package.mjs).
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { buildClientPackage } from './package/client-package.mjs';
import { buildConsole } from './console.mjs';

const out = 'dist/package';
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
execFileSync('tsc', ['-p', 'tsconfig.build.json', '--outDir', out]);

const isSource = (file) => file.endsWith('.ts');
const built = (source, extension) => source.replace(/\.ts$/, extension);
const reached = new Set();
for (const source of Object.values(manifest.exports).filter(isSource)) reachTypings(join(out, built(source, '.d.ts')));
for (const file of readdirSync(out, { recursive: true }).map((name) => join(out, name)))
  if (file.endsWith('.d.ts') && !reached.has(file)) rmSync(file);
for (const bin of Object.values(manifest.bin)) chmodSync(join(out, built(bin, '.js')), 0o755);
for (const file of ['README.md', 'LICENSE', 'schema/schema.graphql']) cpSync(file, join(out, file));
// The server looks for it at the same path as in a checkout. Gzip alone is enough: browsers accept it without TLS too.
await buildConsole();
cpSync('dist/console', join(out, 'dist/console'), { recursive: true, filter: (path) => !path.endsWith('.br') });
writeManifest(out, published());
buildClientPackage({ from: out, manifest, exportOf, writeManifest });

/**
 * Keeps a typing and all that it imports. TypeScript leaves `.ts` in the imports of typings, so they are renamed here. The type that codegen
 * imports is written out, because its package is no dependency.
 */
function reachTypings(file) {
  if (reached.has(file)) return;
  reached.add(file);
  const text = readFileSync(file, 'utf8')
    .replace(/(["'])(\.{1,2}\/[^"']+)\.ts\1/g, (_, quote, path) => {
      reachTypings(join(dirname(file), `${path}.d.ts`));
      return `${quote}${path}.js${quote}`;
    })
    .replace(
      /^import type \{ DocumentTypeDecoration \} from '@graphql-typed-document-node\/core';$/m,
      'interface DocumentTypeDecoration<Result, Variables> {\n    __apiType?: (variables: Variables) => Result;\n}',
    );
  writeFileSync(file, text);
}

function published() {
  const { scripts: _scripts, devDependencies: _dev, overrides: _overrides, 'size-limit': _limits, ...rest } = manifest;
  return {
    ...rest,
    bin: mapped(manifest.bin, (source) => built(relative('.', source), '.js')),
    exports: { ...mapped(manifest.exports, exportOf), './package.json': './package.json' },
    sideEffects: manifest.sideEffects.map((source) => built(source, '.js')),
    publishConfig: { ...manifest.publishConfig, directory: undefined },
  };
}

function exportOf(source) {
  return isSource(source) ? { types: built(source, '.d.ts'), default: built(source, '.js') } : source;
}

function writeManifest(folder, content) {
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(content, undefined, 2)}\n`);
}

function mapped(object, change) {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]));
}
