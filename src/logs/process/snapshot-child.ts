/**
 * Snapshots are made by a process and not by a thread: its memory goes with it, its garbage is collected by cores of its own choice,
 * and a machine that is short of either takes it from there first. This is what the server has of it; snapshot-making.ts is the
 * other side.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { NODE_FLAGS } from './programs.ts';

/** What the process says before the reason why there is no snapshot. */
export const FAILED = 'no snapshot: ';

/** How much log may lie behind a snapshot: a start replays it, more slowly than it reads a snapshot. */
const LEAST_BYTES = 16 * 1024 * 1024;
const SHARE_OF_SNAPSHOT = 1 / 16;

/** With how much log behind it the next snapshot is due. `asked`: by the options; `bytes`: of the newest one. */
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

  /** Resolves once it has done its work. `input` is what it reads: arguments are for everybody to see. */
  async run(args: readonly string[], input = ''): Promise<void> {
    if (this.#isStopped) throw new Error('given up');
    const child = spawn(process.execPath, [...NODE_FLAGS, fileURLToPath(this.#program), ...args], {
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    this.#child = child;
    // It may have ended without having read it all.
    child.stdin.on('error', () => {}).end(input);
    const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
    const [said, [code, signal]] = await Promise.all([text(child.stderr), exited]);
    this.#child = undefined;
    if (code === 0) return;
    const reason = said.split('\n').find((line) => line.startsWith(FAILED));
    throw new Error(reason?.slice(FAILED.length) ?? `its process ended with ${code ?? signal}`);
  }

  /** One that is under way is given up, and there is no other one. */
  stop(): void {
    this.#isStopped = true;
    this.#child?.kill('SIGKILL');
  }
}
