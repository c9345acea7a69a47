/** Options of a log on PostgreSQL, and those of the client made of them. */
import { readFileSync } from 'node:fs';
import type { ClientConfig } from 'pg';
import type { RemoteLogOptions } from '../remote/options.ts';
import { assertRemoteOptions, parseServerUrls, readOptionFile, readTlsFiles } from '../remote/options.ts';

export interface PostgresLogOptions extends RemoteLogOptions {
  /**
   * `postgres://user:password@host:5432/database`, with `?sslmode=require` for TLS. Of several URLs, the first server that is no standby
   * is used.
   */
  readonly url: string | readonly string[];
  /** The name of the log: letters, digits, `-` and `_`. SQL names it as well: `seamline.insert('seamline', …)`. @default 'seamline' */
  readonly stream?: string | undefined;
  /** A file with the password. It is read for each connection. @default the one in the URL, `PGPASSWORD`, or that of `~/.pgpass` */
  readonly passwordFile?: string | undefined;
  /** Maximum bytes of the JSON of a value that `seamline.insert` takes. @default 64 KiB */
  readonly maxValueBytes?: number | undefined;
  /** Time to live, in seconds, of items that `seamline.insert` inserts without a `ttl`. @default none */
  readonly ttl?: number | undefined;
}

export const POSTGRES_DEFAULTS = { maxValueBytes: 64 * 1024 } as const;

/** How one server is reached. */
export interface ServerAddress {
  /** In messages: host and port. */
  readonly name: string;
  readonly config: ClientConfig;
}

const DEFAULT_PORT = '5432';
const SSL_MODES = ['disable', 'no-verify', 'require', 'verify-ca', 'verify-full'] as const;

/** Throws a `RangeError` that names the option, without its secrets. */
export function serverAddresses(options: PostgresLogOptions): readonly ServerAddress[] {
  const { passwordFile, maxValueBytes, ttl } = options;
  assertRemoteOptions(options, { maxValueBytes, ttl });
  const files = Object.fromEntries(readTlsFiles(options).map(({ kind, content }) => [kind, content]));
  if (passwordFile !== undefined) readOptionFile('passwordFile', passwordFile);
  const texts = typeof options.url === 'string' ? [options.url] : options.url;
  if (texts.length === 0) throw new RangeError('url must name a server');
  return texts.map((text, at) => {
    const [plain = '', mode] = text.split(/\?sslmode=([a-z-]*)$/);
    const expected = (): string =>
      `URL ${at + 1} must be one such as postgres://user:password@host:5432/database or the same with ?sslmode=${SSL_MODES.join('|')}`;
    const [url] = parseServerUrls(plain, ['postgres:', 'postgresql:'], /^(\/[^/]*)?$/, expected);
    if (!url || (mode !== undefined && !(SSL_MODES as readonly string[]).includes(mode)))
      throw new RangeError(expected());
    // An IPv6 address has brackets in a URL only.
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const port = url.port || DEFAULT_PORT;
    const isTls = mode === undefined ? Object.keys(files).length > 0 : mode !== 'disable';
    return {
      name: `${host}:${port}`,
      config: {
        host,
        port: Number(port),
        ...(url.username !== '' && { user: url.username }),
        ...(url.pathname.length > 1 && { database: decodeURIComponent(url.pathname.slice(1)) }),
        ...(url.password !== '' && { password: url.password }),
        ...(passwordFile !== undefined && { password: () => readFileSync(passwordFile, 'utf8').trimEnd() }),
        ssl: isTls && { ...files, rejectUnauthorized: mode !== 'no-verify' },
      },
    };
  });
}
