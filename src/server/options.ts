import type { Logger } from '../core/model/logger.ts';
import { assertOrigin } from '../transports/protocol/allowed-origins.ts';
import type { TrustedDocuments } from '../transports/protocol/trusted-documents.ts';
import type { OrderedLog } from '../core/replication/ordered-log.ts';

export interface ServerOptions {
  /** Default 4000; 0: any free one. */
  readonly port?: number | undefined;
  /** Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Where the items live. Default: in memory, until the process ends. */
  readonly log?: OrderedLog | undefined;
  /** Instead of `log`: a directory that keeps them. Default: none. */
  readonly data?: string | undefined;
  /** Goes on with what can be salvaged when `data` is damaged, instead of refusing. Default false. */
  readonly repair?: boolean | undefined;
  /** How much of what `data` keeps has been loaded, from 0 to 1. Default: nobody is told. */
  readonly onLoading?: ((share: number) => void) | undefined;
  /** Instead of `log`: NATS servers with JetStream that keep them, for any number of nodes; `nats://host:4222`. Default: none. */
  readonly nats?: string | readonly string[] | undefined;
  /** Instead of `log`: Redis or Valkey, for any number of nodes; `redis://host:6379`. With `redisSentinel`, Sentinels. Default: none. */
  readonly redis?: string | readonly string[] | undefined;
  /** What the log is called there; a name of letters, digits, `-` and `_`. Default `seamline`. */
  readonly stream?: string | undefined;
  /** Within what time an insertion is answered when the servers don't, in ms. Default 5,000. */
  readonly engineTimeoutMs?: number | undefined;
  /** How many servers keep what is made there, 1 to 5. Default 1; of a stream that is there, what it has. */
  readonly natsReplicas?: number | undefined;
  /** A file with a user's credentials. Default: what is in the URL, or none. */
  readonly natsCreds?: string | undefined;
  /** A file with the seed of a user's nkey. Default: none. */
  readonly natsNkey?: string | undefined;
  /** A file with the certificates that the servers' are checked with. Default: the system's. */
  readonly natsTlsCa?: string | undefined;
  /** Files with the certificate that is shown to the servers, and its key. Default: none. */
  readonly natsTlsCert?: string | undefined;
  readonly natsTlsKey?: string | undefined;
  /** How many replicas of Redis must have what is answered. Default 0. */
  readonly redisWait?: number | undefined;
  /** What Sentinels call the master. Default: none, `redis` is its own URL. */
  readonly redisSentinel?: string | undefined;
  /** A file with the certificates that the server's is checked with. Default: the system's. */
  readonly redisTlsCa?: string | undefined;
  /** Files with the certificate that is shown to the server, and its key. Default: none. */
  readonly redisTlsCert?: string | undefined;
  readonly redisTlsKey?: string | undefined;
  /** Items. Default: the log's, or 100,000. */
  readonly maxItems?: number | undefined;
  /** UTF-8 of all keys and of all values' JSON. Default: the log's, or 256 MiB. */
  readonly maxBytes?: number | undefined;
  /** How many of the newest changes are kept one by one. Default: the log's, or 65,536. */
  readonly window?: number | undefined;
  /** Seconds, for insertions without a `ttl` of their own. Default: none. */
  readonly ttl?: number | undefined;
  /** Of one value's JSON. Default 64 KiB. */
  readonly maxValueBytes?: number | undefined;
  /** Inputs of one `insertItems`, at most 1,000. Default 1,000. */
  readonly maxBatch?: number | undefined;
  /** Keys and values of one batch. Default 512 KiB. */
  readonly maxBatchBytes?: number | undefined;
  /** A WebSocket message (closed with 1009), an HTTP body (413). Default 1 MiB. */
  readonly maxMessageBytes?: number | undefined;
  /** WebSockets and streams. Default 10,000; further WebSockets are closed with 1013, streams answered 503. */
  readonly maxConnections?: number | undefined;
  /** Of one WebSocket. Default 100. */
  readonly maxSubscriptions?: number | undefined;
  /**
   * Origins of other hosts that may use the server from a browser: `scheme://host[:port]`, `https://*.example.org` for all its subdomains,
   * `*` for every page, whose cookies then don't count. Default: none.
   */
  readonly allowOrigins?: readonly string[] | undefined;
  /** Behind a reverse proxy: `X-Forwarded-For` says who the client is, `X-Forwarded-Host` which host it asked for. */
  readonly trustProxy?: boolean | undefined;
  /** The URL of a JSON Web Key Set: tokens are needed, and must be signed by one of its keys. Default: none. */
  readonly jwks?: string | undefined;
  /** Instead of `jwks`: the key of tokens that are signed by HMAC. Default: none. */
  readonly jwtSecret?: string | undefined;
  /** What a token's `aud` must name. Default: anything. */
  readonly jwtAudience?: string | undefined;
  /** What a token's `iss` must be. Default: anything. */
  readonly jwtIssuer?: string | undefined;
  /** A cookie that may bear the token, for reading only. Default: none. */
  readonly jwtCookie?: string | undefined;
  /** Items that one client may insert a second, with a burst of one second's worth. Default: no limit. */
  readonly insertRate?: number | undefined;
  /** By hash: the only documents that run, on every transport. Default: any. */
  readonly trustedDocuments?: TrustedDocuments | undefined;
  /** Serves everybody, also on a host that others can reach. Default false. */
  readonly open?: boolean | undefined;
  /** Default true. */
  readonly graphiql?: boolean | undefined;
  /** A page at `/` that shows the map live. Default true. */
  readonly console?: boolean | undefined;
  /** Off, errors suggest no names ("Did you mean …") either. Default true. */
  readonly introspection?: boolean | undefined;
  /** How long answers in flight may take when the server ends, in ms. Default 10,000. */
  readonly drainTimeoutMs?: number | undefined;
  /**
   * How long a WebSocket may take until `connection_init`, in ms, before it is closed with 4408: clients often fetch a token first.
   * From 1 to 300,000.
   * @default 10_000
   */
  readonly initTimeoutMs?: number | undefined;
  /** Between keep-alives (a ping, a comment), in ms. Default 12,000. */
  readonly keepAliveMs?: number | undefined;
  /** Serve all subscriptions of the stream from positions, rendered once for all who select the same. Default true. */
  readonly fanOut?: boolean | undefined;
  /** A pino instance will do. Default: silent. */
  readonly logger?: Logger | undefined;
}

