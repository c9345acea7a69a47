import { join } from 'node:path';
import type { SdlDefinition } from '../../schema/sdl/definition.ts';
import type { OrderedLog } from '../core/replication/ordered-log.ts';
import { DEFAULT_LIMITS } from '../core/map-options.ts';
import { memoryLog } from '../logs/memory/memory-log.ts';
import { REMOTE_DEFAULTS } from '../logs/remote/options.ts';
import { sharedLoading } from './collections/load-share.ts';
import { namedLogger } from './collections/named-logger.ts';
import { openMaps } from './collections/open-maps.ts';
import { otherLogs } from './collections/other-logs.ts';
import type { ServedMaps } from './collections/served-maps.ts';
import { valueShape } from './collections/value-shape.ts';
import type { ServerOptions, withDefaults } from './options.ts';

/** The part of a command besides the keys and values of its batch: names, numbers, idempotency keys. */
const COMMAND_OVERHEAD_BYTES = 64 * 1024;

type Wrap = (log: OrderedLog, collection: string | undefined) => OrderedLog;

/**
 * Opens the map of each collection: `DIR/quotes`, the stream `NAME-quotes`. Without a definition it is one map in `DIR`, or of the stream
 * `NAME`. `wrap`: what observes the logs.
 */
export async function openServedMaps(
  options: ReturnType<typeof withDefaults>,
  definition: SdlDefinition | undefined,
  wrap: Wrap,
): Promise<ServedMaps> {
  const { data, stream, onLoading, logger } = options;
  const plurals = definition?.collections.map(({ plural }) => plural);
  if (data !== undefined) for (const line of otherLogs(data, plurals)) logger.warn({ directory: data }, line);
  const directoryOf = (collection: string | undefined): string => join(data ?? '', collection ?? '');
  const loading = sharedLoading((plurals ?? [undefined]).map(directoryOf), data === undefined ? undefined : onLoading);
  let isStarting = true;
  return await openMaps({
    definition,
    map: options,
    // Two directories at once would be loaded no faster, and leave twice the garbage.
    isInOrder: data !== undefined,
    async openLog(plural, collection) {
      const log = await openLog(plural, {
        ...options,
        data: data === undefined ? undefined : directoryOf(collection),
        stream: collection === undefined ? stream : streamOf(stream, collection),
        ...sqlOptions(definition, collection, options),
        onLoading: loading(directoryOf(collection)),
        logger: namedLogger(logger, collection),
      });
      if (isStarting) logger.info({ engine: log.engine, node: process.version }, 'starting');
      isStarting = false;
      return wrap(log, collection);
    },
  });
}

/**
 * From now on `seamline.insert` of PostgreSQL refuses what does not fit the types. Called once the stored items are known to fit them; until
 * then the types of the nodes that run already hold.
 */
export async function setSqlTypes(options: ServerOptions, definition: SdlDefinition | undefined): Promise<void> {
  if (options.postgres === undefined || options.log !== undefined || !definition) return;
  const { setShapes } = await import('../logs/postgres/shapes.ts');
  const shapes = definition.collections.map(
    (collection) => [streamOf(options.stream, collection.plural), valueShape(definition, collection)] as const,
  );
  await setShapes(postgresOptions(options, options.postgres), new Map(shapes));
}

/** The name of a collection's log in an engine. */
const streamOf = (stream: string | undefined, collection: string): string =>
  `${stream ?? REMOTE_DEFAULTS.stream}-${collection}`;

/** What SQL must know of a collection. */
function sqlOptions(
  definition: SdlDefinition | undefined,
  plural: string | undefined,
  { ttl }: ServerOptions,
): Pick<LogOptions, 'ttl' | 'shape'> {
  const collection = definition?.collections.find((one) => one.plural === plural);
  // `definition` is set where it has collections.
  return collection ? { ttl: collection.ttl ?? ttl, shape: valueShape(definition!, collection) } : { ttl };
}

interface LogOptions extends ServerOptions {
  readonly shape?: object | undefined;
}

function postgresOptions(options: ServerOptions, url: string | readonly string[]) {
  return {
    url,
    stream: options.stream,
    passwordFile: options.postgresPasswordFile,
    tlsCa: options.postgresTlsCa,
    tlsCert: options.postgresTlsCert,
    tlsKey: options.postgresTlsKey,
    engineTimeoutMs: options.engineTimeoutMs,
    maxValueBytes: options.maxValueBytes,
    ttl: options.ttl,
    logger: options.logger,
  };
}

/** Opens the log that the options name. Rejects with a `RangeError` when its options make no sense. */
async function openLog(plural: string, options: LogOptions): Promise<OrderedLog> {
  const { log, data, repair, onLoading, nats, redis, postgres, logger } = options;
  if (log) return typeof log === 'function' ? log(plural) : log;
  if (data !== undefined) {
    const { fileLog } = await import('../logs/file/file-log.ts');
    return fileLog({ directory: data, repair, onLoading, logger });
  }
  // Engines and their clients are loaded on demand only: without them the server starts sooner.
  if (redis !== undefined) {
    const { redisLog } = await import('../logs/redis/redis-log.ts').catch(explainMissing('Redis', 'ioredis'));
    return redisLog({
      url: redis,
      sentinel: options.redisSentinel,
      wait: options.redisWait,
      stream: options.stream,
      tlsCa: options.redisTlsCa,
      tlsCert: options.redisTlsCert,
      tlsKey: options.redisTlsKey,
      engineTimeoutMs: options.engineTimeoutMs,
      logger,
    });
  }
  if (postgres !== undefined) {
    const { postgresLog } = await import('../logs/postgres/postgres-log.ts').catch(explainMissing('PostgreSQL', 'pg'));
    return postgresLog({ ...postgresOptions(options, postgres), shape: options.shape });
  }
  if (nats === undefined) return memoryLog();
  const packages = '@nats-io/transport-node @nats-io/jetstream @nats-io/obj';
  const { natsLog } = await import('../logs/nats/nats-log.ts').catch(explainMissing('NATS', packages));
  const { maxBatchBytes = DEFAULT_LIMITS.maxBatchBytes, maxValueBytes = DEFAULT_LIMITS.maxValueBytes } = options;
  return natsLog({
    servers: nats,
    stream: options.stream,
    domain: options.natsDomain,
    replicas: options.natsReplicas,
    creds: options.natsCreds,
    nkey: options.natsNkey,
    tlsCa: options.natsTlsCa,
    tlsCert: options.natsTlsCert,
    tlsKey: options.natsTlsKey,
    engineTimeoutMs: options.engineTimeoutMs,
    maxCommandBytes: Math.max(maxBatchBytes, maxValueBytes) + COMMAND_OVERHEAD_BYTES,
    logger,
  });
}

/** The engines' clients are optional peer dependencies. */
function explainMissing(engine: string, packages: string) {
  return (error: unknown): never => {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')
      throw new RangeError(`${engine} needs its client library: npm install ${packages}`, { cause: error });
    throw error;
  };
}
