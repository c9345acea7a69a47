import type { Redis } from 'ioredis';
import type { Logger } from '../../core/model/logger.ts';
import { UnfitLogError } from '../remote/driver.ts';

/** The first whose streams count entries of one epoch by themselves. */
const OLDEST = 7;

/** Throws `UnfitLogError` when the server can't keep a log. Warns when it keeps nothing across its own end. */
export async function assertFit(client: Redis, logger: Logger): Promise<void> {
  const info = fieldsOf(
    `${await client.info('server')}\n${await client.info('memory')}\n${await client.info('persistence')}`,
  );
  const { redis_version: version = '', maxmemory = '0', maxmemory_policy: policy = '', aof_enabled: aof } = info;
  if (Number.parseInt(version) < OLDEST)
    throw new UnfitLogError(`Redis ${version} is too old: version ${OLDEST}.0 or newer, or Valkey, is required`);
  if (maxmemory !== '0' && policy.startsWith('allkeys'))
    throw new UnfitLogError(
      `Redis would remove the log when its memory is full: set maxmemory-policy to noeviction, not ${policy}`,
    );
  if (aof === '0')
    logger.warn(
      {},
      'Redis keeps no append-only file: what it took since its last snapshot is lost when it ends. Set appendonly to yes',
    );
}

const fieldsOf = (info: string): Readonly<Record<string, string>> =>
  Object.fromEntries([...info.matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, name, value]) => [name, value]));
