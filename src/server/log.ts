import type { OrderedLog } from '../core/ordered-log.ts';
import { DEFAULT_LIMITS } from '../core/streaming-map.ts';
import { memoryLog } from '../logs/memory-log.ts';
import type { ServerOptions } from './options.ts';

/** What a command has beside the keys and values of its batch: names, numbers, idempotency keys. */
const COMMAND_OVERHEAD_BYTES = 64 * 1024;

/** The log that the options name. Rejects with a `RangeError` for what makes no sense. */
export async function logOf(options: ServerOptions): Promise<OrderedLog> {
  const { log, data, repair, onLoading, nats, logger } = options;
  if (log) return log;
  if (data !== undefined) {
    const { fileLog } = await import('../logs/file-log.ts');
    return fileLog({ directory: data, repair, onLoading, logger });
  }
  if (nats === undefined) return memoryLog();
  // Loaded only where it is asked for: the others start sooner without it.
  const { natsLog } = await import('../logs/nats-log.ts').catch(explained);
  const { maxBatchBytes = DEFAULT_LIMITS.maxBatchBytes, maxValueBytes = DEFAULT_LIMITS.maxValueBytes } = options;
  return natsLog({
    servers: nats,
    stream: options.stream,
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

/** Its client is an optional peer. */
function explained(error: unknown): never {
  if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')
    throw new RangeError('NATS needs its client: npm install @nats-io/transport-node @nats-io/jetstream @nats-io/obj', {
      cause: error,
    });
  throw error;
}
