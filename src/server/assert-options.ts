import { assertOrigin } from '../transports/protocol/allowed-origins.ts';
import { DEFAULTS, isLoopback, isPrivate, type ServerOptions } from './options.ts';

/** A longer time would let strangers hold many connections without sending anything. */
const MAX_INIT_TIMEOUT_MS = 300_000;

/** Throws a `RangeError` that names the option that makes no sense. The map checks its own options. */
export function assertOptions(options: ServerOptions): void {
  const { maxMessageBytes, maxConnections, maxSubscriptions, keepAliveMs, drainTimeoutMs, port } = options;
  const { host = DEFAULTS.host, initTimeoutMs, insertRate } = options;
  assertCount({ maxMessageBytes, maxConnections, maxSubscriptions, keepAliveMs, initTimeoutMs, insertRate }, 1);
  assertCount({ drainTimeoutMs, port }, 0);
  if (initTimeoutMs !== undefined && initTimeoutMs > MAX_INIT_TIMEOUT_MS)
    throw new RangeError(`initTimeoutMs must be at most ${MAX_INIT_TIMEOUT_MS}, not ${initTimeoutMs}`);
  assertOneLog(options);
  assertTokens(options);
  assertManifest(options.trustedDocuments);
  assertOrigins(options.allowOrigins);
  if (isPrivate(options) && !isLoopback(host))
    throw new RangeError(
      `without authentication ${host} would be open to everybody: pass open, jwks, jwtSecret, or a loopback host`,
    );
}

function assertOneLog(options: ServerOptions): void {
  const { log, data, nats, redis, postgres, repair } = options;
  if (data === '') throw new RangeError('data must name a directory');
  if (options.schema === '') throw new RangeError('schema must name an SDL file');
  assertExclusive({ data, nats, redis, postgres, log });
  if (repair === true) assertNeeds('data', data, { repair });
  const { natsDomain, natsReplicas, natsCreds, natsNkey, natsTlsCa, natsTlsCert, natsTlsKey } = options;
  assertNeeds('nats', nats, {
    natsDomain,
    natsReplicas,
    natsCreds,
    natsNkey,
    natsTlsCa,
    natsTlsCert,
    natsTlsKey,
  });
  const { redisWait, redisSentinel, redisTlsCa, redisTlsCert, redisTlsKey } = options;
  assertNeeds('redis', redis, { redisWait, redisSentinel, redisTlsCa, redisTlsCert, redisTlsKey });
  const { postgresPasswordFile, postgresTlsCa, postgresTlsCert, postgresTlsKey } = options;
  assertNeeds('postgres', postgres, { postgresPasswordFile, postgresTlsCa, postgresTlsCert, postgresTlsKey });
  const { stream, engineTimeoutMs } = options;
  assertNeeds('nats, redis or postgres', nats ?? redis ?? postgres, { stream, engineTimeoutMs });
}

/** Two maps can't have one log. */
export function assertLogForEach({ log }: ServerOptions, collections: readonly unknown[] = []): void {
  if (collections.length > 1 && log !== undefined && typeof log !== 'function')
    throw new RangeError(
      `log must be a function that makes a log, because the schema has ${collections.length} collections`,
    );
}

function assertTokens({ jwks, jwtSecret, jwtAudience, jwtIssuer, jwtCookie }: ServerOptions): void {
  assertExclusive({ jwks, jwtSecret });
  const url = URL.parse(jwks ?? '');
  if (jwks !== undefined && !/^https?:$/.test(url?.protocol ?? ''))
    throw new RangeError('jwks must be an http or https URL');
  // fetch rejects such a URL with an error that quotes it.
  if (url && (url.username !== '' || url.password !== ''))
    throw new RangeError('jwks must be a URL without a user name and password');
  if (jwtSecret === '') throw new RangeError('jwtSecret must not be empty');
  assertNeeds('jwks or jwtSecret', jwks ?? jwtSecret, { jwtAudience, jwtIssuer, jwtCookie });
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
    throw new RangeError('trustedDocuments must be an object with documents by their hash');
}

function assertExclusive(options: Readonly<Record<string, unknown>>): void {
  const given = Object.keys(options).filter((name) => options[name] !== undefined);
  if (given.length > 1) throw new RangeError(`${given.join(' and ')} exclude each other: pass one of them`);
}

function assertNeeds(what: string, needed: unknown, options: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(options))
    if (value !== undefined && needed === undefined) throw new RangeError(`${name} needs ${what}`);
}

function assertCount(counts: Readonly<Record<string, number | undefined>>, least: number): void {
  for (const [name, count = least] of Object.entries(counts))
    if (!Number.isSafeInteger(count) || count < least)
      throw new RangeError(`${name} must be a whole number, ${least} or more, not ${String(count)}`);
}
