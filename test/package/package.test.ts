import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer } from '../support/server/server.ts';
import { build, install, installed, installNode, pack, runOn, type Tarball, temporary } from './published.ts';

/** Of the tarball, compressed, without the console. */
const MAX_BYTES = 525_000;
/** Of the client's tarball, compressed. */
const MAX_CLIENT_BYTES = 44_000;
/** The oldest version that `engines` in package.json admits. */
const OLDEST_NODE = '22.15.1';

/** A program that finds the schema as code generators do. */
const PRINT_SCHEMA = `process.stdout.write(fs.readFileSync(require.resolve('seamline/schema.graphql')))`;

/** The compiler's options for one file, which also checks the typings that it imports. */
const MAIN_ONLY =
  '--ignoreConfig --strict --target es2024 --lib es2024,dom --module nodenext --types node main.ts'.split(' ');

const { directory, remove } = temporary();
let tarball: Tarball;
let clientTarball: Tarball;
let oldest: string;
beforeAll(async () => {
  await build();
  tarball = await pack('./dist/package', directory);
  clientTarball = await pack('./dist/client-package', directory);
  oldest = await installNode(join(directory, 'node'), OLDEST_NODE);
}, 300_000);
afterAll(remove);

/** What attw finds wrong with the typings of a tarball. */
async function typingProblems({ bytes }: Tarball): Promise<unknown[]> {
  const checked = await checkPackage(createPackageFromTarballData(new Uint8Array(bytes)), {
    excludeEntrypoints: ['./schema.graphql'],
  });
  // Both follow from a package of ES modules only: `require` fails before Node 22, and so does a resolution that is older than exports.
  const isExpected = (kind: string, resolution: unknown): boolean =>
    kind === 'CJSResolvesToESM' || (kind === 'NoResolution' && resolution === 'node10');
  if (checked.types === false) throw new Error('the tarball has no typings');
  return checked.problems.filter(
    (problem) => !isExpected(problem.kind, 'resolutionKind' in problem ? problem.resolutionKind : ''),
  );
}

async function publintMessages({ bytes }: Tarball): Promise<unknown[]> {
  return (await publint({ pack: { tarball: new Uint8Array(bytes).buffer }, strict: true })).messages;
}

describe('the package', { timeout: 300_000 }, () => {
  it('the package is small and holds neither tests nor TypeScript sources', () => {
    expect(tarball.names.filter((name) => /^(test|bench)\/|\.test\.|(?<!\.d)\.tsx?$/.test(name))).toEqual([]);
    expect(tarball.names).toContain('src/cli/main.js');
    expect(tarball.bytes.length - tarball.consoleBytes).toBeLessThan(MAX_BYTES);
  });

  it('the package keeps its names and comments, so that stack traces can be read', () => {
    expect(readFileSync('dist/package/src/server/server.js', 'utf8')).toContain('\nclass RunningServer {\n');
  });

  it('the package holds the built console where the server looks for it', () => {
    expect(tarball.names).toContain('dist/console/index.html');
    expect(tarball.names.filter((name) => /^dist\/console\/assets\/.*\.js$/.test(name))).toHaveLength(1);
    expect(tarball.consoleBytes).toBeGreaterThan(0);
  });

  it('publint has no complaint about the package', async () => {
    expect(await publintMessages(tarball)).toEqual([]);
  });

  it('the typings of the package fit its modules', async () => {
    expect(await typingProblems(tarball)).toEqual([]);
  });

  describe.each(['16', '17'])('the package with graphql %s', (version) => {
    const project = join(directory, `graphql-${version}`);
    beforeAll(async () => {
      mkdirSync(project);
      await install(tarball, 'consumer', project, [`graphql@${version}`, 'graphql-ws', 'typescript', '@types/node@24']);
      await runOn(process.execPath, project, 'node_modules/typescript/bin/tsc');
    }, 300_000);

    it.each([
      ['the oldest Node that it supports', () => oldest],
      ['the current Node', () => process.execPath],
    ])('the package compiles in an empty project and runs on %s', async (_, node) => {
      const said = JSON.parse(await runOn(node(), project, 'built/main.js')) as Record<string, unknown>;
      expect(said).toMatchObject({ prices: [1], first: { data: { items: { key: 'hello' } } } });
      expect(await runOn(node(), project, 'node_modules/seamline/src/cli/main.js', '--help')).toContain(
        'seamline serve',
      );
      const schema = await runOn(node(), project, '--eval', PRINT_SCHEMA);
      expect(schema).toBe(readFileSync('schema/schema.graphql', 'utf8'));
      // Against a server of the checkout.
      const { url } = await startServer();
      const verify = ['node_modules/seamline/src/cli/main.js', 'verify', '--url', url, '--seconds', '2'];
      expect(await runOn(node(), project, ...verify)).toMatch(/G1 .*Seam/);
    });
  });
});

