/** One process per directory. The kernel locks a file that SQLite opens, and releases it when the process ends in any way. */
import { FileLogError } from './errors.ts';
import { isBusy, type OpenDatabase } from './database.ts';
import { lockPath } from './names.ts';

/** Returns the function that releases it. Throws `in use`. */
export function lock(directory: string, openDatabase: OpenDatabase): () => void {
  const database = openDatabase(lockPath(directory));
  try {
    // Nothing is ever written to it, so it needs no journal file.
    database.exec('PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (!isBusy(error)) throw error;
    throw new FileLogError('in use', `${directory} is in use by another process`, { cause: error });
  }
  return () => database.close();
}
