import type { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import { appendTexts, follow } from '../../../src/testing/recording.ts';
import { describeWithRedis } from '../../support/engines/redis.ts';
import { KEYS, openRedisLog } from '../../support/engines/redis-logs.ts';
import { networkTo } from '../../support/sockets/proxy.ts';

/** Resolves once a client waits for the next entry. */
async function blocked(client: Redis): Promise<void> {
  await expect.poll(async () => /^blocked_clients:(\d+)/m.exec(await client.info('clients'))?.[1]).not.toBe('0');
}

describeWithRedis('losses of Redis', (start) => {
  it('a log whose Redis was emptied refuses appends until it is opened again, and writes nothing', async () => {
    const redis = await start();
    const log = await openRedisLog(redis.url, { engineTimeoutMs: 1000 });
    await appendTexts(log, 'a');
    const client = redis.client();
    await client.flushall();
    await expect(log.append(Buffer.from('b'), 'b')).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    expect(await client.exists(KEYS.commands)).toBe(0);
  });

  it('a log that another node has created again, and that has grown longer, takes no append of the old one', async () => {
    const redis = await start();
    const network = await networkTo(redis.url);
    const log = await openRedisLog(network.url);
    const listener = await follow(log, 1);
    await appendTexts(log, 'a', 'b');
    await listener.until(2);
    network.cut();
    await redis.client().flushall();
    await appendTexts(await openRedisLog(redis.url), 'x', 'y', 'z');
    network.mend();
    await listener.untilBroken();
    await expect(log.append(Buffer.from('c'), 'c')).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    expect(listener.texts).toEqual(['a', 'b']);
    await log.open();
    expect(await log.last()).toBe(3);
  });

  it('a waiting listener is told of a stream that was replaced by one that seems to continue it, before it gets any of that', async () => {
    const redis = await start();
    const log = await openRedisLog(redis.url);
    await appendTexts(log, '1');
    const client = redis.client();
    const [old, epoch] = [await client.dumpBuffer(KEYS.commands), await client.get(KEYS.epoch)];
    const listener = await follow(log, 1);
    await appendTexts(log, '2');
    await listener.until(2);
    await blocked(client);
    // A server that becomes a replica does the same: it gets the data of the other one, then what is written there.
    const other = client.multi().restore(KEYS.commands, 0, old, 'REPLACE');
    for (const text of ['x', 'y']) other.xadd(KEYS.commands, `${epoch}-*`, 'time', '1', 'data', text);
    await other.exec();
    expect(await listener.untilBroken()).toMatch(/entry 2 /);
    expect(listener.texts).toEqual(['1', '2']);
  });

  it('a listener is told of a missing entry, and never gets the ones after it', async () => {
    const redis = await start();
    const log = await openRedisLog(redis.url);
    await appendTexts(log, '1', '2', '3', '4');
    const client = redis.client();
    const [, second] = await client.xrange(KEYS.commands, '-', '+');
    await client.xdel(KEYS.commands, second?.[0] ?? '');
    const listener = await follow(log, 1);
    expect(await listener.untilBroken()).toMatch(/sequence 2\b/);
    expect(listener.texts).toEqual(['1']);
  });

  it('a listener is told of a foreign entry after which no other can come, and the log is not opened again', async () => {
    const redis = await start();
    const log = await openRedisLog(redis.url, { engineTimeoutMs: 1000 });
    const listener = await follow(log, 1);
    await appendTexts(log, 'a');
    await listener.until(1);
    await redis.client().xadd(KEYS.commands, '18446744073709551614-1', 'foreign', 'x');
    await listener.untilBroken();
    await expect(log.open()).rejects.toThrow(/\{test\}:commands/);
    expect(listener.texts).toEqual(['a']);
  });
});