export const DEFAULTS = {
  port: 4000,
  host: '127.0.0.1',
  maxMessageBytes: 1024 * 1024,
  maxConnections: 10_000,
  maxSubscriptions: 100,
  drainTimeoutMs: 10_000,
  keepAliveMs: 12_000,
  initTimeoutMs: 10_000,
} as const;

/** Longer ones would let a stranger keep many connections by saying nothing. */
const MAX_INIT_TIMEOUT_MS = 300_000;

/** Whether there is neither authentication nor the word that anybody may come. */
export function isPrivate({ open, jwks, jwtSecret }: ServerOptions): boolean {
  return open !== true && jwks === undefined && jwtSecret === undefined;
}

/** Whether only this machine can reach the host. */
export function isLoopback(host: string): boolean {
  return /(^|\.)localhost$/.test(host) || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Throws a `RangeError` that names what makes no sense. The map looks after its own options. */
export function assertSound(options: ServerOptions): void {
  const { maxMessageBytes, maxConnections, maxSubscriptions, keepAliveMs, drainTimeoutMs, port } = options;
  assertCount({ maxMessageBytes, maxConnections, maxSubscriptions, keepAliveMs }, 1);
  assertInitTimeout(options.initTimeoutMs);
  assertCount({ drainTimeoutMs, port }, 0);
  assertCount({ insertRate: options.insertRate }, 1);
  assertOneLog(options);
  assertTokens(options);
  assertManifest(options.trustedDocuments);
  assertOrigins(options.allowOrigins);
}

function assertInitTimeout(initTimeoutMs: number | undefined): void {
  assertCount({ initTimeoutMs }, 1);
  if (initTimeoutMs !== undefined && initTimeoutMs > MAX_INIT_TIMEOUT_MS)
    throw new RangeError(`initTimeoutMs must be at most ${MAX_INIT_TIMEOUT_MS}, not ${initTimeoutMs}`);
}

function assertOneLog(options: ServerOptions): void {
  const { log, data, nats, redis, repair } = options;
  if (data === '') throw new RangeError('data must name a directory');
  const given = Object.entries({ data, nats, redis, log }).filter(([, value]) => value !== undefined);
  if (given.length > 1) throw new RangeError(`${given.map(([name]) => name).join(' and ')} exclude each other`);
  if (repair === true && data === undefined) throw new RangeError('repair needs data');
  const { natsReplicas, natsCreds, natsNkey, natsTlsCa, natsTlsCert, natsTlsKey } = options;
  assertNeeds('nats', nats, { natsReplicas, natsCreds, natsNkey, natsTlsCa, natsTlsCert, natsTlsKey });
  const { redisWait, redisSentinel, redisTlsCa, redisTlsCert, redisTlsKey } = options;
  assertNeeds('redis', redis, { redisWait, redisSentinel, redisTlsCa, redisTlsCert, redisTlsKey });
  const { stream, engineTimeoutMs } = options;
  assertNeeds('nats or redis', nats ?? redis, { stream, engineTimeoutMs });
}

function assertNeeds(what: string, needed: unknown, options: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(options))
    if (value !== undefined && needed === undefined) throw new RangeError(`${name} needs ${what}`);
}

