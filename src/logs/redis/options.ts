/** Options of a log on Redis, and those of the client made of them. */
import type { RedisOptions } from 'ioredis';
import type { RemoteLogOptions, ServerUrl } from '../remote/options.ts';
import { assertRemoteOptions, parseServerUrls, readTlsFiles, REMOTE_DEFAULTS } from '../remote/options.ts';

export interface RedisLogOptions extends RemoteLogOptions {
  /**
   * `redis://host:6379/0`, or `rediss://host:6379/0` for TLS, with `user:password@` if Redis wants it; the number is that of the
   * database. With `sentinel`, the URLs of the Sentinels.
   */
  readonly url: string | readonly string[];
  /** The name by which the Sentinels know the master. @default none: `url` is that of the server itself */
  readonly sentinel?: string | undefined;
  /** The name of the log: letters, digits, `-` and `_`. All keys begin with `{stream}:`. @default 'seamline' */
  readonly stream?: string | undefined;
  /** The number of replicas that must have an entry before its append is answered. @default 0 */
  readonly wait?: number | undefined;
}

/** As the constructor of the client takes them. */
export type ClientOptions = RedisOptions & { readonly replyMapping?: 'legacy' };

const RECONNECT_MS = 250;
const KEEP_ALIVE_MS = 5000;

/** Throws a `RangeError` that names the option, without its secrets. */
export function connectionOptions(options: RedisLogOptions): ClientOptions {
  const { sentinel, wait = 0 } = options;
  const urls = parseServerUrls(options.url, ['redis:', 'rediss:'], /^(\/\d{0,5})?$/, (number) => {
    return `URL ${number} must be one such as redis://host:6379 or rediss://user:password@host:6379/0`;
  });
  assertRemoteOptions(options);
  if (sentinel === '') throw new RangeError('sentinel must be the name of a master');
  if (!Number.isSafeInteger(wait) || wait < 0)
    throw new RangeError(`wait must be a whole number, 0 or more, not ${wait}`);
  const [first] = urls;
  if (!first) throw new RangeError('url must name a server');
  if (sentinel === undefined && urls.length > 1)
    throw new RangeError('several URLs are those of Sentinels: set sentinel to the name of the master');
  const identityOf = ({ protocol, username, password, pathname }: ServerUrl): string =>
    JSON.stringify([protocol, username, password, databaseOf(pathname)]);
  if (urls.some((url) => identityOf(url) !== identityOf(first)))
    throw new RangeError('the URLs must agree in everything but host and port');
  const { username, password } = first;
  // An IPv6 address has brackets in a URL only.
  const [at = { host: '', port: 0 }, ...others] = urls.map(({ hostname, port }) => ({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || '6379'),
  }));
  const files = readTlsFiles(options).map(({ kind, content }) => [kind, content] as const);
  const isTls = first.protocol === 'rediss:' || files.length > 0;
  const tls: RedisOptions['tls'] = isTls ? Object.fromEntries(files) : undefined;
  return {
    ...(sentinel === undefined ? at : { name: sentinel, sentinels: [at, ...others] }),
    ...(sentinel !== undefined && tls && { sentinelTLS: tls, enableTLSForSentinelMode: true }),
    ...(tls && { tls }),
    ...(username !== '' && { username }),
    ...(password !== '' && { password }),
    db: databaseOf(first.pathname),
    connectionName: 'seamline',
    // The scripts expect replies in the shapes of the older protocol.
    protocol: 2,
    lazyConnect: true,
    // Only the driver knows which requests may be repeated after the connection was lost.
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    retryStrategy: () => RECONNECT_MS,
    sentinelRetryStrategy: () => RECONNECT_MS,
    connectTimeout: options.engineTimeoutMs ?? REMOTE_DEFAULTS.engineTimeoutMs,
    keepAlive: KEEP_ALIVE_MS,
    // The master has become a replica: its name may lead to another one by now.
    reconnectOnError: ({ message }) => /^(READONLY|MASTERDOWN)/.test(message),
  };
}

/** None is 0. */
const databaseOf = (pathname: string): number => Number(pathname.slice(1));

/** How messages name the server. */
export function addressOf({ host = '', port = 0, sentinels = [{ host, port }] }: ClientOptions): string {
  return sentinels.map((at) => `${at.host}:${at.port}`).join(', ');
}
