/** Runs the examples as `npm run example` does, on free ports. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import type { Page } from 'playwright-core';
import type { Address } from '../clients/clients.ts';
import { type Network, networkTo } from '../sockets/proxy.ts';

export interface Exit {
  readonly code: number | null;
  readonly stderr: string;
}

export interface Example extends Address {
  /** The URL of the page, for examples with a page. */
  readonly pageUrl: string;
  /** Resolves with the next line of output; rejects when the example ends first. */
  line(): Promise<string>;
  readonly exited: Promise<Exit>;
  /** Sends SIGKILL to everything that the command has started. */
  signal(name: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): void;
}

function run(args: readonly string[]) {
  const { PATH = '', HOME = '', NODE_OPTIONS = '' } = process.env;
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { example: string } };
  const [, ...command] = scripts.example.split(' ');
  // A process group, so that all of it can be ended.
  const child = spawn(process.execPath, [...command, ...args], {
    env: { PATH, HOME, NODE_OPTIONS, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const stderr = text(child.stderr);
  const exited = once(child, 'close').then(async ([code]): Promise<Exit> => ({
    code: code as number | null,
    stderr: await stderr,
  }));
  const signal = (name: NodeJS.Signals): void => {
    // The command itself forwards the signal.
    if (name !== 'SIGKILL') return void child.kill(name);
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, name);
    } catch (error) {
      // The group has ended already.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  onTestFinished(() => signal('SIGKILL'));
  return { stdout: child.stdout, exited, signal };
}

/** Runs the command to its end. */
export const runExample = (...args: readonly string[]): Promise<Exit> => {
  const { stdout, exited } = run(args);
  stdout.resume();
  return exited;
};

/** Resolves once the example has printed its addresses. */
export async function startExample(name: string, ...args: readonly string[]): Promise<Example> {
  const { stdout, exited, signal } = run([name, '--port', '0', ...args]);
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`the example ended: ${JSON.stringify(await exited)}`);
    return value;
  };
  const address = async (label: string): Promise<string> => {
    for (;;) {
      const [first, url = ''] = (await line()).trim().split(/\s+/);
      if (first === label) return url;
    }
  };
  const url = await address('server');
  const pageUrl = args.includes('--page-port') ? await address('page') : '';
  return { url, webSocketUrl: url.replace('http', 'ws'), pageUrl, line, exited, signal };
}

/** Opens the page through a network that can break. */
export async function openExample(name: string, page: Page): Promise<Example & { readonly network: Network }> {
  const example = await startExample(name, '--page-port', '0');
  const network = await networkTo(example.pageUrl);
  await page.goto(new URL('/', network.url).href);
  return { ...example, network };
}
