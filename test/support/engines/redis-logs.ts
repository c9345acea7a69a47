/** Logs on a Redis server, which end with their test. */
import { onTestFinished } from 'vitest';
import type { OrderedLog } from '../../../src/core/replication/ordered-log.ts';
import { redisLog, type RedisLogOptions } from '../../../src/logs/redis/redis-log.ts';

export async function openRedisLog(url: string, options: Partial<RedisLogOptions> = {}): Promise<OrderedLog> {
  const log = redisLog({ url, stream: 'test', ...options });
  onTestFinished(() => log.close());
  await log.open();
  return log;
}

/** What a log named `test` has there. */
export const KEYS = { commands: '{test}:commands', epoch: '{test}:epoch', snapshots: '{test}:snapshots' } as const;
