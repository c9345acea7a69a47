/** The files of an open log that somebody else could delete, move or change: its directory, its lock, its sealed segments, its mark and its snapshots. */
import { existsSync } from 'node:fs';
import type { OpenDatabase } from './disk/database.ts';
import { FileLogError } from './disk/errors.ts';
import { lock } from './disk/lock.ts';
import { listSegments, listSnapshots, lockPath, makeDirectory, markPath, moveAside } from './disk/names.ts';
import { isEnded } from './disk/snapshot.ts';
import {
  assertUntouched,
  type FileState,
  gone,
  isMeddling,
  stateOf,
  stateOfClosed,
  WatchedDirectory,
} from './disk/untouched.ts';

export class HeldFiles {
  readonly #directory: string;
  readonly #openDatabase: OpenDatabase;
  #watched: WatchedDirectory;
  #unlock: () => void;
  /** The sealed segments and the mark, as they were left. */
  readonly #files = new Map<string, FileState>();
  /** The snapshots that were found whole. */
  readonly #whole = new Map<string, FileState>();

  /** Takes the lock. Throws `in use`. */
  constructor(directory: string, openDatabase: OpenDatabase) {
    this.#directory = directory;
    this.#openDatabase = openDatabase;
    this.#unlock = lock(directory, openDatabase);
    this.#watched = new WatchedDirectory(directory);
    this.add([lockPath(directory)]);
  }

  add(paths: readonly string[]): void {
    for (const path of paths) this.#files.set(path, this.#isOpen(path) ? stateOf(path) : stateOfClosed(path));
  }

  forget(paths: readonly string[]): void {
    for (const path of paths) this.#files.delete(path);
  }

  /** Throws `gone` or `away`. */
  assertReachable(): void {
    this.#watched.assertUntouched();
  }

  /** `first`: of the log. Throws `gone`, `away`, and `in use` when the lock was deleted and another process has one now. */
  look(first: number): void {
    this.assertReachable();
    if (!this.#isUntouched(lockPath(this.#directory))) this.#lockAgain();
    assertUntouched([...this.#files.values()].filter(({ path }) => path !== markPath(this.#directory)));
    if (first > 1 && !this.#hasSnapshot(first)) throw gone(this.#directory, 'lost its snapshots');
  }

  isMarkThere(): boolean {
    return this.#isUntouched(markPath(this.#directory));
  }

  /**
   * Creates the directory again if it was deleted, and moves changed files aside. `areGone`: nothing of the old directory is left. Throws `away`
   * when another log is in its place.
   */
  settle(): { readonly notes: readonly string[]; readonly areGone: boolean } {
    const areGone = !isFine(() => this.assertReachable());
    if (areGone) this.#createAgain();
    const changed = [...this.#files.keys()].filter((path) => !this.#isUntouched(path));
    for (const path of changed) if (existsSync(path)) moveAside(path);
    this.forget(changed);
    return { notes: changed.map((path) => `${path} was deleted or changed`), areGone };
  }

  release(): void {
    this.#unlock();
    this.#watched.close();
  }

  #createAgain(): void {
    makeDirectory(this.#directory);
    if ([...listSegments(this.#directory), ...listSnapshots(this.#directory)].length > 0) {
      const what = `${this.#directory} was replaced by another one with a log: restart to use that, or empty it to keep the current state`;
      throw new FileLogError('away', what);
    }
    const watched = new WatchedDirectory(this.#directory);
    try {
      this.#lockAgain();
    } catch (error) {
      watched.close();
      throw error;
    }
    this.#watched.close();
    this.#watched = watched;
    this.#whole.clear();
  }

  #lockAgain(): void {
    const unlock = lock(this.#directory, this.#openDatabase);
    this.#unlock();
    this.#unlock = unlock;
    this.add([lockPath(this.#directory)]);
  }

  /** Whether there is a whole snapshot from `first` on. */
  #hasSnapshot(first: number): boolean {
    return listSnapshots(this.#directory).some(({ path, sequence }) => {
      if (sequence < first) return false;
      const state = stateOfClosed(path);
      if (this.#whole.get(path)?.size === state.size) return true;
      if (!isEnded(path)) return false;
      this.#whole.set(path, state);
      return true;
    });
  }

  #isOpen(path: string): boolean {
    return path === lockPath(this.#directory) || path === markPath(this.#directory);
  }

  #isUntouched(path: string): boolean {
    const state = this.#files.get(path);
    return state !== undefined && isFine(() => assertUntouched([state]));
  }
}

function isFine(check: () => void): boolean {
  try {
    check();
    return true;
  } catch (error) {
    if (isMeddling(error)) return false;
    throw error;
  }
}