describe('the package of the client', { timeout: 300_000 }, () => {
  /** Replaces the name of the modules in the consumer, which is checked in the checkout as well. */
  const rename = (project: string): void => {
    for (const file of globSync(join(project, '*.ts')))
      writeFileSync(file, readFileSync(file, 'utf8').replaceAll('seamline/client', 'seamline-client'));
  };

  it('the package of the client holds the client, its license and the schema, and nothing of the server', () => {
    const folders = clientTarball.names.map((name) => /^(?:src\/client|schema\/documents)\/|^[^/]+$/.exec(name)?.[0]);
    expect(clientTarball.names.filter((_, at) => folders[at] === undefined)).toEqual(['schema/schema.graphql']);
    expect(clientTarball.names).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'src/client/index.js']));
    expect(clientTarball.names.filter((name) => /(?<!\.d)\.tsx?$/.test(name))).toEqual([]);
    expect(clientTarball.bytes.length).toBeLessThan(MAX_CLIENT_BYTES);
  });

  it('the modules of the client are the same in both packages', () => {
    const names = clientTarball.names.filter((file) => /\.(?:js|d\.ts|graphql)$/.test(file));
    const textsIn = (folder: string) => names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]);
    expect(names.length).toBeGreaterThan(20);
    expect(textsIn('dist/client-package')).toEqual(textsIn('dist/package'));
  });

  it('publint has no complaint about the package of the client', async () => {
    expect(await publintMessages(clientTarball)).toEqual([]);
  });

  it('the typings of the package of the client fit its modules', async () => {
    expect(await typingProblems(clientTarball)).toEqual([]);
  });

  it('an installation of the client alone is one package', async () => {
    const project = join(directory, 'client-alone');
    await install(clientTarball, 'client-consumer', project, []);
    expect(installed(project)).toEqual(['seamline-client']);
    const program = `process.stdout.write(Object.keys(await import('seamline-client')).sort().join(' '))`;
    expect(await runOn(oldest, project, '--input-type=module', '--eval', program)).toBe('mirror persistent resumable');
  });

  it('the client compiles in an empty project with graphql-ws, and follows a server there', async () => {
    const project = join(directory, 'client-graphql-ws');
    const development = ['typescript', '@types/node@24'];
    await install(clientTarball, 'client-consumer', project, ['graphql', 'graphql-ws', ...development]);
    const brought = installed(project).filter((name) => !/^(?:@?types|undici-types|typescript|@typescript)/.test(name));
    expect(brought).toEqual(['graphql', 'graphql-ws', 'seamline-client']);
    rename(project);
    await runOn(process.execPath, project, 'node_modules/typescript/bin/tsc', '--outDir', 'built', ...MAIN_ONLY);
    const server = await startServer();
    await server.map.insert({ key: 'hello', value: { text: 'world' } });
    for (const node of [oldest, process.execPath]) {
      const said = JSON.parse(await runOn(node, project, 'built/main.js', server.webSocketUrl)) as unknown;
      expect(said).toMatchObject({
        texts: ['world'],
        statuses: ['live'],
        first: { data: { items: { key: 'hello' } } },
      });
    }
  });

  it('each entry point of the client compiles and loads with the libraries that it is for', async () => {
    const project = join(directory, 'client-peers');
    const peers = [
      'graphql',
      'graphql-ws',
      '@apollo/client',
      'rxjs',
      '@urql/core',
      '@urql/exchange-graphcache',
      'react',
    ];
    await install(clientTarball, 'client-consumer', project, [
      ...peers,
      'typescript',
      '@types/node@24',
      '@types/react',
    ]);
    expect(installed(project)).not.toContain('graphql-yoga');
    rename(project);
    await runOn(process.execPath, project, 'node_modules/typescript/bin/tsc');
    const said = await runOn(process.execPath, project, 'built/peers.js');
    expect(JSON.parse(said)).toEqual(['object', 'object', 'function', 'object', 'function']);
  });
});
