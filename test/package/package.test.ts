import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer } from '../support/server/server.ts';
import { install, installNode, pack, runOn, type Tarball, temporary } from './published.ts';

/** Of the tarball, compressed, without the console. */
const MAX_BYTES = 300_000;
/** The oldest version that `engines` in package.json admits. */
const OLDEST_NODE = '22.15.1';

describe('the package', { timeout: 300_000 }, () => {
  const { directory, remove } = temporary();
  let tarball: Tarball;
  let oldest: string;
  beforeAll(async () => {
    tarball = await pack(directory);
    oldest = await installNode(join(directory, 'node'), OLDEST_NODE);
  }, 300_000);
  afterAll(remove);

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
    const { messages } = await publint({ pack: { tarball: new Uint8Array(tarball.bytes).buffer }, strict: true });
    expect(messages).toEqual([]);
  });

  it('the typings of the package fit its modules', async () => {
    const checked = await checkPackage(createPackageFromTarballData(new Uint8Array(tarball.bytes)));
    // Both follow from a package of ES modules only: `require` fails before Node 22, and so does a resolution that is older than exports.
    const isExpected = (kind: string, resolution: unknown): boolean =>
      kind === 'CJSResolvesToESM' || (kind === 'NoResolution' && resolution === 'node10');
    const problems = checked.types === false ? [] : checked.problems;
    expect(checked.types).not.toBe(false);
    expect(
      problems.filter(
        (problem) => !isExpected(problem.kind, 'resolutionKind' in problem ? problem.resolutionKind : ''),
      ),
    ).toEqual([]);
  });

  describe.each(['16', '17'])('the package with graphql %s', (version) => {
    const project = join(directory, `graphql-${version}`);
    beforeAll(async () => {
      mkdirSync(project);
      await install(tarball, project, [`graphql@${version}`, 'graphql-ws', 'typescript', '@types/node@24']);
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
      // Against a server of the checkout.
      const { url } = await startServer();
      const verify = ['node_modules/seamline/src/cli/main.js', 'verify', '--url', url, '--seconds', '2'];
      expect(await runOn(node(), project, ...verify)).toMatch(/G1 .*Seam/);
    });
  });
});
