import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

const CORE = ['model', 'input/where', 'input', 'interest', 'replica', 'replication', 'subscriptions'].map(
  (name) => `src/core/${name}`,
);
const WHOLE_CORE = ['src/core', ...CORE];
const FAN_OUT = ['src/fanout', 'src/fanout/selection'];
const TRANSPORTS = [
  'protocol',
  'incoming',
  'observability',
  'answers',
  'operations',
  'streaming',
  'http',
  'websocket',
  'adapters',
].map((name) => `src/transports/${name}`);

const CONSOLE = ['server', 'feed', 'session', 'controls'].map((name) => `src/console/${name}`);

/** What the files of each folder may import, beside each other. A folder that isn't listed fails. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'src/core/model': [],
  'src/core/input': ['src/core/model', 'src/core/input/where'],
  'src/core/input/where': ['src/core/model'],
  'src/core/interest': ['src/core/model', 'src/core/input', 'src/core/input/where'],
  'src/core/replica': ['src/core/model', 'src/core/input/where', 'src/core/input'],
  'src/core/replication': ['src/core/model', 'src/core/replica'],
  'src/core/subscriptions': ['src/core/model', 'src/core/input', 'src/core/replica', 'src/core/interest'],
  'src/core': CORE,

  'src/logs': WHOLE_CORE,
  'src/logs/memory': WHOLE_CORE,
  'src/logs/process': WHOLE_CORE,
  'src/logs/file/disk': WHOLE_CORE,
  'src/logs/file': [...WHOLE_CORE, 'src/logs', 'src/logs/process', 'src/logs/file/disk'],
  'src/logs/remote': [...WHOLE_CORE, 'src/logs', 'src/logs/process'],
  'src/logs/nats': [...WHOLE_CORE, 'src/logs/remote'],
  'src/logs/redis': [...WHOLE_CORE, 'src/logs/remote'],
  'src/logs/postgres/schema': ['src/core/input'],
  'src/logs/postgres/client': ['src/core/model'],
  'src/logs/postgres': [...WHOLE_CORE, 'src/logs/remote', 'src/logs/postgres/client', 'src/logs/postgres/schema'],

  // The conformance suite, which others run on logs of their own.
  'src/testing': WHOLE_CORE,

  'schema/documents': [],
  'schema/request': WHOLE_CORE,
  'schema/sdl': [],
  'schema/stream': [...WHOLE_CORE, 'schema/request', 'schema/sdl'],
  'schema/typed': [...WHOLE_CORE, 'schema/request', 'schema/sdl', 'schema/stream'],
  'schema/federation': [...WHOLE_CORE, 'schema/request', 'schema/sdl', 'schema/stream'],
  'schema/collections': [...WHOLE_CORE, 'schema/request', 'schema/sdl', 'schema/stream', 'schema/typed'],
  schema: [...WHOLE_CORE, 'schema/sdl', 'schema/typed', 'schema/federation', 'schema/collections'],

  'src/fanout/selection': [...WHOLE_CORE, 'schema/request'],
  'src/fanout': [...WHOLE_CORE, 'schema/request', ...FAN_OUT],

  'src/transports/protocol': [...WHOLE_CORE, 'schema/request'],
  'src/transports/incoming': ['src/core/model', 'schema/request', 'src/transports/protocol'],
  'src/transports/observability': [...WHOLE_CORE, 'schema/request', 'src/transports/protocol'],
  'src/transports/answers': ['schema/request', 'src/transports/protocol'],
  'src/transports/operations': [...WHOLE_CORE, 'schema/request', ...FAN_OUT, ...TRANSPORTS.slice(0, 4)],
  'src/transports/streaming': [...WHOLE_CORE, 'schema/request', 'src/fanout', ...TRANSPORTS.slice(0, 5)],
  'src/transports/http': [...WHOLE_CORE, 'schema/request', 'src/described', 'src/fanout', ...TRANSPORTS.slice(0, 6)],
  'src/transports/websocket': [...WHOLE_CORE, 'schema/request', 'src/fanout', ...TRANSPORTS.slice(0, 7)],
  'src/transports/adapters': [...WHOLE_CORE, 'schema/request', 'src/fanout', ...TRANSPORTS.slice(0, 6)],

  'src/server/observability': WHOLE_CORE,
  'src/server/collections': [...WHOLE_CORE, 'schema/sdl', 'schema/typed', 'src/logs/file/disk'],
  'src/server': [
    ...WHOLE_CORE,
    'src/logs/memory',
    'src/logs/remote',
    'schema',
    'schema/request',
    'schema/sdl',
    'src/described',
    'src/fanout',
    ...TRANSPORTS,
    'src/server/observability',
    'src/server/collections',
  ],

  // These know the schema's documents, never the server.
  'src/http-client': [],
  'src/described': ['schema/documents', 'schema/sdl'],
  'src/client': ['schema/documents', 'src/client/resuming'],
  'src/client/apollo': ['src/client', 'src/client/resuming'],
  'src/client/resuming': [],
  'src/client/urql': ['src/client', 'src/client/resuming'],
  'src/verify/check': [],
  'src/verify/client': ['schema/documents', 'src/http-client'],
  'src/verify/workload': [
    'schema/documents',
    'src/described',
    'src/http-client',
    'src/verify/check',
    'src/verify/client',
  ],
  'src/console/server': ['schema/documents', 'src/described', 'src/client'],
  // A filter on values is checked by the code of the server, which runs in a browser as well.
  'src/console/feed': ['src/client', 'src/core/input/where', 'src/core/model', 'src/console/server'],
  'src/console/session': ['src/console/server', 'src/console/feed'],
  'src/console/controls': ['src/console/server'],
  'src/console/table': ['src/client', ...CONSOLE],
  'src/console/panels': ['src/described', ...CONSOLE],
  'src/console': ['src/console/table', 'src/console/panels', ...CONSOLE],

  'src/cli/process': [
    ...WHOLE_CORE,
    'src/server',
    'src/transports/protocol',
    'src/transports/incoming',
    'src/http-client',
  ],
  'src/cli/completion': ['src/cli/process'],
  'src/cli/request': [
    'schema',
    'schema/sdl',
    'src/described',
    'src/cli/process',
    'src/http-client',
    'src/server/collections',
  ],
  'src/cli/insert': [...WHOLE_CORE, 'src/described', 'src/cli/process', 'src/cli/request', 'src/http-client'],
  'src/cli': [
    'schema/federation',
    ...WHOLE_CORE,
    'src/cli/process',
    'src/cli/request',
    'src/cli/insert',
    'src/server',
    'src/server/collections',
    'src/logs/file/disk',
    'src/logs/postgres/schema',
    'src/http-client',
    'src/client/resuming',
    'src/verify/check',
    'src/verify/workload',
    'src/described',
    'schema',
    'schema/federation',
    'schema/documents',
    'schema/sdl',
  ],

  // What `import 'seamline'` gives.
  src: [...WHOLE_CORE, 'src/logs/memory', 'src/logs/file', 'schema/stream', 'src/server', 'src/transports/adapters'],
};

/** npm packages of the folders that need few; they hold for the folders below, too. */
const MAY_DEPEND: Readonly<Record<string, readonly string[]>> = {
  'src/core': [
    'lru-cache',
    '@graphql-yoga/subscription',
    'node:buffer',
    'node:crypto',
    'node:perf_hooks',
    'node:util',
    'node:zlib',
  ],
  'src/http-client': [],
  'src/testing': ['node:assert/strict'],
  'src/verify': ['graphql-ws', 'ws', 'node:timers/promises'],
  // No server code, and each client library in a file of its own.
  'src/client': ['@apollo/client', 'rxjs', '@urql/core', '@urql/exchange-graphcache', 'wonka', 'react'],
  'src/console': ['react', 'react-dom/client', 'urql', 'graphql-ws', 'vite', 'node:url'],
};

