import { type Logger, SILENT } from '../core/model/logger.ts';
import type { TrustedDocuments } from '../transports/protocol/trusted-documents.ts';
import type { OrderedLog } from '../core/replication/ordered-log.ts';

/** The options of `createServer`. `log`, `data`, `nats`, `redis` and `postgres` exclude each other; without any of them items are kept in memory. */
export interface ServerOptions {
  /** Port to listen on; 0: any free one. @default 4000 */
  readonly port?: number | undefined;
  /** Address to listen on. Without authentication it must be a loopback address, unless `open` is true. @default '127.0.0.1' */
  readonly host?: string | undefined;
  /** An SDL file whose types with `@collection` take the place of Item: docs/collections.md. @default one collection, Item */
  readonly schema?: string | undefined;
  /** Adds Apollo Federation 2 to the schema. @default false */
  readonly federation?: boolean | undefined;
  /**
   * The log that keeps the items. With a `schema` of several collections, a function that makes the log of each: it is called with the
   * plural name, such as `quotes`.
   * @default a log in memory, lost when the process ends
   */
  readonly log?: OrderedLog | ((collection: string) => OrderedLog) | undefined;
  /** A directory to keep the items in. */
  readonly data?: string | undefined;
  /** Opens a damaged `data` directory with what can be salvaged, instead of rejecting. @default false */
  readonly repair?: boolean | undefined;
  /** Called while `data` is loaded, with the share that is done, from 0 to 1. */
  readonly onLoading?: ((share: number) => void) | undefined;
  /** URLs of NATS servers with JetStream to keep the items in, for any number of nodes: `nats://host:4222`. */
  readonly nats?: string | readonly string[] | undefined;
  /** URL of Redis or Valkey to keep the items in, for any number of nodes: `redis://host:6379`. With `redisSentinel`: URLs of the Sentinels. */
  readonly redis?: string | readonly string[] | undefined;
  /**
   * URL of PostgreSQL to keep the items in, for any number of nodes: `postgres://user:password@host:5432/database`. Of several URLs, the first
   * server that is no standby is used.
   */
  readonly postgres?: string | readonly string[] | undefined;
  /** Name of the log in NATS, Redis or PostgreSQL: letters, digits, `-` and `_`. @default 'seamline' */
  readonly stream?: string | undefined;
  /** Time in ms after which an insertion fails when NATS, Redis or PostgreSQL does not answer. @default 5_000 */
  readonly engineTimeoutMs?: number | undefined;
  /** JetStream domain that holds the stream, for a server of a leaf node. @default that of the NATS server itself */
  readonly natsDomain?: string | undefined;
  /** Replicas of a stream that is created in NATS, 1 to 5. @default 1; an existing stream keeps its number */
  readonly natsReplicas?: number | undefined;
  /** A file with the credentials of a NATS user. @default those in the URL, if any */
  readonly natsCreds?: string | undefined;
  /** A file with the nkey seed of a NATS user. */
  readonly natsNkey?: string | undefined;
  /** A file with the CA certificates for NATS. @default the system's */
  readonly natsTlsCa?: string | undefined;
  /** A file with the client certificate for NATS. */
  readonly natsTlsCert?: string | undefined;
  /** A file with the key of `natsTlsCert`. */
  readonly natsTlsKey?: string | undefined;
  /** Replicas of Redis that must acknowledge a write before it is answered. @default 0 */
  readonly redisWait?: number | undefined;
  /** Name of the master in the Sentinels. */
  readonly redisSentinel?: string | undefined;
  /** A file with the CA certificates for Redis. @default the system's */
  readonly redisTlsCa?: string | undefined;
  /** A file with the client certificate for Redis. */
  readonly redisTlsCert?: string | undefined;
  /** A file with the key of `redisTlsCert`. */
  readonly redisTlsKey?: string | undefined;
  /** A file with the password for PostgreSQL. It is read for each connection. @default the one in the URL, or `PGPASSWORD` */
  readonly postgresPasswordFile?: string | undefined;
  /** A file with the CA certificates for PostgreSQL. @default the system's */
  readonly postgresTlsCa?: string | undefined;
  /** A file with the client certificate for PostgreSQL. */
  readonly postgresTlsCert?: string | undefined;
  /** A file with the key of `postgresTlsCert`. */
  readonly postgresTlsKey?: string | undefined;
  /** Maximum number of items: beyond it the oldest ones are evicted. @default the log's, or 100_000 */
  readonly maxItems?: number | undefined;
  /** Maximum bytes of all keys and of all values' JSON, in UTF-8: beyond it the oldest items are evicted. @default the log's, or 256 MiB */
  readonly maxBytes?: number | undefined;
  /** Number of the newest changes that are kept one by one. @default the log's, or 65_536 */
  readonly window?: number | undefined;
  /** Time to live, in seconds, of items that are inserted without a `ttl`. @default none */
  readonly ttl?: number | undefined;
  /** Maximum bytes of a value's JSON. @default 64 KiB */
  readonly maxValueBytes?: number | undefined;
  /** Maximum inputs of one `insertItems`, up to 1,000. @default 1_000 */
  readonly maxBatch?: number | undefined;
  /** Maximum bytes of the keys and values of one batch. @default 512 KiB */
  readonly maxBatchBytes?: number | undefined;
  /** Maximum bytes of a WebSocket message (else it is closed with 1009) and of an HTTP body (else 413). @default 1 MiB */
  readonly maxMessageBytes?: number | undefined;
  /** Maximum number of WebSockets and HTTP streams. Further WebSockets are closed with 1013, streams answered with 503. @default 10_000 */
  readonly maxConnections?: number | undefined;
  /** Maximum subscriptions on one WebSocket. @default 100 */
  readonly maxSubscriptions?: number | undefined;
  /**
   * Other origins whose pages may use the server: `scheme://host[:port]`, `https://*.example.org` for all subdomains, or `*` for every page,
   * whose cookies are then ignored.
   * @default none: the server's own pages only
   */
  readonly allowOrigins?: readonly string[] | undefined;
  /** Trusts `X-Forwarded-For` for the client's address and `X-Forwarded-Host` for the host, for use behind a reverse proxy. @default false */
  readonly trustProxy?: boolean | undefined;
  /** URL of a JSON Web Key Set. Requests then need a token that one of its keys signed. @default no authentication */
  readonly jwks?: string | undefined;
  /** The secret of tokens that are signed with HMAC, instead of `jwks`. Should have 32 bytes or more. */
  readonly jwtSecret?: string | undefined;
  /** The audience that a token's `aud` must name. @default any */
  readonly jwtAudience?: string | undefined;
  /** The issuer that a token's `iss` must name. @default any */
  readonly jwtIssuer?: string | undefined;
  /** Name of a cookie that may carry the token, for reading only. @default none */
  readonly jwtCookie?: string | undefined;
  /** Items that each client may insert per second, with a burst of one second's worth. @default unlimited */
  readonly insertRate?: number | undefined;
  /** The only documents that are executed, by their hash, on every transport. @default any document */
  readonly trustedDocuments?: TrustedDocuments | undefined;
  /** Serves without authentication even on an address that other machines can reach. @default false */
  readonly open?: boolean | undefined;
  /** Serves GraphiQL at `/graphql`. @default true */
  readonly graphiql?: boolean | undefined;
  /** Serves the console, a page that shows the map live, at `/`. @default true */
  readonly console?: boolean | undefined;
  /** Answers introspection. When false, errors do not suggest names ("Did you mean …") either. @default true */
  readonly introspection?: boolean | undefined;
  /** Time in ms for answers in flight when the server drains. @default 10_000 */
  readonly drainTimeoutMs?: number | undefined;
  /**
   * Time limit for `connection_init` on a WebSocket, in ms, from 1 to 300,000: clients often fetch a token first. A later one is closed with
   * 4408.
   * @default 10_000
   */
  readonly initTimeoutMs?: number | undefined;
  /** Interval of keep-alives (pings, comments), in ms. @default 25_000 */
  readonly keepAliveMs?: number | undefined;
  /** Renders a delivery once for all subscribers with the same selection. When false, each subscription runs a generator. @default true */
  readonly fanOut?: boolean | undefined;
  /** Receives log lines; a pino instance fits. @default silent */
  readonly logger?: Logger | undefined;
}

export const DEFAULTS = {
  port: 4000,
  host: '127.0.0.1',
  maxMessageBytes: 1024 * 1024,
  maxConnections: 10_000,
  maxSubscriptions: 100,
  drainTimeoutMs: 10_000,
  keepAliveMs: 25_000,
  initTimeoutMs: 10_000,
  allowOrigins: [] as readonly string[],
  trustProxy: false,
  graphiql: true,
  console: true,
  introspection: true,
  fanOut: true,
  logger: SILENT,
};

export function withDefaults(options: ServerOptions): ServerOptions & typeof DEFAULTS {
  const given = Object.entries(options).filter(([, value]) => value != null);
  return { ...DEFAULTS, ...Object.fromEntries(given) };
}

/** Whether the server serves this machine only: it has no authentication and is not declared open. */
export function isPrivate({ open, jwks, jwtSecret }: ServerOptions): boolean {
  return open !== true && jwks === undefined && jwtSecret === undefined;
}

/** Whether only this machine can reach the host. */
export function isLoopback(host: string): boolean {
  return /(^|\.)localhost$/.test(host) || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
