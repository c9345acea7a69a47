/** For tests that run on every engine that nodes share. */
import { onTestFinished } from 'vitest';
import type { EngineServer } from './engine-server.ts';
import { describeWithNats, NatsServer } from './nats.ts';
import { describeWithPostgres } from './postgres.ts';
import { describeWithRedis } from './redis.ts';

/** The server ends with its test. */
export type StartEngine = () => Promise<EngineServer>;

export function describeWithEngines(
  title: string,
  define: (start: StartEngine, engine: 'nats' | 'redis' | 'postgres') => void,
): void {
  const startNats = async (): Promise<EngineServer> => {
    const nats = await NatsServer.start();
    onTestFinished(() => nats.stop());
    return nats;
  };
  describeWithNats(`on NATS, ${title}`, () => define(startNats, 'nats'));
  describeWithRedis(`on Redis, ${title}`, (start) => define(start, 'redis'));
  describeWithPostgres(`on PostgreSQL, ${title}`, (start) => define(start, 'postgres'));
}
