/** The little of SQLite that the log uses, and what its errors mean. */
import { DatabaseSync } from 'node:sqlite';
import { FileLogError } from './errors.ts';

export type OpenDatabase = (path: string, options?: { readonly readOnly?: boolean }) => DatabaseSync;

export const openDatabase: OpenDatabase = (path, options = {}) => new DatabaseSync(path, options);

/** SQLite's result codes, without their extensions. */
const CODES = { busy: 5, full: 13, cannotOpen: 14 } as const;

function isCode(error: unknown, name: keyof typeof CODES): boolean {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) : 0;
  return (code & 0xff) === CODES[name];
}

/** Whether the file can neither be opened nor created. */
export const isUnopenable = (error: unknown): boolean => isCode(error, 'cannotOpen');

export const isBusy = (error: unknown): boolean => isCode(error, 'busy');

/** Whether there is no room on the disk, whoever says so. */
export function isFull(error: unknown): boolean {
  if (isCode(error, 'full') || (error instanceof FileLogError && error.trouble === 'full')) return true;
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}

/** All or nothing, flushed when it returns. Throws `full` when nothing was written for want of room. */
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
    // SQLite has done so itself; and if it has not, nothing more can be written.
  }
}
