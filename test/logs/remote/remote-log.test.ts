import { afterAll, beforeAll } from 'vitest';
import { natsLog } from '../../../src/logs/nats/nats-log.ts';
import { postgresLog } from '../../../src/logs/postgres/postgres-log.ts';
import { redisLog } from '../../../src/logs/redis/redis-log.ts';
import { describeWithNats, NatsServer } from '../../support/engines/nats.ts';
import { describeWithPostgres, PostgresServer } from '../../support/engines/postgres.ts';
import { describeWithRedis, RedisServer } from '../../support/engines/redis.ts';
import { describeLog } from '../conformance.ts';

/** One server for all tests, and a stream for each. */
let streams = 0;

describeWithNats('NATS log', () => {
  let nats: NatsServer;
  beforeAll(async () => (nats = await NatsServer.start()));
  afterAll(() => nats.stop());

  describeLog('a log on NATS', () => {
    const options = { servers: nats.url, stream: `s${streams++}` };
    return { log: natsLog(options), reopen: () => natsLog(options) };
  });
});

describeWithRedis('Redis log', (_, program) => {
  let redis: RedisServer;
  beforeAll(async () => (redis = await RedisServer.start({ program })));
  afterAll(() => redis.stop());

  describeLog('a log on Redis', () => {
    const options = { url: redis.url, stream: `s${streams++}` };
    return { log: redisLog(options), reopen: () => redisLog(options) };
  });
});

describeWithPostgres('PostgreSQL log', () => {
  let postgres: PostgresServer;
  beforeAll(async () => (postgres = await PostgresServer.start()));
  afterAll(() => postgres.stop());

  describeLog('a log on PostgreSQL', () => {
    const options = { url: postgres.url, stream: `s${streams++}` };
    return { log: postgresLog(options), reopen: () => postgresLog(options) };
  });
});
