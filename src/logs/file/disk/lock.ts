/** One process per directory. The kernel locks a file that SQLite opens, and releases it when the process ends in any way. */
import { FileLogError } from './errors.ts';
import { isBusy, isUnopenable, type OpenDatabase } from './database.ts';
import { lockPath } from './names.ts';

/** Returns the function that releases it. Throws `in use`. */
export function lock(directory: string, openDatabase: OpenDatabase): () => void {
  const database = openedIn(directory, openDatabase);
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

/** Throws `no directory`. */
function openedIn(directory: string, openDatabase: OpenDatabase): ReturnType<OpenDatabase> {
  try {
    return openDatabase(lockPath(directory));
  } catch (error) {
    if (!isUnopenable(error)) throw error;
    // The superuser passes each check of the rights, and still cannot create a file in /proc, for example.
    throw new FileLogError('no directory', `${directory} can't be written`, { cause: error });
  }
}
