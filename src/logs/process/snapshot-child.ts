/**
 * The process that builds a snapshot, as the server sees it; snapshot-builder.ts runs in it. A thread would share memory and
 * garbage collection with the server. A process returns its memory when it ends, and is the first to be slowed down or killed
 * when the machine is short of CPU or memory.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { NODE_FLAGS } from './programs.ts';

/** Before the reason of a failure, on stderr. */
export const FAILED = 'no snapshot: ';

/** A start replays the log after the last snapshot, more slowly than it reads the snapshot. */
const LEAST_BYTES = 16 * 1024 * 1024;
const SHARE_OF_SNAPSHOT = 1 / 16;

/** How many bytes of log make the next snapshot due. `asked`: by the options; `bytes`: of the newest snapshot. */
export function dueBytes(asked: number | undefined, bytes = 0): number {
  return asked ?? Math.max(LEAST_BYTES, bytes * SHARE_OF_SNAPSHOT);
}

export class SnapshotChild {
  readonly #program: URL;
  #child: ChildProcess | undefined;
  #isStopped = false;

  constructor(program: URL) {
    this.#program = program;
  }

  /** Resolves when it has succeeded. `input` is its stdin. */
  async run(args: readonly string[], input = ''): Promise<void> {
    if (this.#isStopped) throw new Error('the log is being closed');
    const child = spawn(process.execPath, [...NODE_FLAGS, fileURLToPath(this.#program), ...args], {
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
    // Without a free file descriptor there is no process, and it has no streams.
    if (child.pid === undefined) await exited;
    this.#child = child;
    // It may end before it has read everything.
    child.stdin.on('error', () => {}).end(input);
    const [said, [code, signal]] = await Promise.all([text(child.stderr), exited]);
    this.#child = undefined;
    if (code === 0) return;
    const reason = said.split('\n').find((line) => line.startsWith(FAILED));
    throw new Error(reason?.slice(FAILED.length) ?? `its process ended with ${code ?? signal}`);
  }

  /** Kills it. There will be no other. */
  stop(): void {
    this.#isStopped = true;
    this.#child?.kill('SIGKILL');
  }
}
