/** What a log on NATS is told, and what the client makes of it. Secrets stay in here: the client gets servers without them. */
import { readFileSync } from 'node:fs';
import {
  type Authenticator,
  type ConnectionOptions,
  credsAuthenticator,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from '@nats-io/transport-node';
import type { Logger } from '../../core/model/logger.ts';

export interface NatsLogOptions {
  /** Of one cluster: `nats://host:4222` or `tls://host:4222`, with `user:password@` or `token@` if it wants one. */
  readonly servers: string | readonly string[];
  /** Of letters, digits, `-` and `_`. Snapshots are in the object store of the same name with `-snapshots` behind it. Default `seamline`. */
  readonly stream?: string | undefined;
  /** Whether a stream that isn't there is made. Default true. */
  readonly create?: boolean | undefined;
  /** How many servers keep a stream that is made here, and at least keep one that is there. Default 1, and what it has. */
  readonly replicas?: number | undefined;
  /** A file with a user's JWT and seed, as `nsc` makes it. Read again at each connection. */
  readonly creds?: string | undefined;
  /** A file with the seed of a user's nkey. Read again at each connection. */
  readonly nkey?: string | undefined;
  /** A file with the certificates that servers' are checked with. Default: the system's. */
  readonly tlsCa?: string | undefined;
  /** A file with the certificate that this client shows. Needs `tlsKey`. */
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  /** Within what time an append is answered, in ms. Default 5,000. */
  readonly engineTimeoutMs?: number | undefined;
  /** The largest command that shall fit, in bytes: a server that takes less is refused. Default 576 KiB, for batches of 512. */
  readonly maxCommandBytes?: number | undefined;
  /** How much may be appended before the next snapshot is made. Default 16 MiB, or a sixteenth of the last one if that is more. */
  readonly snapshotBytes?: number | undefined;
  /** Default: silent. */
  readonly logger?: Logger | undefined;
}

export const NATS_DEFAULTS = { stream: 'seamline', engineTimeoutMs: 5000, maxCommandBytes: 576 * 1024 } as const;

/** How soon the client finds out that nobody is there any more, in ms: twice this. */
const PING_MS = 2000;
const RECONNECT_MS = 250;
const ANY_NONCE = 'nonce';

/** Throws a `RangeError` that names what makes no sense, without what is secret. */
export function connectionOptions(options: NatsLogOptions): ConnectionOptions {
  const { tlsCa, tlsCert, tlsKey } = options;
  const urls = urlsOf(options.servers);
  assertSound(options);
  if ((tlsCert === undefined) !== (tlsKey === undefined)) throw new RangeError('tlsCert and tlsKey need each other');
  const isTls = urls.some(({ protocol }) => protocol === 'tls:') || tlsCa !== undefined || tlsCert !== undefined;
  for (const [name, file] of Object.entries({ tlsCa, tlsCert, tlsKey })) if (file !== undefined) readable(name, file);
  const authenticator = authenticatorOf(options, urls);
  return {
    name: 'seamline',
    servers: urls.map(({ host }) => host),
    ...(authenticator && { authenticator }),
    ...(isTls && { tls: withoutUndefined({ caFile: tlsCa, certFile: tlsCert, keyFile: tlsKey }) }),
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
    reconnectTimeWait: RECONNECT_MS,
    pingInterval: PING_MS,
    maxPingOut: 2,
    timeout: options.engineTimeoutMs ?? NATS_DEFAULTS.engineTimeoutMs,
    noAsyncTraces: true,
  };
}

function assertSound({ stream, replicas, engineTimeoutMs, maxCommandBytes, snapshotBytes }: NatsLogOptions): void {
  if (stream !== undefined && !/^[\w-]{1,200}$/.test(stream))
    throw new RangeError(`stream must be of letters, digits, - and _, not ${JSON.stringify(stream)}`);
  for (const [name, count = 1] of Object.entries({ replicas, engineTimeoutMs, maxCommandBytes, snapshotBytes }))
    if (!Number.isSafeInteger(count) || count < 1) throw new RangeError(`${name} must be a whole number, 1 or more`);
  if (replicas !== undefined && replicas > 5) throw new RangeError('replicas must be 5 or less');
}

interface ServerUrl {
  readonly protocol: string;
  readonly host: string;
  readonly user: string;
  readonly password: string;
}

function urlsOf(servers: string | readonly string[]): readonly ServerUrl[] {
  const texts = typeof servers === 'string' ? [servers] : servers;
  if (texts.length === 0) throw new RangeError('servers must name at least one');
  // Not the text itself: there may be a password in it.
  return texts.map((text, n) => {
    const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `nats://${text}`);
    const isSound = url && /^(nats|tls):$/.test(url.protocol) && url.hostname !== '' && /^\/?$/.test(url.pathname);
    if (!isSound || url.search !== '' || url.hash !== '')
      throw new RangeError(`server ${n + 1} must be a URL such as nats://host:4222 or tls://host:4222`);
    const [user, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
    return { protocol: url.protocol, host: `${url.hostname}:${url.port || '4222'}`, user, password };
  });
}

function authenticatorOf({ creds, nkey }: NatsLogOptions, urls: readonly ServerUrl[]): Authenticator | undefined {
  const users = urls.filter(({ user, password }) => user !== '' || password !== '');
  const [named] = users;
  const ways = [creds, nkey, named].filter((way) => way !== undefined);
  if (ways.length > 1) throw new RangeError('creds, nkey and a user in a URL exclude each other');
  if (users.some(({ user, password }) => user !== named?.user || password !== named.password))
    throw new RangeError('the servers must name the same user');
  if (creds !== undefined) return fromFile('creds', creds, credsAuthenticator);
  if (nkey !== undefined)
    return fromFile('nkey', nkey, (seed) => nkeyAuthenticator(Buffer.from(seed.toString().trim())));
  if (!named) return undefined;
  return named.password === ''
    ? tokenAuthenticator(named.user)
    : usernamePasswordAuthenticator(named.user, named.password);
}

/**
 * Shows what is in the file by then, or what was in it before when that is of no use: the client would close for good if this
 * threw while somebody writes a new one.
 */
function fromFile(name: string, file: string, make: (content: Buffer) => Authenticator): Authenticator {
  let sound = readable(name, file);
  try {
    make(sound)(ANY_NONCE);
  } catch (cause) {
    throw new RangeError(`${name}: ${file} doesn't hold what NATS wants`, { cause });
  }
  return (nonce) => {
    try {
      const content = readFileSync(file);
      const shown = make(content)(nonce);
      sound = content;
      return shown;
    } catch {
      return make(sound)(nonce);
    }
  };
}

function readable(name: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'it is no file';
    throw new RangeError(`${name}: ${file} can't be read: ${code}`, { cause: error });
  }
}

type Defined<T> = { [Name in keyof T]?: Exclude<T[Name], undefined> };

function withoutUndefined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}
