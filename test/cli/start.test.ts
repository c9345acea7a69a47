/** The program starts in every way and on every supported Node, or says in one line why not. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runCli, serveCli } from '../support/processes/processes.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = join(ROOT, 'src/cli/main.ts');
const { NODE_OPTIONS = '', PATH = '' } = process.env;

interface Manifest {
  readonly version: string;
  readonly engines: { readonly node: string };
  readonly scripts: Readonly<Record<string, string>>;
}
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'seamline-start-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

/** A module that runs before main.ts in the same process. */
function before(code: string): string {
  const file = join(temporary(), 'before.mjs');
  writeFileSync(file, code);
  return `--import=${file}`;
}

const pretendVersion = (name: 'node' | 'v8', version: string): string =>
  before(`Object.defineProperty(process, 'versions', { value: { ...process.versions, ${name}: '${version}' } });`);

/** Starts the program by a command, waits until it is ready, and ends it. Resolves with stderr. */
async function startedBy(
  program: string,
  args: readonly string[],
  options: object = {},
  end: NodeJS.Signals = 'SIGTERM',
): Promise<string> {
  const env = { PATH, NODE_OPTIONS, NO_COLOR: '1' };
  const child = spawn(program, [...args, '--port', '0'], { env, ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let [stdout, stderr] = ['', ''];
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exited = once(child, 'exit');
  for await (const text of child.stdout.setEncoding('utf8')) {
    stdout += String(text);
    if (stdout.includes('ws://')) child.kill(end);
  }
  expect({ code: (await exited)[0], stdout }).toEqual({
    code: 0,
    stdout: expect.stringContaining('seamline is ready'),
  });
  return stderr;
}

describe('the program', () => {
  it('the program is executable and passes nothing but node to `env`', async () => {
    accessSync(MAIN, constants.X_OK);
    expect(readFileSync(MAIN, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
    const { stdout } = await promisify(execFile)('git', ['ls-files', '--stage', MAIN], { cwd: ROOT });
    expect(stdout).toMatch(/^100755 /);
  });

  it('the program prints nothing on stderr as it starts', async () => {
    const { signal, exited } = await serveCli(['--port', '0', '--log-level', 'error']);
    signal('SIGTERM');
    expect(await exited).toMatchObject({ code: 0, stderr: '' });
  });

  it('the program starts from another directory, through links, and in a directory with spaces', async () => {
    const directory = join(temporary(), 'a directory');
    mkdirSync(directory);
    const link = join(directory, 'seamline');
    symlinkSync(MAIN, link);
    symlinkSync(ROOT, join(directory, 'the checkout'));
    await startedBy(MAIN, [], { cwd: directory });
    await startedBy(link, [], { cwd: tmpdir() });
    await startedBy(process.execPath, [join(directory, 'the checkout/src/cli/main.ts')], { cwd: tmpdir() });
  });

  it('the program starts with flags in NODE_OPTIONS', async () => {
    const env = {
      PATH,
      NO_COLOR: '1',
      NODE_OPTIONS: `${NODE_OPTIONS} --max-semi-space-size=4 --max-old-space-size=300`,
    };
    await startedBy(process.execPath, [MAIN], { env });
  });

  it('the program silently sets no flags of a V8 that they were not tested with', async () => {
    const stderr = await startedBy(process.execPath, [pretendVersion('v8', '99.1'), MAIN, '--log-level', 'error']);
    expect(stderr).toBe('');
  });

  it.each([
    ['package.json', Object.values(manifest.scripts).join('\n')],
    ['Dockerfile', readFileSync('Dockerfile', 'utf8')],
    ['main.ts', readFileSync(MAIN, 'utf8')],
  ])('%s sets no flag of V8', (_, text) => {
    expect(text).not.toMatch(/--(max-semi|heap-growing|external-memory)/);
  });

  it('seamline --version prints the version', async () => {
    expect(await runCli(['--version'])).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: '' });
  });
});

describe('npm start', () => {
  const [program = '', ...args] = (manifest.scripts['start'] ?? '').split(' ');

  it.each(['SIGTERM', 'SIGHUP'] as const)('npm start forwards %s to the server, which drains', async (name) => {
    await startedBy(program, args, { cwd: ROOT }, name);
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL'] as const)(
    'npm start ends by %s, as the program that it runs',
    async (name) => {
      const ended = `process.kill(process.pid, '${name}'); setInterval(() => {}, 1000)`;
      const child = spawn(program, [args[0] ?? '', 'node', '--eval', ended], { cwd: ROOT, stdio: 'inherit' });
      expect(await once(child, 'exit')).toEqual([null, name]);
    },
  );
});

describe('a Node that is too old', () => {
  const oldest = manifest.engines.node.replace('>=', '');

  it.each(['18.20.8', '20.20.2', '22.14.0'])('Node %s is too old, and one line says so', async (version) => {
    const args = [pretendVersion('node', version), MAIN, '--port', '0'];
    const failed = promisify(execFile)(process.execPath, args, { env: { PATH, NODE_OPTIONS } });
    await expect(failed).rejects.toMatchObject({
      code: 1,
      stdout: '',
      stderr: `seamline: Node ${version} is too old: seamline needs ${oldest} or newer\n`,
    });
  });

  it.each([oldest, '23.0.0', '99.0.0'])('Node %s is not too old', async (version) => {
    const args = [pretendVersion('node', version), MAIN, '--version'];
    const { stdout } = await promisify(execFile)(process.execPath, args, { env: { PATH, NODE_OPTIONS } });
    expect(stdout).toBe(`${manifest.version}\n`);
  });

  it('an old Node reaches the check, because everything else is imported after it', () => {
    const imported = [...readFileSync(MAIN, 'utf8').matchAll(/^import .* from '(.*)';$/gm)].map(([, from]) => from);
    expect(imported).toEqual(['node:fs']);
  });
});

describe('the number of files that may be open', () => {
  const limitedTo = (files: number): string[] => ['-c', `ulimit -n ${files}; exec "$0" "$@"`, process.execPath, MAIN];

  /** The warnings of a server with this limit of open files. */
  const warnings = async (files: number, ...args: readonly string[]): Promise<string[]> => {
    const stderr = await startedBy('sh', [...limitedTo(files), '--log-level', 'warn', ...args]);
    return stderr.split('\n').filter(Boolean);
  };

  it('a limit of open files too low for --max-connections is a warning with the remedy', async () => {
    const [line = '', ...others] = await warnings(512);
    expect(others).toEqual([]);
    expect(JSON.parse(line)).toMatchObject({ level: 'warn' });
    for (const part of ['512 open files', '10000 connections', 'ulimit -n', '10100', '--max-connections 412'])
      expect(line).toContain(part);
  });

  it('a sufficient limit of open files is no warning', async () => {
    expect(await warnings(512, '--max-connections', '412')).toEqual([]);
    expect(await warnings(512, '--max-connections', '413')).toHaveLength(1);
  });

  it('a limit of open files too low for the server’s modules is named, as may happen on Node 22', async () => {
    const helped = promisify(execFile)('sh', [...limitedTo(100), 'serve', '--help'], { env: { PATH, NODE_OPTIONS } });
    const stderr = await helped.then(
      () => 'loaded',
      (error: { stderr: string }) => error.stderr,
    );
    expect(stderr).toMatch(/^loaded$|^seamline: the limit of 100 open files is too low to load the server: .*\n$/);
  });
});
