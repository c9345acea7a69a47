import type { OrderedLog } from '../core/replication/ordered-log.ts';
import { DEFAULT_LIMITS } from '../core/map-options.ts';
import { memoryLog } from '../logs/memory/memory-log.ts';
import type { ServerOptions } from './options.ts';

/** The part of a command besides the keys and values of its batch: names, numbers, idempotency keys. */
const COMMAND_OVERHEAD_BYTES = 64 * 1024;

/** Opens the log that the options name. Rejects with a `RangeError` when its options make no sense. */
export async function openLog(options: ServerOptions): Promise<OrderedLog> {
  const { log, data, repair, onLoading, nats, redis, logger } = options;
  if (log) return log;
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
