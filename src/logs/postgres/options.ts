/** Options of a log on PostgreSQL, and those of the client made of them. */
import type { ClientConfig } from 'pg';
import type { RemoteLogOptions } from '../remote/options.ts';
import { assertRemoteOptions, readOptionFile, readTlsFiles } from '../remote/options.ts';
import { findPassword } from './client/password.ts';
import { parseServerUrl, type ServerUrl } from './client/server-url.ts';
import type { ServerAddress } from './client/server-client.ts';

export interface PostgresLogOptions extends RemoteLogOptions {
  /**
   * `postgres://user:password@host:5432/database`, or `postgres:///database?host=/var/run/postgresql` for a Unix socket. Of several URLs,
   * the first server that is no standby is used.
   *
   * `?sslmode=require` and `verify-full` want TLS and a certificate of that host, `verify-ca` one of any host, and `no-verify` any
   * certificate. Without `sslmode`, TLS is used when there are files for it. `sslrootcert`, `sslcert`, `sslkey`, `channel_binding`,
   * `application_name`, `options` and `target_session_attrs` mean what they do for libpq; other parameters are refused.
   *
   * What the URL leaves out comes from `PGUSER` and `PGDATABASE`.
   */
  readonly url: string | readonly string[];
  /** The name of the log: letters, digits, `-` and `_`. SQL names it as well: `seamline.insert('seamline', …)`. @default 'seamline' */
  readonly stream?: string | undefined;
  /** A file with the password. It is read for each connection. @default the one in the URL, in `PGPASSWORD`, or in `~/.pgpass` */
  readonly passwordFile?: string | undefined;
  /** Maximum bytes of the JSON of a value that `seamline.insert` takes. @default 64 KiB */
  readonly maxValueBytes?: number | undefined;
  /** Time to live, in seconds, of items that `seamline.insert` inserts without a `ttl`. @default none */
  readonly ttl?: number | undefined;
  /**
   * The type of the values that `seamline.insert` takes, as `createServer` makes it of an SDL file. It holds for a log that the node creates.
   * That of a log that exists changes once its items are known to fit. @default any JSON fits
   */
  readonly shape?: object | undefined;
}

export const POSTGRES_DEFAULTS = { maxValueBytes: 64 * 1024 } as const;

/** Throws a `RangeError` that names the option, without its secrets. */
export function serverAddresses(options: PostgresLogOptions): readonly ServerAddress[] {
  const { passwordFile, maxValueBytes, ttl } = options;
  assertRemoteOptions(options, { maxValueBytes, ttl });
  const files = Object.fromEntries(readTlsFiles(options).map(({ kind, content }) => [kind, content]));
  if (passwordFile !== undefined) readOptionFile('passwordFile', passwordFile);
  const texts = typeof options.url === 'string' ? [options.url] : options.url;
  if (texts.length === 0) throw new RangeError('url must name a server');
  return texts.map((text, at) => {
    const url = parseServerUrl(text, at + 1);
    if (passwordFile !== undefined && url.password !== undefined)
      throw new RangeError(`passwordFile must not be set, because URL ${at + 1} has a password`);
    const { host, port, user, database } = url;
    const { application_name = 'seamline', options: startup, channel_binding } = url.parameters;
    const ssl = tlsOf(url, files, at + 1);
    return {
      name: host.startsWith('/') ? `${host}/.s.PGSQL.${port}` : `${host}:${port}`,
      config: {
        host,
        port,
        user,
        database,
        password: () => findPassword(url, passwordFile),
        application_name,
        enableChannelBinding: channel_binding === 'require',
        ...(startup !== undefined && { options: startup }),
        ssl,
      },
    };
  });
}

/** `files`: those of the options, which go before those of the URL. */
function tlsOf(
  { host, parameters }: ServerUrl,
  files: Readonly<Record<string, Buffer>>,
  number: number,
): ClientConfig['ssl'] {
  const { sslmode, sslrootcert, sslcert, sslkey, channel_binding } = parameters;
  if ((sslcert === undefined) !== (sslkey === undefined))
    throw new RangeError(`URL ${number} must have both sslcert and sslkey`);
  const own = Object.entries({ ca: sslrootcert === 'system' ? undefined : sslrootcert, cert: sslcert, key: sslkey });
  const all: Readonly<Record<string, Buffer>> = {
    ...Object.fromEntries(
      own.flatMap(([kind, path]) =>
        path === undefined ? [] : [[kind, readOptionFile(`ssl file of URL ${number}`, path)]],
      ),
    ),
    ...files,
  };
  const isTls = sslmode === undefined ? Object.keys(all).length > 0 : sslmode !== 'disable';
  if (!isTls && Object.keys(all).length > 0)
    throw new RangeError(`URL ${number} must not have sslmode=disable when there are files for TLS`);
  if (channel_binding === 'require' && (!isTls || sslmode === 'no-verify'))
    throw new RangeError(`URL ${number} must have sslmode=require, because it has channel_binding=require`);
  // As for libpq, a Unix socket has none.
  if (!isTls || host.startsWith('/')) return false;
  return {
    ...all,
    rejectUnauthorized: sslmode !== 'no-verify',
    ...(sslmode === 'verify-ca' && { checkServerIdentity: () => undefined }),
  };
}
