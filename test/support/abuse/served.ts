/** A server in a process of its own, whose memory is watched from outside. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';

const MAIN = new URL('../../../src/cli/main.ts', import.meta.url).pathname;

const SAMPLE_MS = 100;
/** Protects the machine: a server that takes this much has failed its test already. */
const DEADLY_MB = 3000;

export const MAX_BYTES = 64 * 1024 * 1024;

export class Served {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #timer: ReturnType<typeof setInterval>;
  #peak = 0;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
    this.#timer = setInterval(() => {
      if (this.residentMb() > DEADLY_MB) this.#child.kill('SIGKILL');
    }, SAMPLE_MS);
  }

  /** Starts `seamline serve` as the image does. Its log is silent, because nobody reads it. */
  static async start(flags: readonly string[] = []): Promise<Served> {
    const args = ['serve', '--port', '0', '--max-bytes', String(MAX_BYTES), '--log-level', 'silent', ...flags];
    const { PATH = '', NODE_OPTIONS = '' } = process.env;
    const env = { PATH, NODE_OPTIONS, NO_COLOR: '1', MALLOC_ARENA_MAX: '1', NODE_ENV: 'production' };
    const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
    const exited = once(child, 'exit');
    while (!/ws:\/\/\S+\n/.test(printed)) {
      await Promise.race([once(child.stdout, 'data'), exited]);
      if (child.exitCode !== null) throw new Error(`the server did not start: ${printed}`);
    }
    const served = new Served(child, Number(/http:\/\/[^:]+:(\d+)/.exec(printed)?.[1]));
    onTestFinished(() => served.end());
    return served;
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Resident memory, in MB. NaN when the process has ended. */
  residentMb(): number {
    const now = this.#status('VmRSS');
    this.#peak = Math.max(this.#peak, this.#status('VmHWM') || now || 0);
    return now;
  }

  /** The highest resident memory so far, in MB, as the kernel has seen it. */
  get peakMb(): number {
    this.residentMb();
    return this.#peak;
  }

  #status(field: string): number {
    try {
      const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
      return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
    } catch {
      return Number.NaN;
    }
  }

  /** Times in ns that its main thread ran, and that it waited for a core because others had them. */
  scheduled(): { readonly ran: number; readonly waited: number } {
    try {
      const { pid } = this.#child;
      const [ran = 0, waited = 0] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ').map(Number);
      return { ran, waited };
    } catch {
      return { ran: 0, waited: 0 };
    }
  }

  async end(): Promise<void> {
    clearInterval(this.#timer);
    if (!this.isAlive) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}
