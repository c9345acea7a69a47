/** The shared tests of remote logs run on every engine. */
import { onTestFinished } from 'vitest';
import type { OrderedLog } from '../../../src/core/replication/ordered-log.ts';
import type { RemoteLogOptions } from '../../../src/logs/remote/options.ts';
import { natsEngine } from '../remote-engines/nats-engine.ts';
import { postgresEngine } from '../remote-engines/postgres-engine.ts';
import { redisEngine } from '../remote-engines/redis-engine.ts';
import type { RemoteEngine } from '../remote-engines/remote-engine.ts';
import { describeWithNats } from './nats.ts';
import { describeWithPostgres } from './postgres.ts';
import { describeWithRedis } from './redis.ts';

export type { RemoteEngine } from '../remote-engines/remote-engine.ts';

/** Defines the same tests for every engine that nodes share. */
export function describeRemoteLogs(title: string, define: (engine: RemoteEngine) => void): void {
  describeWithNats(`on NATS: ${title}`, () => define(natsEngine));
  describeWithRedis(`on Redis: ${title}`, (start) => define(redisEngine(start)));
  describeWithPostgres(`on PostgreSQL: ${title}`, (start) => define(postgresEngine(start)));
}

/** Open, and closed when the test ends. */
export async function openLog(
  engine: RemoteEngine,
  url: string,
  options: Partial<RemoteLogOptions> = {},
): Promise<OrderedLog> {
  const log = engine.log(url, options);
  onTestFinished(() => log.close());
  await log.open();
  return log;
}
