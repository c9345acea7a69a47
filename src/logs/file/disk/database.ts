/** How the log uses SQLite, and what its errors mean. */
import { DatabaseSync } from 'node:sqlite';
import { FileLogError } from './errors.ts';

export type OpenDatabase = (path: string, options?: { readonly readOnly?: boolean }) => DatabaseSync;

export const openDatabase: OpenDatabase = (path, options = {}) => new DatabaseSync(path, options);

const [BUSY, FULL, CANNOT_OPEN] = [5, 13, 14];

/** By SQLite's result code, without its extension. */
const hasCode = (error: unknown, code: number): boolean =>
  error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === code;

/** Whether the file can neither be opened nor created. */
export const isUnopenable = (error: unknown): boolean => hasCode(error, CANNOT_OPEN);

export const isBusy = (error: unknown): boolean => hasCode(error, BUSY);

/** Whether there is no room on the disk, by SQLite or the file system. */
export function isFull(error: unknown): boolean {
  if (hasCode(error, FULL) || (error instanceof FileLogError && error.trouble === 'full')) return true;
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}

/** All or nothing, flushed when it returns. Throws `full` when there was no room, and nothing was written. */
export function transaction(database: DatabaseSync, work: () => void): void {
  try {
    database.exec('BEGIN IMMEDIATE');
    work();
    database.exec('COMMIT');
  } catch (error) {
    rollBack(database);
    if (isFull(error)) throw new FileLogError('full', 'the disk is full', { cause: error });
    throw error;
  }
}

function rollBack(database: DatabaseSync): void {
  try {
    database.exec('ROLLBACK');
  } catch {
    // SQLite has done it already. If it has not, no further write succeeds.
  }
}
