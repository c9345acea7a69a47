/** What servers of all engines have in common: each is a process with a directory of its own, which can be killed, paused and started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { findOnPath } from '../processes/programs.ts';

/** A `describe` for tests that need a program. Without it they are skipped, and their title says so; in CI they fail. */
export function describeWithProgram(program: string, title: string, define: () => void, timeout?: number): void {
  const isSkipped = findOnPath(program) === undefined && process.env['CI'] === undefined;
  const reason = isSkipped ? ` [SKIPPED: no ${program} on the PATH]` : '';
  describe.skipIf(isSkipped)(`${title}${reason}`, timeout === undefined ? {} : { timeout }, () => {
    define();
  });
}

/** Runs until `stop`, whatever becomes of it in between. */
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

  /** `directory`: what another one has left behind. Default: an empty one, which is removed at the end. */
  protected constructor(url: string, directory?: string) {
    this.url = url;
    this.port = Number(new URL(url).port);
    this.#isOwnDirectory = directory === undefined;
    this.directory = directory ?? mkdtempSync(join(tmpdir(), 'seamline-engine-'));
    process.once('exit', this.#onExit);
  }

  /** Where in its directory it keeps what it was given: may be copied, removed and put back while the server is down. */
  abstract readonly store: string;
  /** How a node is told to use it; `url`: what lies between them. */
  abstract flags(url?: string): readonly string[];
  /** The program and its arguments; writes its configuration. */
  protected abstract command(): readonly [string, ...string[]];
  /** What it says once it is ready. */
  protected abstract readonly ready: RegExp;

  /** Again, on the same port and with what it had kept. */
  async start(): Promise<void> {
    if (this.#child) throw new Error('it runs');
    const [program, ...args] = this.command();
    this.#said = '';
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    for (const output of [child.stdout, child.stderr]) output.setEncoding('utf8').on('data', this.#hear);
    await this.said(this.ready);
  }

  /** Resolves when it is gone. */
  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  /** Its connections stay open, and nothing comes any more. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
    // A thread may be at work until the signal has come to it.
    while (this.#child?.pid !== undefined && !hasStopped(this.#child.pid)) continue;
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Resolves once its log has said this since it was started. */
  async said(text: RegExp): Promise<void> {
    const child = this.#child;
    if (!child) throw new Error('it does not run');
    // With its last words; rejects when there is no such program.
    const ended = once(child, 'close').then(() => {
      throw new Error(`${child.spawnfile} ended with ${child.exitCode ?? child.signalCode}: ${this.#said}`);
    });
    while (!text.test(this.#said)) await Promise.race([this.#heard.promise, ended]);
  }

  readonly #hear = (text: string): void => {
    this.#said += text;
    this.#heard.resolve();
    this.#heard = Promise.withResolvers();
  };

  async stop(): Promise<void> {
    process.off('exit', this.#onExit);
    await this.kill();
    if (this.#isOwnDirectory) rmSync(this.directory, { recursive: true, force: true });
  }
}

/**
 * Not one that the system gives away by itself: a server that comes back wants the port that it had, and by then another test would
 * have got it.
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

/** Where the system says so. */
function hasStopped(pid: number): boolean {
  const threads = `/proc/${pid}/task`;
  if (!existsSync(threads)) return true;
  return readdirSync(threads).every((thread) => /\) T /.test(readFileSync(`${threads}/${thread}/stat`, 'utf8')));
}
