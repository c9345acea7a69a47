/**
 * Whether the files are still those that this process has written. An open file goes on accepting writes after it was deleted or replaced,
 * and nothing of them is there at the next start.
 */
import { closeSync, fstatSync, openSync, type Stats, statSync } from 'node:fs';
import { FileLogError, textOf } from './errors.ts';

/** Without a size there is no such file. */
export interface FileState {
  readonly path: string;
  /** Undefined for a file that isn't held open: some file systems number it differently later. */
  readonly dev: number | undefined;
  readonly ino: number | undefined;
  /** In bytes. */
  readonly size: number | undefined;
}

/** Throws `away` when that can't be found out now. */
export function stateOf(path: string): FileState {
  const { dev, ino, size } = statusOf(path) ?? {};
  return { path, dev, ino, size };
}

/** As `stateOf`, of a file that isn't held open. */
export function stateOfClosed(path: string): FileState {
  return { ...stateOf(path), dev: undefined, ino: undefined };
}

/** Throws `gone` for a file that somebody else has deleted, replaced or changed in size since its state was taken. */
export function assertUntouched(states: readonly FileState[]): void {
  for (const { path, dev, ino, size } of states) {
    const now = stateOf(path);
    if (now.size === undefined && size !== undefined) throw gone(path, 'was deleted');
    if (ino !== undefined && (now.ino !== ino || now.dev !== dev)) throw gone(path, 'was replaced by another file');
    if (now.size !== size) throw gone(path, `was changed from ${size} to ${now.size} bytes`);
  }
}

export const isMeddling = (error: unknown): error is FileLogError =>
  error instanceof FileLogError && (error.trouble === 'gone' || error.trouble === 'away');

export const gone = (path: string, what: string): FileLogError =>
  new FileLogError('gone', `${path} ${what} while the log was open`);

/** The directory of a log, which somebody may delete, move or replace. */
export class WatchedDirectory {
  readonly #path: string;
  readonly #dev: number;
  readonly #ino: number;
  /** Undefined on Windows, where a directory in use can't be deleted. */
  readonly #open: number | undefined;

  constructor(path: string) {
    this.#path = path;
    const { dev, ino } = statSync(path);
    this.#dev = dev;
    this.#ino = ino;
    this.#open = process.platform === 'win32' ? undefined : openSync(path, 'r');
  }

  /** Throws `gone` when it was deleted, and `away` when it was moved, or its path leads to another one. */
  assertUntouched(): void {
    const status = statusOf(this.#path);
    if (status?.ino === this.#ino && status.dev === this.#dev) return;
    if (this.#open !== undefined && fstatSync(this.#open).nlink === 0) throw gone(this.#path, 'was deleted');
    const what = status ? 'was replaced by another one' : 'was moved';
    throw new FileLogError('away', `${this.#path} ${what}: the log goes on when it is back`);
  }

  close(): void {
    if (this.#open !== undefined) closeSync(this.#open);
  }
}

function statusOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw new FileLogError('away', `${path} can't be looked at: ${textOf(error)}`, { cause: error });
  }
}
