/** Whether a server can keep a log at all, and what its operator should know. */
import type { Redis } from 'ioredis';
import type { Logger } from '../../core/model/logger.ts';
import { RedisLogError } from './scripts.ts';

/** The first whose streams count entries of one epoch by themselves. */
const OLDEST = 7;

/** Throws `RedisLogError` when it can't. */
export async function assertFit(client: Redis, logger: Logger): Promise<void> {
  const info = fieldsOf(
    `${await client.info('server')}\n${await client.info('memory')}\n${await client.info('persistence')}`,
  );
  const { redis_version: version = '', maxmemory = '0', maxmemory_policy: policy = '', aof_enabled: aof } = info;
  if (Number.parseInt(version) < OLDEST)
    throw new RedisLogError(`Redis ${version} is too old: it takes ${OLDEST}.0, or Valkey`);
  if (maxmemory !== '0' && policy.startsWith('allkeys'))
    throw new RedisLogError(
      `Redis would remove the log when it is full: its maxmemory-policy is ${policy}, not noeviction`,
    );
  if (aof === '0')
    logger.warn({}, 'Redis keeps no append-only file: when it ends, what was answered since its last snapshot is lost');
}

const fieldsOf = (info: string): Readonly<Record<string, string>> =>
  Object.fromEntries([...info.matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, name, value]) => [name, value]));