const files = globSync(['src/**/*.{ts,tsx}', 'schema/**/*.ts']);
const everything = globSync(
  ['src', 'schema', 'test', 'bench', 'scripts'].map((folder) => `${folder}/**/*.*`),
  {
    exclude: ['**/node_modules/**'],
  },
);
const folders = [...new Set(everything.map((file) => dirname(file)))].toSorted();
const IMPORT = /^(?:import|export)\s[^;'"]*?from '([^']+)'|^import '([^']+)'/gm;

const importsOf = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(IMPORT)].map(([, from, bare]) => from ?? bare ?? '');

const isCode = (name: string): boolean => /\.(ts|tsx)$/.test(name);
const folderOf = (file: string): string => dirname(file);
const limitedBy = (file: string): readonly string[] | undefined =>
  Object.entries(MAY_DEPEND).find(([folder]) => file.startsWith(`${folder}/`))?.[1];

const localImports = (file: string): string[] =>
  importsOf(file)
    .filter((from) => from.startsWith('.'))
    .map((from) => normalize(join(dirname(file), from)));

describe('the house', () => {
  it('has files', () => {
    expect(files.length).toBeGreaterThan(30);
  });

  it('every folder has its rule, and every rule its folder', () => {
    expect([...new Set(files.map(folderOf))].toSorted()).toEqual(Object.keys(MAY_IMPORT).toSorted());
  });

  it.each(files)('%s imports only what its folder may', (file) => {
    const allowed = new Set([folderOf(file), ...(MAY_IMPORT[folderOf(file)] ?? [])]);
    const wrong = localImports(file)
      .filter(isCode)
      .filter((target) => !allowed.has(folderOf(target)));
    expect(wrong).toEqual([]);
  });

  it.each(files.filter(limitedBy))('%s depends only on the packages of its folder', (file) => {
    const packages = importsOf(file).filter((from) => !from.startsWith('.'));
    expect(packages.filter((name) => !limitedBy(file)?.includes(name))).toEqual([]);
  });

  it('has no circle of imports', () => {
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]): void => {
      expect(path, `circle: ${[...path, file].join(' → ')}`).not.toContain(file);
      if (done.has(file)) return;
      for (const target of localImports(file).filter(isCode)) visit(target, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
    expect(done.size).toBeGreaterThan(30);
  });

  it.each(files.filter((file) => !file.startsWith('schema/documents')))('%s fits on a few screens', (file) => {
    const lines = readFileSync(file, 'utf8').split('\n').length;
    expect(lines).toBeLessThanOrEqual(300);
    expect(file).not.toMatch(/\b(utils?|helpers?|common|types)\b/);
  });

  it.each(folders)('%s holds at most 14 files', (folder) => {
    expect(everything.filter((file) => dirname(file) === folder).length).toBeLessThanOrEqual(14);
  });
});