function assertOrigins(origins: unknown = []): void {
  if (!Array.isArray(origins)) throw new RangeError('allowOrigins must be a list of origins');
  for (const [index, origin] of origins.entries())
    try {
      assertOrigin(String(origin));
    } catch (error) {
      throw new RangeError(`allowOrigins[${index}] ${error instanceof Error ? error.message : String(error)}`);
    }
}

function assertManifest(documents: unknown): void {
  if (documents === undefined) return;
  const isManifest = typeof documents === 'object' && documents !== null && !Array.isArray(documents);
  if (!isManifest || !Object.values(documents).every((document) => typeof document === 'string'))
    throw new RangeError('trustedDocuments must be a manifest, an object of documents by their hash');
}

function assertTokens({ jwks, jwtSecret, jwtAudience, jwtIssuer, jwtCookie }: ServerOptions): void {
  if (jwks !== undefined && jwtSecret !== undefined) throw new RangeError('jwks and jwtSecret exclude each other');
  if (jwks !== undefined && !/^https?:$/.test(URL.parse(jwks)?.protocol ?? ''))
    throw new RangeError('jwks must be a URL');
  const { username = '', password = '' } = URL.parse(jwks ?? '') ?? {};
  // fetch takes no such URL, and its error quotes it.
  if (username !== '' || password !== '') throw new RangeError('jwks must be a URL without a user and a password');
  if (jwtSecret === '') throw new RangeError('jwtSecret must not be empty');
  const isOn = jwks !== undefined || jwtSecret !== undefined;
  for (const [name, value] of Object.entries({ jwtAudience, jwtIssuer, jwtCookie }))
    if (value !== undefined && !isOn) throw new RangeError(`${name} needs jwks or jwtSecret`);
}

function assertCount(counts: Readonly<Record<string, number | undefined>>, least: number): void {
  for (const [name, count = least] of Object.entries(counts))
    if (!Number.isSafeInteger(count) || count < least)
      throw new RangeError(`${name} must be a whole number, ${least} or more`);
}
