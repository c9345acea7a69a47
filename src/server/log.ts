import type { OrderedLog } from '../core/ordered-log.ts';
import { DEFAULT_LIMITS } from '../core/streaming-map.ts';
import { fileLog } from '../logs/file-log.ts';
import { memoryLog } from '../logs/memory-log.ts';
import { natsLog } from '../logs/nats-log.ts';
import type { ServerOptions } from './options.ts';

/** What a command has beside the keys and values of its batch: names, numbers, idempotency keys. */
const COMMAND_OVERHEAD_BYTES = 64 * 1024;

/** The log that the options name. Throws a `RangeError` for what makes no sense. */
export function logOf(options: ServerOptions): OrderedLog {
  const { log, data, repair, onLoading, nats, logger } = options;
  if (log) return log;
  if (data !== undefined) return fileLog({ directory: data, repair, onLoading, logger });
  if (nats === undefined) return memoryLog();
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
