/** The server of an engine: a process with a directory of its own, which can be killed, paused and started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { findOnPath } from '../processes/programs.ts';

/** A `describe` for tests that need a program. Without it they are skipped, and their title says so; in CI they fail. */
export function describeWithProgram(
  program: string,
  title: string,
  define: () => void,
  timeout?: number,
  found = findOnPath(program),
): void {
  const isSkipped = found === undefined && process.env['CI'] === undefined;
  const reason = isSkipped ? ` [SKIPPED: no ${program} on the PATH]` : '';
  describe.skipIf(isSkipped)(`${title}${reason}`, timeout === undefined ? {} : { timeout }, () => {
    define();
  });
}

export abstract class EngineServer {
  readonly port: number;
  /** Without credentials. */
  readonly url: string;
  readonly directory: string;
  readonly #isOwnDirectory: boolean;
  #child: ChildProcess | undefined;
  #said = '';
  #heard = Promise.withResolvers<void>();
  readonly #onExit = (): void => void this.#child?.kill('SIGKILL');

  /** `directory`: that of an earlier server. Default: an empty one, which is removed at the end. */
  protected constructor(url: string, directory?: string) {
    this.url = url;
    this.port = Number(new URL(url).port);
    this.#isOwnDirectory = directory === undefined;
    this.directory = directory ?? mkdtempSync(join(tmpdir(), 'seamline-engine-'));
    process.once('exit', this.#onExit);
  }

  /** The directory of its data, which may be copied, removed and restored while the server is down. */
  abstract readonly store: string;
  /** The flags of a node that uses it. `url`: that of a network to it. */
  abstract flags(url?: string): readonly string[];
  /** Writes the configuration. Returns the program and its arguments. */
  protected abstract command(): readonly [string, ...string[]];
  /** As whom it runs. */
  protected readonly user: { readonly uid?: number; readonly gid?: number } = {};
  /** The line that it prints once it is ready. */
  protected abstract readonly ready: RegExp;

  /** On the same port and with the same directory each time. */
  async start(): Promise<void> {
    if (this.#child) throw new Error('the server is already running');
    const [program, ...args] = this.command();
    this.#said = '';
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...this.user });
    this.#child = child;
    for (const output of [child.stdout, child.stderr]) output.setEncoding('utf8').on('data', this.#hear);
    await this.said(this.ready);
  }

  /** Resolves when the process has ended. */
  async kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGQUIT' | 'SIGINT' = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  /** Its processes; the first one is the one that was started. */
  protected pids(): readonly number[] {
    return this.#child?.pid === undefined ? [] : [this.#child.pid];
  }

  /** Connections stay open, and nothing is answered. */
  pause(): void {
    for (const pid of this.pids()) {
      process.kill(pid, 'SIGSTOP');
      // A thread may run until the signal reaches it.
      while (!hasStopped(pid)) continue;
    }
  }

  resume(): void {
    for (const pid of this.pids()) process.kill(pid, 'SIGCONT');
  }

  /** Resolves once it has printed this since its last start. */
  async said(text: RegExp): Promise<void> {
    const child = this.#child;
    if (!child) throw new Error('the server is not running');
    // After its last output. Rejects when there is no such program.
    const ended = once(child, 'close').then(() => {
      throw new Error(`${child.spawnfile} ended with ${child.exitCode ?? child.signalCode}: ${this.#said}`);
    });
    // Nobody waits for its end any more once the text is there.
    ended.catch(() => {});
    while (!text.test(this.#said)) await Promise.race([this.#heard.promise, ended]);
  }

  readonly #hear = (text: string): void => {
    this.#said += text;
    this.#heard.resolve();
    this.#heard = Promise.withResolvers();
  };

  /** Rejects when the server has ended by itself: whatever failed in the test, that is why. */
  async stop(): Promise<void> {
    process.off('exit', this.#onExit);
    const { spawnfile, exitCode, signalCode } = this.#child ?? {};
    await this.kill();
    if (this.#isOwnDirectory) rmSync(this.directory, { recursive: true, force: true });
    const end = exitCode ?? signalCode ?? undefined;
    if (end !== undefined) throw new Error(`${spawnfile} has ended by itself with ${end}: ${this.#said}`);
  }
}

/**
 * Outside the range that the system assigns by itself: a server that is started again needs its old port, which another test
 * would have got by then.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const probe = createServer().listen(port, '127.0.0.1');
    const isFree = await Promise.race([once(probe, 'listening'), once(probe, 'error')]).then(
      () => probe.listening,
      () => false,
    );
    if (!isFree) continue;
    await new Promise((resolve) => probe.close(resolve));
    return port;
  }
}

/** Always true where the system doesn't say. */
function hasStopped(pid: number): boolean {
  const threads = `/proc/${pid}/task`;
  if (!existsSync(threads)) return true;
  return readdirSync(threads).every((thread) => /\) T /.test(readFileSync(`${threads}/${thread}/stat`, 'utf8')));
}
