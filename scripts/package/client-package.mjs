// Builds dist/client-package, the package `seamline-client`: the files of dist/package that `seamline/client` reaches. It has no dependencies, so
// a client doesn't install the server. scripts/package.mjs calls it.
import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const OUT = 'dist/client-package';
const PREFIX = './client';
const FILES = ['LICENSE', 'schema/schema.graphql'];
const IMPORT = /^\s*(?:import|export)\s[^;'"]*?from ['"]([^'"]+)['"]/gm;

/** `from`: the folder of the whole package. */
export function buildClientPackage({ from, manifest, exportOf, writeManifest }) {
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(OUT, { recursive: true });
  const entries = Object.entries(manifest.exports).filter(([name]) => `${name}/`.startsWith(`${PREFIX}/`));
  const files = new Set();
  const packages = new Set();
  for (const [, source] of entries) for (const file of Object.values(exportOf(source))) reach(normalize(file));
  for (const file of files) cpSync(join(from, file), join(OUT, file));
  for (const file of FILES) cpSync(file, join(OUT, file));
  cpSync('scripts/package/client-package.md', join(OUT, 'README.md'));
  writeManifest(OUT, clientManifest());

  function reach(file) {
    if (files.has(file)) return;
    files.add(file);
    for (const [, name] of readFileSync(join(from, file), 'utf8').matchAll(IMPORT))
      if (name.startsWith('.'))
        reach(join(dirname(file), name.replace(/\.js$/, file.endsWith('.d.ts') ? '.d.ts' : '.js')));
      else packages.add(name.split('/', name.startsWith('@') ? 2 : 1).join('/'));
  }

  function clientManifest() {
    const { version, license, homepage, bugs, repository, type, engines } = manifest;
    const peers = [...packages].toSorted((a, b) => (a < b ? -1 : 1));
    return {
      name: 'seamline-client',
      version,
      description:
        'Clients of seamline: GraphQL subscriptions that resume, and a live copy of the map, for graphql-ws, Apollo, urql and React',
      license,
      keywords: ['graphql', 'graphql-subscriptions', 'graphql-ws', 'apollo-client', 'urql', 'react'],
      homepage,
      bugs,
      repository,
      type,
      engines,
      exports: {
        ...Object.fromEntries(entries.map(([name, source]) => [`.${name.slice(PREFIX.length)}`, exportOf(source)])),
        './schema.graphql': './schema/schema.graphql',
        './package.json': './package.json',
      },
      sideEffects: false,
      peerDependencies: Object.fromEntries(peers.map((name) => [name, rangeOf(name)])),
      peerDependenciesMeta: Object.fromEntries(peers.map((name) => [name, { optional: true }])),
      publishConfig: { access: manifest.publishConfig.access, provenance: manifest.publishConfig.provenance },
    };
  }

  /** What is a dependency of the whole package comes here with another peer, so any version of its major will do. */
  function rangeOf(name) {
    const range = manifest.peerDependencies[name] ?? manifest.dependencies[name]?.replace(/^\^(\d+)\..*$/, '^$1.0.0');
    if (range === undefined) throw new Error(`the client imports ${name}, which is no dependency of the package`);
    return range;
  }
}
