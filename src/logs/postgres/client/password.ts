/** The password that is shown to PostgreSQL. It is looked for at each connection, so that a new one needs no restart. */
import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ServerUrl } from './server-url.ts';

/** Throws when there is none: this is called when the server asks for one. */
export function findPassword(url: ServerUrl, passwordFile: string | undefined): string {
  const password =
    passwordFile === undefined
      ? (url.password ?? (process.env['PGPASSWORD'] || fromHome(url)))
      : readFileSync(passwordFile, 'utf8').replace(/\r?\n$/, '');
  if (password) return password;
  throw new Error(
    passwordFile === undefined
      ? `a password is required for the user ${url.user}: set it in the URL, in a file, in PGPASSWORD or in ~/.pgpass`
      : `${passwordFile} is empty: it must hold the password of the user ${url.user}`,
  );
}

/** From the first line of `~/.pgpass` that fits: `host:port:database:user:password`, with `*` for any. */
function fromHome({ host, port, database, user }: ServerUrl): string | undefined {
  const file = process.env['PGPASSFILE'] || join(homedir(), '.pgpass');
  const text = readPrivate(file);
  const own = [host.startsWith('/') ? 'localhost' : host, String(port), database, user];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    const fields = (line.match(/(?:\\.|[^\\:])*(?::|$)/g) ?? []).map((field) =>
      field.replace(/:$/, '').replace(/\\(.)/g, '$1'),
    );
    if (own.every((value, at) => fields[at] === '*' || fields[at] === value)) return fields[own.length];
  }
  return undefined;
}

function readPrivate(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found?.isFile()) return '';
  if (process.platform !== 'win32' && (found.mode & 0o077) !== 0)
    throw new Error(`${file} is not used because others may read it: chmod 600 ${file}`);
  return readFileSync(file, 'utf8');
}
