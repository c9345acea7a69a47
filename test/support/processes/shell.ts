/** Runs commands of the documentation in a real shell. Everything that they start ends with the test. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, dirname } from 'node:path';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Address } from '../clients/clients.ts';
import type { Exit } from './processes.ts';

export interface Running {
  readonly stdin: Writable;
  readonly exited: Promise<Exit>;
  /** Resolves once stdout or stderr contains this. */
  said(text: RegExp): Promise<RegExpExecArray>;
  /** Sends the signal to the shell and everything that it has started. */
  signal(name: NodeJS.Signals): void;
}

export interface Surroundings {
  /** @default the checkout */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** Maps commands to the checkout, and to a machine without a container engine. */
const PRELUDE = `seamline() { node '${ROOT}src/cli/main.ts' "$@"; }
docker() { node '${ROOT}test/support/processes/container.ts' "$@"; }
`;

export function type(command: string, surroundings: Surroundings = {}): Running {
  return start('bash', ['-c', `${PRELUDE}set -o pipefail\n${command}`], surroundings);
}

/** Runs a command that must succeed. Resolves with its output. */
export async function printed(command: string, surroundings?: Surroundings): Promise<string> {
  const running = type(command, surroundings);
  running.stdin.end();
  const { code, stdout, stderr } = await running.exited;
  if (code !== 0) throw new Error(`${command} exited with ${code}: ${stderr}`);
  return stdout;
}

export interface Served extends Address, Running {}

/** Resolves once a server prints that it is ready. */
export async function served(command: string, surroundings: Surroundings = {}): Promise<Served> {
  const { env, ...rest } = surroundings;
  const running = type(command, { env: { SEAMLINE_PORT: '0', ...env }, ...rest });
  const [, url = '', webSocketUrl = ''] = await running.said(/(http:\/\/\S+\/graphql)\s+(?:\S+ +)?(ws:\/\/\S+)\s/);
  return { url, webSocketUrl, ...running };
}

/** Starts a process group, so that all of it can be ended. */
export function start(program: string, args: readonly string[], { cwd = ROOT, env = {} }: Surroundings = {}): Running {
  const { HOME = '', PATH = '', NODE_OPTIONS = '' } = process.env;
  const path = [dirname(process.execPath), PATH].join(delimiter);
  const child = spawn(program, args, {
    cwd,
    env: { HOME, PATH: path, NODE_OPTIONS, NO_COLOR: '1', ...env },
    stdio: 'pipe',
    detached: true,
  });
  const signal = (name: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch (error) {
      // The group has ended already.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  onTestFinished(() => signal('SIGKILL'));
  const texts = { stdout: '', stderr: '' };
  let grown = Promise.withResolvers<void>();
  const grow = (name: keyof typeof texts, text: string): void => {
    texts[name] += text;
    grown.resolve();
    grown = Promise.withResolvers();
  };
  child.stdin.on('error', () => {});
  child.stdout.setEncoding('utf8').on('data', (text: string) => grow('stdout', text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => grow('stderr', text));
  let hasEnded = false;
  const exited = once(child, 'close').then(([code]): Exit => {
    hasEnded = true;
    return { code: code as number | null, ...texts };
  });
  return {
    stdin: child.stdin,
    exited,
    async said(text) {
      for (;;) {
        const match = text.exec(texts.stdout) ?? text.exec(texts.stderr);
        if (match) return match;
        if (hasEnded) throw new Error(`never said ${String(text)}, but ${JSON.stringify(texts)}`);
        await Promise.race([grown.promise, exited]);
      }
    },
    signal,
  };
}
