import { expect, it } from 'vitest';
import { redisLog } from '../../../src/logs/redis/redis-log.ts';
import { describeWithRedis } from '../../support/engines/redis.ts';
import { openRedisLog } from '../../support/engines/redis-logs.ts';
import { appendTexts, follow } from '../../../src/testing/recording.ts';
import { leave, WAYS } from '../leaving.ts';

describeWithRedis('a closed Redis log', (start) => {
  it.each(WAYS)('leaves nothing that keeps a process, when its server %s', async (how) => {
    const redis = await start();
    const log = `redisLog({ url: '${redis.url}', engineTimeoutMs: 1000 })`;
    expect(await leave(redis, 'redis', log, how)).toEqual([0, null]);
  });

  it('leaves no connection behind, nor does a follower that has stopped', async () => {
    const redis = await start();
    const client = redis.client();
    const connections = async (): Promise<number> =>
      String(await client.call('CLIENT', 'LIST')).match(/ name=seamline /g)?.length ?? 0;
    const log = await openRedisLog(redis.url);
    const alone = await connections();
    const followers = [await follow(log, 1), await follow(log, 1)] as const;
    await appendTexts(log, 'a');
    await followers[0].until(1);
    expect(await connections()).toBe(alone + 2);
    followers[0].stop();
    await expect.poll(connections).toBe(alone + 1);
    await log.close();
    await expect.poll(connections).toBe(0);
  });

  it('refuses what comes, and says what it knows of what was under way', async () => {
    const redis = await start();
    const log = await openRedisLog(redis.url);
    redis.pause();
    const append = log.append(Buffer.from('a'), 'a');
    const closed = log.close();
    await expect(append).rejects.toMatchObject({ code: expect.stringMatching(/INDETERMINATE|ENGINE_UNAVAILABLE/) });
    await expect(log.append(Buffer.from('b'), 'b')).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    await expect(log.last()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    await closed;
    expect(log.health()).toEqual({ ok: false, reason: 'the log is closed' });
    redis.resume();
  });

  it('says that what it has given away may be there', async () => {
    const redis = await start();
    const log = await openRedisLog(redis.url, { engineTimeoutMs: 1000 });
    await appendTexts(log, 'a');
    const client = redis.client();
    // Takes what comes, and does none of it.
    await client.call('CLIENT', 'PAUSE', '60000', 'ALL');
    const append = log.append(Buffer.from('b'), 'b');
    append.catch(() => {});
    const sent = Promise.withResolvers<void>();
    setImmediate(() => setImmediate(sent.resolve));
    await sent.promise;
    await log.close();
    await expect(append).rejects.toMatchObject({ code: 'INDETERMINATE' });
  });

  it('may be closed before it was opened, and twice', async () => {
    const redis = await start();
    await redisLog({ url: redis.url }).close();
    const log = await openRedisLog(redis.url);
    await log.close();
    await log.close();
    await expect(log.open()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
  });
});
