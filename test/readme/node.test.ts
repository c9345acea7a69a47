import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { networkTo } from '../support/proxy.ts';
import { bundle, ROOT, snippet, snippetFor } from '../support/readme.ts';
import { startServer } from '../support/server.ts';

/** graphql-ws waits longer and longer before it comes back. */
const WITH_RECONNECTS = { timeout: 60_000 };

it(
  'graphql-ws: the service shows what is there, what comes, and goes on where it was after a cut (G1, G2, G4)',
  WITH_RECONNECTS,
  async () => {
    const server = await startServer();
    const network = await networkTo(server.url);
    await server.map.insert({ key: 'before', value: { text: 'β' } });
    const lines = linesOf(await bundle(snippetFor('graphql-ws', network.url), 'node'));
    expect((await lines.next()).value).toBe("before { text: 'β' }");

    await server.map.insert({ key: 'live', value: 1 });
    expect((await lines.next()).value).toBe('live 1');

    network.cut();
    await server.map.insert({ key: 'meanwhile', value: 2 });
    await network.refusal();
    network.mend();
    expect((await lines.next()).value).toBe('meanwhile 2');

    await server.map.insert({ key: 'after', value: 3 });
    expect((await lines.next()).value).toBe('after 3');
  },
);

it(
  'graphql-ws: a service that is slow as its connection breaks shows nothing twice (G2)',
  WITH_RECONNECTS,
  async () => {
    const server = await startServer();
    const network = await networkTo(server.url);
    await server.map.insertMany(['first', 'second', 'third'].map((key) => ({ key, value: 1 })));
    const show = 'console.log(key, value);';
    const untilItComesAgain = "new Promise((go) => client.on('connected', () => client.on('message', go)))";
    const slow = `${show} if (key === 'first') await ${untilItComesAgain};`;
    const lines = linesOf(await bundle(snippetFor('graphql-ws', network.url).replace(show, slow), 'node'));
    expect((await lines.next()).value).toBe('first 1');

    network.cut();
    network.mend();
    await server.map.insert({ key: 'after', value: 2 });
    for (const line of ['second 1', 'third 1', 'after 2']) expect((await lines.next()).value).toBe(line);
  },
);

it.each(['graphql-ws', 'Apollo Client', 'urql'])('%s: the snippet passes a strict type check', async (title) => {
  await mkdir(join(ROOT, '.cache'), { recursive: true });
  // Inside the project, so that its imports are found.
  const directory = await mkdtemp(join(ROOT, '.cache', 'snippet-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, 'snippet.ts'), snippet(title));
  const compilerOptions = { strict: true, module: 'nodenext', target: 'es2022', skipLibCheck: true, noEmit: true };
  await writeFile(join(directory, 'package.json'), JSON.stringify({ type: 'module' }));
  await writeFile(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['snippet.ts'] }));
  const tsc = join(ROOT, 'node_modules', '.bin', 'tsc');
  const checked = promisify(execFile)(tsc, ['-p', directory]).catch((error: unknown) => error);
  expect(await checked).toMatchObject({ stdout: '' });
});

/** What the module prints, line by line; what it writes on stderr fails the one who waits for a line. */
async function* linesOf(module: string): AsyncGenerator<string, void, void> {
  const child = spawn(process.execPath, ['--input-type=module', '-'], { cwd: ROOT });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  const complaints = text(child.stderr);
  child.stdin.end(module);
  yield* createInterface({ input: child.stdout });
  throw new Error(`the snippet ended: ${await complaints}`);
}
