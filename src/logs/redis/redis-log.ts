import type { OrderedLog } from '../../core/replication/ordered-log.ts';
import { RemoteLog } from '../remote/remote-log.ts';
import { redisDriver } from './driver.ts';
import type { RedisLogOptions } from './options.ts';

export type { RedisLogOptions } from './options.ts';

/**
 * A log on Redis 7 or Valkey, for any number of nodes: commands in a stream, and snapshots in lists. An insertion that is
 * answered is as durable as that Redis: without an append-only file it keeps nothing, and after a failover the new master
 * may lack what the old one had answered. The nodes notice that and tell their subscribers. Needs the package `ioredis`.
 *
 * It connects when a map opens it: `open` rejects with `ENGINE_UNAVAILABLE` when no server can be reached, and with an error
 * that says what to change when the server can't hold the log.
 *
 * @throws RangeError for an option with an impossible value, and for a file that can't be read.
 *
 * @example
 * ```ts
 * import { StreamingMap } from 'seamline';
 * import { redisLog } from 'seamline/redis';
 *
 * const map = await StreamingMap.open({ log: redisLog({ url: 'redis://localhost:6379' }) });
 * ```
 */
export function redisLog(options: RedisLogOptions): OrderedLog {
  const { logger: _, ...rest } = options;
  return new RemoteLog(redisDriver(options), options, { url: import.meta.url, name: 'redisLog', options: rest });
}
