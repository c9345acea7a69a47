/** Finds the logs in the directory of `data` that the server does not use, because its collections are others now. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { listSegments, listSnapshots } from '../../logs/file/disk/names.ts';

/** One line for each. `plurals`: of the collections that the server has; undefined without an SDL file. */
export function otherLogs(directory: string, plurals: readonly string[] | undefined): string[] {
  const found: string[] = [];
  if (plurals && hasLog(directory))
    found.push(`${directory} holds items of a server without a schema: they are left alone`);
  for (const name of foldersIn(directory))
    if (plurals?.includes(name) !== true && hasLog(join(directory, name)))
      found.push(
        `${join(directory, name)} holds items of ${JSON.stringify(name)}, ${notServed(plurals)}: they are left alone`,
      );
  return found;
}

const notServed = (plurals: readonly string[] | undefined): string =>
  plurals ? 'which is no collection of the schema' : 'and no schema is given';

function hasLog(directory: string): boolean {
  try {
    return listSegments(directory).length > 0 || listSnapshots(directory).length > 0;
  } catch {
    // The log itself reports a directory that it can't read.
    return false;
  }
}

function foldersIn(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch {
    return [];
  }
}
