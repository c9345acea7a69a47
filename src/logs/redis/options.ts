/** What a log on Redis is told, and what the client makes of it. */
import { readFileSync } from 'node:fs';
import type { RedisOptions } from 'ioredis';
import type { Logger } from '../../core/model/logger.ts';

export interface RedisLogOptions {
  /**
   * `redis://host:6379/0` or `rediss://host:6379/0` (TLS), with `user:password@` if it wants one; the number is that of the database. With
   * `sentinel`, the Sentinels' own.
   */
  readonly url: string | readonly string[];
  /** The name that Sentinels know the master by. Default: none, `url` is the server itself. */
  readonly sentinel?: string | undefined;
  /** Of letters, digits, `-` and `_`: keys begin with `{stream}:`. Default `seamline`. */
  readonly stream?: string | undefined;
  /** How many replicas must have what is answered. Default 0: Redis itself. */
  readonly wait?: number | undefined;
  /** A file with the certificates that the server's is checked with. Default: the system's. */
  readonly tlsCa?: string | undefined;
  /** A file with the certificate that this client shows. Needs `tlsKey`. */
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  /** Within what time an append is answered, in ms. Default 5,000. */
  readonly engineTimeoutMs?: number | undefined;
  /** How much may be appended before the next snapshot is made. Default 16 MiB, or a sixteenth of the last one if that is more. */
  readonly snapshotBytes?: number | undefined;
  /** Default: silent. */
  readonly logger?: Logger | undefined;
}

/** As its constructor wants them. */
export type ClientOptions = RedisOptions & { readonly replyMapping?: 'legacy' };

export const REDIS_DEFAULTS = { stream: 'seamline', engineTimeoutMs: 5000, wait: 0 } as const;

const RECONNECT_MS = 250;
const KEEP_ALIVE_MS = 5000;

/** Throws a `RangeError` that names what makes no sense, without what is secret. */
export function connectionOptions(options: RedisLogOptions): ClientOptions {
  const { sentinel, tlsCa, tlsCert, tlsKey } = options;
  const urls = urlsOf(options.url);
  assertSound(options);
  const [first] = urls;
  if (!first) throw new RangeError('url must name a server');
  if (sentinel === undefined && urls.length > 1)
    throw new RangeError('several URLs are those of Sentinels: name sentinel');
  if (urls.some((url) => JSON.stringify({ ...url, at: null }) !== JSON.stringify({ ...first, at: null })))
    throw new RangeError('the URLs must agree in all but host and port');
  if ((tlsCert === undefined) !== (tlsKey === undefined)) throw new RangeError('tlsCert and tlsKey need each other');
  const files = { ca: tlsCa, cert: tlsCert, key: tlsKey };
  const read = Object.entries(files).flatMap(([name, file]) =>
    file === undefined ? [] : [[name, readable(name, file)]],
  );
  const tls: RedisOptions['tls'] = first.isTls || read.length > 0 ? Object.fromEntries(read) : undefined;
  return {
    ...(sentinel === undefined ? first.at : { name: sentinel, sentinels: urls.map(({ at }) => at) }),
    ...(sentinel !== undefined && tls && { sentinelTLS: tls, enableTLSForSentinelMode: true }),
    ...(tls && { tls }),
    ...first.user,
    db: first.db,
    connectionName: 'seamline',
    // The shapes of replies are those of the older protocol.
    protocol: 2,
    lazyConnect: true,
    // What is under way when the connection goes is nobody's to repeat but ours, who know whether it may be.
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    retryStrategy: () => RECONNECT_MS,
    sentinelRetryStrategy: () => RECONNECT_MS,
    connectTimeout: options.engineTimeoutMs ?? REDIS_DEFAULTS.engineTimeoutMs,
    keepAlive: KEEP_ALIVE_MS,
    // A master that has become a replica: by its name another one may be found by now.
    reconnectOnError: ({ message }) => message.startsWith('READONLY'),
  };
}

/** As messages name it. */
export function addressOf({ url }: RedisLogOptions): string {
  return urlsOf(url)
    .map(({ at }) => `${at.host}:${at.port}`)
    .join(', ');
}

function assertSound({ stream, sentinel, wait = 0, engineTimeoutMs, snapshotBytes }: RedisLogOptions): void {
  if (stream !== undefined && !/^[\w-]{1,200}$/.test(stream))
    throw new RangeError(`stream must be of letters, digits, - and _, not ${JSON.stringify(stream)}`);
  if (sentinel === '') throw new RangeError('sentinel must be the name of a master');
  if (!Number.isSafeInteger(wait) || wait < 0) throw new RangeError('wait must be a whole number, 0 or more');
  for (const [name, count = 1] of Object.entries({ engineTimeoutMs, snapshotBytes }))
    if (!Number.isSafeInteger(count) || count < 1) throw new RangeError(`${name} must be a whole number, 1 or more`);
}

interface ServerUrl {
  readonly at: { readonly host: string; readonly port: number };
  readonly isTls: boolean;
  readonly db: number;
  readonly user: { readonly username?: string; readonly password?: string };
}

function urlsOf(given: string | readonly string[]): readonly ServerUrl[] {
  // Not the text itself: there may be a password in it.
  return (typeof given === 'string' ? [given] : given).map((text, n) => {
    const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `redis://${text}`);
    const isSound =
      url && /^rediss?:$/.test(url.protocol) && url.hostname !== '' && /^(\/\d{0,5})?$/.test(url.pathname);
    if (!isSound || url.search !== '' || url.hash !== '')
      throw new RangeError(`URL ${n + 1} must be one such as redis://host:6379 or rediss://user:password@host:6379/0`);
    const [username, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
    return {
      // An IPv6 address is in brackets in a URL only.
      at: { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || '6379') },
      isTls: url.protocol === 'rediss:',
      db: Number(url.pathname.slice(1)),
      user: { ...(username !== '' && { username }), ...(password !== '' && { password }) },
    };
  });
}

function readable(name: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'it is no file';
    throw new RangeError(`tls ${name}: ${file} can't be read: ${code}`, { cause: error });
  }
}
