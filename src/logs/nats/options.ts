/** Options of a log on NATS, and those of the client made of them. Secrets stay here: the client gets servers without them. */
import { readFileSync } from 'node:fs';
import {
  type Authenticator,
  type ConnectionOptions,
  credsAuthenticator,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from '@nats-io/transport-node';
import {
  assertRemoteOptions,
  parseServerUrls,
  readOptionFile,
  readTlsFiles,
  REMOTE_DEFAULTS,
  type RemoteLogOptions,
  type ServerUrl,
} from '../remote/options.ts';

export interface NatsLogOptions extends RemoteLogOptions {
  /** The servers of one cluster: `nats://host:4222`, or `tls://host:4222`, with `user:password@` or `token@` if NATS wants one. */
  readonly servers: string | readonly string[];
  /**
   * The name of the stream: letters, digits, `-` and `_`. Snapshots are in the object store `<stream>-snapshots`.
   * @default 'seamline'
   */
  readonly stream?: string | undefined;
  /**
   * The JetStream domain that holds the stream, for a client of a leaf node: letters, digits, `-` and `_`.
   * @default that of the server which the client is connected to
   */
  readonly domain?: string | undefined;
  /** Whether to create a stream that is missing. @default true */
  readonly create?: boolean | undefined;
  /**
   * The number of servers that keep a stream that is created, and the least that must keep one that exists: 1 to 5.
   * @default 1 for a stream that is created; an existing one keeps its number
   */
  readonly replicas?: number | undefined;
  /** A file with a user's JWT and seed, as `nsc` writes it. Read again at each connection. */
  readonly creds?: string | undefined;
  /** A file with the seed of a user's nkey. Read again at each connection. */
  readonly nkey?: string | undefined;
  /**
   * The size of the largest command, in bytes. A server or a stream that takes less is refused.
   * @default 589824 (576 KiB), enough for batches of 512 KiB
   */
  readonly maxCommandBytes?: number | undefined;
}

export const DEFAULT_MAX_COMMAND_BYTES = 576 * 1024;

/** A connection is replaced when nothing has arrived for twice this (connection.ts). */
const PING_MS = 2000;
const RECONNECT_MS = 250;
const ANY_NONCE = 'nonce';

/** Throws a `RangeError` that names the option, without its secrets. */
export function connectionOptions(options: NatsLogOptions): ConnectionOptions {
  const { replicas, maxCommandBytes, domain } = options;
  const urls = parseServerUrls(options.servers, ['nats:', 'tls:'], /^\/?$/, (number) => {
    return `server ${number} must be a URL such as nats://host:4222 or tls://host:4222`;
  });
  if (urls.length === 0) throw new RangeError('servers must name at least one');
  assertRemoteOptions(options, { replicas, maxCommandBytes });
  if (domain !== undefined && !/^[\w-]{1,200}$/.test(domain))
    throw new RangeError(`domain must be of letters, digits, - and _, not ${JSON.stringify(domain)}`);
  if (replicas !== undefined && replicas > 5) throw new RangeError(`replicas must be 5 or less, not ${replicas}`);
  const files = readTlsFiles(options);
  const isTls = urls.some(({ protocol }) => protocol === 'tls:') || files.length > 0;
  const authenticator = authenticatorOf(options, urls);
  return {
    name: 'seamline',
    servers: urls.map(({ hostname, port }) => `${hostname}:${port || '4222'}`),
    ...(authenticator && { authenticator }),
    ...(isTls && { tls: Object.fromEntries(files.map(({ kind, path }) => [`${kind}File`, path])) }),
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
    reconnectTimeWait: RECONNECT_MS,
    pingInterval: PING_MS,
    maxPingOut: Number.MAX_SAFE_INTEGER,
    timeout: options.engineTimeoutMs ?? REMOTE_DEFAULTS.engineTimeoutMs,
    noAsyncTraces: true,
  };
}

function authenticatorOf({ creds, nkey }: NatsLogOptions, urls: readonly ServerUrl[]): Authenticator | undefined {
  const users = urls.filter(({ username, password }) => username !== '' || password !== '');
  const [first] = users;
  if ([creds, nkey, first].filter((way) => way !== undefined).length > 1)
    throw new RangeError('creds, nkey and a user in a URL exclude each other: choose one');
  if (users.some(({ username, password }) => username !== first?.username || password !== first.password))
    throw new RangeError('the servers must name the same user');
  if (creds !== undefined) return fromFile('creds', creds, credsAuthenticator);
  if (nkey !== undefined)
    return fromFile('nkey', nkey, (seed) => nkeyAuthenticator(Buffer.from(seed.toString().trim())));
  if (!first) return undefined;
  const { username, password } = first;
  return password === '' ? tokenAuthenticator(username) : usernamePasswordAuthenticator(username, password);
}

/**
 * Shows what the file holds at that time, or what it held before if that is of no use: the client would close for good if this
 * threw while a new file is being written.
 */
function fromFile(name: string, file: string, make: (content: Buffer) => Authenticator): Authenticator {
  let sound = readOptionFile(name, file);
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
