/** How the log uses SQLite, and what its errors mean. */
import { DatabaseSync } from 'node:sqlite';
import { FileLogError } from './errors.ts';

export type OpenDatabase = (path: string, options?: { readonly readOnly?: boolean }) => DatabaseSync;

export const openDatabase: OpenDatabase = (path, options = {}) => new DatabaseSync(path, options);

/** SQLite's result codes, without their extensions. */
const CODES = { busy: 5, full: 13 } as const;

function isCode(error: unknown, name: keyof typeof CODES): boolean {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) : 0;
  return (code & 0xff) === CODES[name];
}

export const isBusy = (error: unknown): boolean => isCode(error, 'busy');

/** Whether there is no room on the disk, by SQLite or the file system. */
export function isFull(error: unknown): boolean {
  if (isCode(error, 'full') || (error instanceof FileLogError && error.trouble === 'full')) return true;
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
