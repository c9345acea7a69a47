import { afterAll, beforeAll } from 'vitest';
import { redisLog } from '../../../src/logs/redis/redis-log.ts';
import { describeWithRedis, RedisServer } from '../../support/engines/redis.ts';
import { describeLog } from '../conformance.ts';

describeWithRedis('Redis log', (_, program) => {
  let redis: RedisServer;
  let streams = 0;
  beforeAll(async () => (redis = await RedisServer.start({ program })));
  afterAll(() => redis.stop());

  describeLog('Redis log', async () => {
    const options = { url: redis.url, stream: `s${streams++}` };
    return { log: redisLog(options), reopen: async () => redisLog(options) };
  });
});
