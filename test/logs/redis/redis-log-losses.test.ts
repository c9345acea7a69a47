import { cpSync, rmSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import type { OrderedLog } from '../../../src/core/replication/ordered-log.ts';
import { hearing, temporaryDirectory } from '../../support/engines/kept.ts';
import { type Network, networkTo } from '../../support/sockets/proxy.ts';
import { describeWithRedis, type RedisServer } from '../../support/engines/redis.ts';
import { KEYS, openRedisLog } from '../../support/engines/redis-logs.ts';
import { appendTexts, at, follow, textOf } from '../../../src/testing/recording.ts';
import { appendForSure } from '../writing.ts';

/** Resolves once somebody waits for what comes next. */
async function blocked(client: Redis): Promise<void> {
  await expect.poll(async () => /^blocked_clients:(\d+)/m.exec(await client.info('clients'))?.[1]).not.toBe('0');
}

describeWithRedis('Redis log, when what it was on', (start) => {
  it.each<[string, (redis: RedisServer) => Promise<unknown>]>([
    ['has kept nothing', (redis) => redis.kill().then(() => redis.start())],
    ['was emptied', (redis) => redis.client().flushall()],
    ['has lost the stream', (redis) => redis.client().del(KEYS.commands)],
  ])('%s, says so to all, is founded anew by one of them, and takes nothing of the old one’s (G4)', async (_, lose) => {
    const redis = await start({ isPersistent: false });
    const [log, other] = [await openRedisLog(redis.url), await openRedisLog(redis.url)];
    const epoch = await log.open();
    const followers = [await follow(log, 1), await follow(other, 1)] as const;
    await appendTexts(log, 'a', 'b');
    await Promise.all(followers.map((follower) => follower.until(2)));
    await lose(redis);
    await Promise.all(followers.map((follower) => follower.untilBroken()));
    const epochs = await Promise.all([log.open(), other.open()]);
    expect(epochs[0]).not.toBe(epoch);
    expect(epochs[1]).toBe(epochs[0]);
    const again = [await follow(log, 1), await follow(other, 1)] as const;
    expect(await appendForSure(log, 'c')).toBe(1);
    expect(await appendForSure(other, 'd')).toBe(2);
    await Promise.all(again.map((follower) => follower.until(2)));
    for (const follower of again) expect(follower.held.map(textOf)).toEqual(['c', 'd']);
    for (const follower of followers) expect(follower.held.map(textOf)).toEqual(['a', 'b']);
  });

  it('was emptied, takes nothing until it was opened again, and says that nothing was written', async () => {
    const redis = await start();
    const log = await openRedisLog(redis.url, { engineTimeoutMs: 1000 });
    await appendTexts(log, 'a');
    const client = redis.client();
    await client.flushall();
    await expect(log.append(Buffer.from('b'), 'b')).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    expect(await client.exists(KEYS.commands)).toBe(0);
  });

  it('was made anew by somebody else, and has grown beyond it, takes nothing of the old one’s', async () => {
    const redis = await start();
    const network = await networkTo(redis.url);
    const log = await openRedisLog(network.url);
    const follower = await follow(log, 1);
    await appendTexts(log, 'a', 'b');
    await follower.until(2);
    network.cut();
    await redis.client().flushall();
    await appendTexts(await openRedisLog(redis.url), 'x', 'y', 'z');
    network.mend();
    await follower.untilBroken();
    await expect(log.append(Buffer.from('c'), 'c')).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    expect(follower.held.map(textOf)).toEqual(['a', 'b']);
    await log.open();
    expect(await log.last()).toBe(3);
  });
});

describeWithRedis('Redis log, when it', (start) => {
  it('has lost its newest part, says so, though nothing comes', async () => {
    const { redis, log, follower, network } = await rolledBack();
    await redis.start();
    network.mend();
    await follower.untilBroken();
    expect(await log.last()).toBe(2);
  });

  it('has lost its newest part and grown beyond it, says so before it hands on any of that', async () => {
    const { redis, follower, network } = await rolledBack();
    await redis.start();
    await appendTexts(await openRedisLog(redis.url), 'x', 'y', 'z', 'u');
    network.mend();
    expect(await follower.untilBroken()).toMatch(/entry 4 /);
    expect(follower.held.map(textOf)).toEqual(['1', '2', '3', '4']);
  });

  async function rolledBack(): Promise<{
    redis: RedisServer;
    network: Network;
    log: OrderedLog;
    follower: Awaited<ReturnType<typeof follow>>;
  }> {
    const redis = await start();
    const network = await networkTo(redis.url);
    const log = await openRedisLog(network.url);
    const follower = await follow(log, 1);
    await appendTexts(log, '1', '2');
    await redis.kill();
    const backup = temporaryDirectory();
    cpSync(redis.store, backup, { recursive: true });
    await redis.start();
    await appendForSure(log, '3');
    await appendForSure(log, '4');
    await follower.until(await log.last());
    network.cut();
    await redis.kill();
    rmSync(redis.store, { recursive: true });
    cpSync(backup, redis.store, { recursive: true });
    return { redis, network, log, follower };
  }

  it('was replaced under a follower that waits, with what looks as if it only went on, says so before it hands on any of that', async () => {
    const redis = await start();
    const log = await openRedisLog(redis.url);
    await appendTexts(log, '1');
    const client = redis.client();
    const [old, epoch] = [await client.dumpBuffer(KEYS.commands), await client.get(KEYS.epoch)];
    const follower = await follow(log, 1);
    await appendTexts(log, '2');
    await follower.until(2);
    await blocked(client);
    // As a server that has become a copy of another one: it gets what that one has, and then what is written there.
    const other = client.multi().restore(KEYS.commands, 0, old, 'REPLACE');
    for (const text of ['x', 'y']) other.xadd(KEYS.commands, `${epoch}-*`, 'time', '1', 'data', text);
    await other.exec();
    expect(await follower.untilBroken()).toMatch(/entry 2 /);
    expect(follower.held.map(textOf)).toEqual(['1', '2']);
  });

  it('was trimmed beyond what a follower has, says so; one that has it all goes on', async () => {
    const redis = await start();
    const network = await networkTo(redis.url);
    const [log, other] = [await openRedisLog(network.url), await openRedisLog(redis.url)];
    const [behind, ahead] = [await follow(log, 1), await follow(other, 1)];
    await appendTexts(other, '1');
    await Promise.all([behind.until(1), ahead.until(1)]);
    network.cut();
    await appendTexts(other, '2', '3');
    await ahead.until(3);
    await other.trim(at(4));
    await appendTexts(other, '4');
    network.mend();
    expect(await behind.untilBroken()).toMatch(/sequence 2 /);
    await ahead.until(4);
    expect([behind.sequences, ahead.sequences, ahead.reasons]).toEqual([[1], [1, 2, 3, 4], []]);
    await expect(log.entryAt(at(1))).resolves.toBeUndefined();
  });

  it('was trimmed to nothing goes on where it was, also for who comes later', async () => {
    const redis = await start();
    const log = await openRedisLog(redis.url);
    const follower = await follow(log, 1);
    await appendTexts(log, '1', '2');
    await follower.until(2);
    await log.trim(at(3));
    await redis.kill();
    await redis.start();
    const later = await openRedisLog(redis.url);
    expect(await later.last()).toBe(2);
    const behind = await follow(later, 3);
    expect(await appendForSure(log, '3')).toBe(3);
    await Promise.all([follower.until(3), behind.until(3)]);
    expect([follower.reasons, behind.reasons]).toEqual([[], []]);
  });

  it('lacks an entry in the middle says so, and never skips it', async () => {
    const redis = await start();
    const log = await openRedisLog(redis.url);
    await appendTexts(log, '1', '2', '3', '4');
    const client = redis.client();
    const [, second] = await client.xrange(KEYS.commands, '-', '+');
    await client.xdel(KEYS.commands, second?.[0] ?? '');
    const follower = await follow(log, 1);
    expect(await follower.untilBroken()).toMatch(/sequence 2\b/);
    expect(follower.held.map(textOf)).toEqual(['1']);
  });

  it('has entries of somebody else’s between its own, hands them on as what changes nothing', async () => {
    const redis = await start();
    const log = await openRedisLog(redis.url);
    const follower = await follow(log, 1);
    await appendTexts(log, 'a');
    const client = redis.client();
    await client.xadd(KEYS.commands, `${await client.get(KEYS.epoch)}-*`, 'foreign', 'x');
    await follower.until(2);
    await appendTexts(log, 'b');
    const later = await follow(log, 1);
    for (const each of [follower, later]) {
      await each.until(3);
      expect(each.held.map(textOf)).toEqual(['a', expect.not.stringMatching(/^[ab]$/), 'b']);
      expect(each.reasons).toEqual([]);
    }
  });

  it('has an entry of somebody else’s that ends it, is not well, and says so', async () => {
    const redis = await start();
    const heard = hearing();
    const log = await openRedisLog(redis.url, { engineTimeoutMs: 1000, logger: heard.logger });
    const follower = await follow(log, 1);
    await appendTexts(log, 'a');
    await follower.until(1);
    await redis.client().xadd(KEYS.commands, '18446744073709551614-1', 'foreign', 'x');
    await follower.untilBroken();
    await expect(log.open()).rejects.toThrow(/\{test\}:commands/);
    expect(follower.held.map(textOf)).toEqual(['a']);
  });
});
