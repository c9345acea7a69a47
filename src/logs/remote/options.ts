/** The options that all remote logs have. */
import { readFileSync } from 'node:fs';
import type { Logger } from '../../core/model/logger.ts';

export interface RemoteLogOptions {
  /** A file with the certificates of the authorities that may sign the server's. @default the system's */
  readonly tlsCa?: string | undefined;
  /** A file with the certificate that this client shows. Needs `tlsKey`. */
  readonly tlsCert?: string | undefined;
  /** A file with the key of `tlsCert`. */
  readonly tlsKey?: string | undefined;
  /**
   * The time within which an append is answered, in ms: with its sequence, `ENGINE_UNAVAILABLE` or `INDETERMINATE`.
   * @default 5000
   */
  readonly engineTimeoutMs?: number | undefined;
  /**
   * The number of bytes that may be appended before the next snapshot is made.
   * @default 16 MiB, or a sixteenth of the last snapshot if that is more
   */
  readonly snapshotBytes?: number | undefined;
  /** @default silent */
  readonly logger?: Logger | undefined;
}

export const REMOTE_DEFAULTS = { stream: 'seamline', engineTimeoutMs: 5000 } as const;

/** Throws a `RangeError`. `counts`: more options that are whole numbers from 1 on. */
export function assertRemoteOptions(
  { stream, ...options }: RemoteLogOptions & { readonly stream?: string | undefined },
  counts: Readonly<Record<string, number | undefined>> = {},
): void {
  const { tlsCert, tlsKey, engineTimeoutMs, snapshotBytes } = options;
  if (stream !== undefined && !/^[\w-]{1,200}$/.test(stream))
    throw new RangeError(`stream must be of letters, digits, - and _, not ${JSON.stringify(stream)}`);
  if ((tlsCert === undefined) !== (tlsKey === undefined)) throw new RangeError('tlsCert and tlsKey need each other');
  for (const [name, count = 1] of Object.entries({ engineTimeoutMs, snapshotBytes, ...counts }))
    if (!Number.isSafeInteger(count) || count < 1)
      throw new RangeError(`${name} must be a whole number, 1 or more, not ${count}`);
}

export type ServerUrl = Pick<URL, 'protocol' | 'hostname' | 'port' | 'pathname' | 'username' | 'password'>;

/**
 * `protocols`: the first one may be left out. Throws a `RangeError` that says `expected` for the first text that is no such
 * URL, and never the text itself: it may hold a password.
 */
export function parseServerUrls(
  texts: string | readonly string[],
  protocols: readonly string[],
  pathname: RegExp,
  expected: (number: number) => string,
): readonly ServerUrl[] {
  return (typeof texts === 'string' ? [texts] : texts).map((text, at) => {
    const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `${protocols[0]}//${text}`);
    if (!url?.hostname || !protocols.includes(url.protocol) || !pathname.test(url.pathname) || url.search || url.hash)
      throw new RangeError(expected(at + 1));
    const { protocol, hostname, port } = url;
    const [username, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
    return { protocol, hostname, port, pathname: url.pathname, username, password };
  });
}

/** The TLS files that the options name. */
export function readTlsFiles({ tlsCa, tlsCert, tlsKey }: RemoteLogOptions) {
  return Object.entries({ tlsCa, tlsCert, tlsKey }).flatMap(([name, path]) =>
    path === undefined ? [] : [{ kind: name.slice(3).toLowerCase(), path, content: readOptionFile(name, path) }],
  );
}

/** Throws a `RangeError` that names the option. */
export function readOptionFile(name: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'not a file';
    throw new RangeError(`${name}: ${file} can't be read: ${code}`, { cause });
  }
}
