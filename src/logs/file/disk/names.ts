/**
 * The files of the directory. A number is a sequence in 16 digits, so that names sort as the log does:
 *
 *     log-….db        a segment, from that sequence on    segment.ts
 *     snapshot-…      the state at that sequence          snapshot.ts
 *     mark            the last sequence that was answered mark.ts
 *     lock            held by the process that uses it    lock.ts
 *     ….new           unfinished, removed at a start      ….damaged   moved aside by a repair
 */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { FileLogError } from './errors.ts';

export interface NumberedFile {
  readonly path: string;
  readonly sequence: number;
}

const SEGMENT = /^log-(\d{16})\.db$/;
const SNAPSHOT = /^snapshot-(\d{16})$/;

const numbered = (sequence: number): string => String(sequence).padStart(16, '0');

export const segmentPath = (directory: string, first: number): string => join(directory, `log-${numbered(first)}.db`);

export const snapshotPath = (directory: string, sequence: number): string =>
  join(directory, `snapshot-${numbered(sequence)}`);

export const markPath = (directory: string): string => join(directory, 'mark');

export const lockPath = (directory: string): string => join(directory, 'lock');

/** Oldest first. */
export const listSegments = (directory: string): NumberedFile[] => list(directory, SEGMENT);

/** Oldest first. */
export const listSnapshots = (directory: string): NumberedFile[] => list(directory, SNAPSHOT);

function list(directory: string, pattern: RegExp): NumberedFile[] {
  return readdirSync(directory)
    .toSorted()
    .flatMap((name) => {
      const digits = pattern.exec(name)?.[1];
      return digits === undefined ? [] : [{ path: join(directory, name), sequence: Number(digits) }];
    });
}

/** The segments after the newest snapshot. */
export function segmentsAfterSnapshot(directory: string): NumberedFile[] {
  const covered = listSnapshots(directory).at(-1)?.sequence ?? 0;
  return listSegments(directory).filter(({ sequence }) => sequence > covered);
}

/** In bytes. */
export const sizeOf = (files: readonly NumberedFile[]): number =>
  files.reduce((sum, { path }) => sum + statSync(path).size, 0);

/** Files that SQLite keeps next to an open one. */
const COMPANIONS = ['-wal', '-shm', '-journal'] as const;

export function removeUnfinished(directory: string): void {
  for (const name of readdirSync(directory))
    if (['', ...COMPANIONS].some((suffix) => name.endsWith(`.new${suffix}`))) rmSync(join(directory, name));
}

export function removeSegment(path: string): void {
  for (const suffix of ['', ...COMPANIONS]) rmSync(`${path}${suffix}`, { force: true });
}

export function moveAside(path: string): void {
  for (const suffix of ['', ...COMPANIONS])
    if (existsSync(`${path}${suffix}`)) renameSync(`${path}${suffix}`, `${path}.damaged${suffix}`);
  syncDirectory(dirname(path));
}

/** Creates missing parents as well, durably. */
export function makeDirectory(directory: string): void {
  try {
    createWithParents(resolve(directory));
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    // `no directory`: the path is not a directory that this process can create and write to.
    throw new FileLogError('no directory', `${directory} ${whyUnusable(error)}`, { cause: error });
  }
}

/** Step by step: with `recursive`, `mkdirSync` never returns for a path below /proc. */
function createWithParents(directory: string): void {
  const status = statSync(directory, { throwIfNoEntry: false });
  if (status?.isDirectory()) return;
  if (status) throw new NotADirectoryError();
  createWithParents(dirname(directory));
  try {
    mkdirSync(directory);
  } catch (error) {
    // Another process may have created it in the meantime.
    if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
  syncDirectory(dirname(directory));
}

class NotADirectoryError extends Error {
  readonly code = 'ENOTDIR';
}

function whyUnusable(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOTDIR') return 'is not a directory';
  return code === 'EACCES' || code === 'EROFS' ? `can't be written (${code})` : `can't be created (${code})`;
}

export function renameDurably(from: string, to: string): void {
  renameSync(from, to);
  syncDirectory(dirname(to));
}

export function syncDirectory(directory: string): void {
  // Windows flushes no directories.
  if (process.platform !== 'win32') sync(directory, 'r');
}

export function sync(path: string, flags: 'r' | 'r+'): void {
  const file = openSync(path, flags);
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
