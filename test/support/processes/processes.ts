/** Runs the command line in a process of its own, which ends with the test. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { onTestFinished } from 'vitest';

const MAIN = new URL('../../../src/cli/main.ts', import.meta.url).pathname;

export interface Exit {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ServeProcess {
  readonly url: string;
  readonly webSocketUrl: string;
  readonly exited: Promise<Exit>;
  signal(name: NodeJS.Signals): void;
}

/** A process that is fed and read while it runs. */
export interface CliProcess {
  readonly stdin: Writable;
  /** Its output, which must be read for the process to continue. */
  readonly stdout: Readable;
  readonly exited: Promise<Omit<Exit, 'stdout'>>;
  /** Resolves once stderr contains this. */
  said(text: RegExp): Promise<void>;
  signal(name: NodeJS.Signals): void;
}

type Environment = Readonly<Record<string, string>>;

/** The environment of the tests reduced to PATH and to the options that let an older Node run TypeScript. */
const environment = (env: Environment): Environment => {
  const { PATH = '', NODE_OPTIONS = '' } = process.env;
  return { PATH, NODE_OPTIONS, NO_COLOR: '1', ...env };
};

/** Runs a command to its end, and kills it when it does not end. `input`: its stdin. */
export function runCli(args: readonly string[], env: Environment = {}, input?: string | Buffer): Promise<Exit> {
  return new Promise((resolve) => {
    const options = { env: environment(env), timeout: 25_000, killSignal: 'SIGKILL' as const };
    const child = execFile(process.execPath, [MAIN, ...args], options, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    );
    // The process may end before it has read everything.
    child.stdin?.on('error', () => {}).end(input);
  });
}

export function startCli(args: readonly string[]): CliProcess {
  const child = spawn(process.execPath, [MAIN, ...args], { env: environment({}), stdio: 'pipe' });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stderr = '';
  child.stdin.on('error', () => {});
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const closed = Promise.all([once(child, 'exit'), once(child.stderr, 'close')]);
  const exited = closed.then(([[code]]) => ({ code: code as number | null, stderr }));
  let hasEnded = false;
  void exited.then(() => (hasEnded = true));
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    exited,
    async said(text) {
      while (!text.test(stderr)) {
        if (hasEnded) throw new Error(`never said ${String(text)}, but ${JSON.stringify(stderr)}`);
        await Promise.race([once(child.stderr, 'data'), exited]);
      }
    },
    signal: (name) => void child.kill(name),
  };
}

/** Resolves once the server prints that it is ready; rejects with its output otherwise. */
export async function serveCli(args: readonly string[], env: Environment = {}): Promise<ServeProcess> {
  const child = spawn(process.execPath, [MAIN, ...args], { env: environment(env), stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exited = once(child, 'close').then(([code]): Exit => ({ code: code as number | null, stdout, stderr }));
  const urlIn = (scheme: string): string | undefined => new RegExp(`${scheme}://\\S+`).exec(stdout)?.[0];
  let hasEnded = false;
  void exited.then(() => (hasEnded = true));
  while (!hasEnded) {
    const [url, webSocketUrl] = [urlIn('http'), urlIn('ws')];
    const signal = (name: NodeJS.Signals): void => void child.kill(name);
    if (url && webSocketUrl && stdout.endsWith('\n')) return { url, webSocketUrl, exited, signal };
    await Promise.race([once(child.stdout, 'data'), exited]);
  }
  throw new Error(`ended before it was ready: ${JSON.stringify(await exited)}`);
}
