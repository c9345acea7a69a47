import { expect, it } from 'vitest';
import { redisLog } from '../../../src/logs/redis/redis-log.ts';
import { hearing } from '../../support/engines/kept.ts';
import { networkTo } from '../../support/sockets/proxy.ts';
import { describeWithRedis } from '../../support/engines/redis.ts';
import { KEYS, openRedisLog } from '../../support/engines/redis-logs.ts';
import { appendTexts, follow, upTo } from '../../../src/testing/recording.ts';
import { appendForSure, expectAll, write } from '../writing.ts';

/** What says that Redis is not there, or not there any more. */
const AWAY = { ok: false, reason: expect.stringMatching(/Redis/) };
const PATIENT = { timeout: 60_000 };

describeWithRedis('Redis log, when its server', (start) => {
  it('is killed and started again, again and again, loses nothing that was flushed (G7)', async () => {
    const redis = await start();
    const log = await openRedisLog(redis.url);
    const follower = await follow(log, 1);
    const writing = write(log, 16, 120);
    for (const reached of [200, 600, 1200]) {
      await follower.until(reached);
      await redis.kill();
      await redis.start();
    }
    const answered = await writing;
    await follower.until(await log.last());
    expectAll(follower, answered);
  });

  it('stands still, does not know what became of appends, and says so in time', async () => {
    const redis = await start();
    const log = await openRedisLog(redis.url, { engineTimeoutMs: 1000 });
    const follower = await follow(log, 1);
    await appendTexts(log, 'before');
    redis.pause();
    const appends = ['a', 'b'].map((text) => log.append(Buffer.from(text), `id-${text}`));
    for (const outcome of await Promise.allSettled(appends))
      expect(outcome).toMatchObject({ reason: { code: expect.stringMatching(/INDETERMINATE|ENGINE_UNAVAILABLE/) } });
    await expect.poll(() => log.health(), PATIENT).toEqual(AWAY);
    redis.resume();
    const answered = new Map([['before', 1]]);
    for (const text of ['b', 'a', 'c']) answered.set(text, await appendForSure(log, text));
    await follower.until(await log.last());
    expectAll(follower, answered);
    await expect.poll(() => log.health(), PATIENT).toEqual({ ok: true });
  });

  it('is gone for good, says that nothing was written, at once after a while', async () => {
    const redis = await start();
    const log = await openRedisLog(redis.url, { engineTimeoutMs: 1000 });
    await redis.kill();
    await expect.poll(() => log.health(), PATIENT).toEqual(AWAY);
    for (let i = 0; i < 2; i++)
      await expect(log.append(Buffer.from('a'), `a${i}`)).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    await expect(log.last()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    await redis.start();
    expect(await appendForSure(log, 'b')).toBe(1);
  });

  it('can’t be reached for a while, hands on what others appended meanwhile, dense', async () => {
    const redis = await start();
    const network = await networkTo(redis.url);
    const [log, other] = [await openRedisLog(network.url), await openRedisLog(redis.url)];
    const follower = await follow(log, 1);
    const answered = await write(log, 4, 5);
    for (const round of upTo(3)) {
      network.cut();
      const meanwhile = await write(other, 4, 10 * round);
      const waiting = appendForSure(log, `waiting ${round}`);
      await network.refusal();
      network.mend();
      answered.set(`waiting ${round}`, await waiting);
      for (const [text, sequence] of meanwhile) answered.set(text, sequence);
    }
    await follower.until(await log.last());
    expectAll(follower, answered);
  });

  it('forgets its scripts and tears its connections, goes on', async () => {
    const redis = await start();
    const log = await openRedisLog(redis.url);
    const follower = await follow(log, 1);
    const client = redis.client();
    const writing = write(log, 8, 100);
    for (const reached of [200, 500]) {
      await follower.until(reached);
      await client.script('FLUSH');
      await client.call('CLIENT', 'KILL', 'TYPE', 'NORMAL', 'SKIPME', 'YES');
    }
    const answered = await writing;
    await follower.until(await log.last());
    expectAll(follower, answered);
  });

  it('is full, says that nothing was written, and takes more when there is room again', async () => {
    const redis = await start();
    const log = await openRedisLog(redis.url, { engineTimeoutMs: 1000 });
    const follower = await follow(log, 1);
    await appendTexts(log, 'before');
    const client = redis.client();
    await client.config('SET', 'maxmemory', '1');
    await expect(log.append(Buffer.from('refused'), 'refused')).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
      message: expect.stringMatching(/memory/),
    });
    await expect.poll(() => log.health(), PATIENT).toEqual(AWAY);
    await client.config('SET', 'maxmemory', '0');
    expect(await appendForSure(log, 'after')).toBe(2);
    await expect.poll(() => log.health(), PATIENT).toEqual({ ok: true });
    await follower.until(2);
    expectAll(follower, new Map(['before', 'after'].map((text, n) => [text, n + 1])));
  });

  it('becomes a copy of another one, takes nothing until it is the master again, and has what the other one took', async () => {
    const master = await start();
    const copy = await start({ replicaOf: master.url });
    const log = await openRedisLog(master.url, { engineTimeoutMs: 1000 });
    const follower = await follow(log, 1);
    await appendTexts(log, 'before');
    const [client, other] = [master.client(), copy.client()];
    await other.replicaof('NO', 'ONE');
    await client.replicaof('127.0.0.1', copy.port);
    await expect(log.append(Buffer.from('refused'), 'refused')).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    await expect.poll(() => log.health(), PATIENT).toEqual(AWAY);
    const elsewhere = await openRedisLog(copy.url);
    await appendTexts(elsewhere, 'meanwhile');
    await follower.until(2);
    await client.replicaof('NO', 'ONE');
    expect(await appendForSure(log, 'after')).toBe(3);
    await follower.until(3);
    expectAll(follower, new Map(['before', 'meanwhile', 'after'].map((text, n) => [text, n + 1])));
    await expect.poll(() => log.health(), PATIENT).toEqual({ ok: true });
  });
});

describeWithRedis('Redis log that waits for copies', (start) => {
  it('answers once so many have it, and while they don’t, that it may be lost', async () => {
    const master = await start();
    const copy = await start({ replicaOf: master.url });
    await master.copied();
    const log = await openRedisLog(master.url, { wait: 1 });
    expect(await appendTexts(log, 'a')).toEqual([1]);
    expect(await copy.client().xlen(KEYS.commands)).toBe(1);
    copy.pause();
    const impatient = await openRedisLog(master.url, { wait: 1, engineTimeoutMs: 1000 });
    await expect(impatient.append(Buffer.from('b'), 'b')).rejects.toMatchObject({ code: 'INDETERMINATE' });
    copy.resume();
    const sequence = await appendForSure(log, 'c');
    expect((await copy.client().xrange(KEYS.commands, '-', '+')).at(-1)?.[0]).toMatch(new RegExp(`-${sequence}$`));
  });
});

describeWithRedis('a Redis log can’t be opened, and says why:', (start) => {
  it.each([
    ['its server would remove it', ['maxmemory 50mb', 'maxmemory-policy allkeys-lru'], /allkeys-lru/],
    ['its server would remove it at random', ['maxmemory 50mb', 'maxmemory-policy allkeys-random'], /allkeys-random/],
  ])('%s', async (_, config, words) => {
    const redis = await start({ config });
    await expect(openRedisLog(redis.url)).rejects.toThrow(words);
  });

  it('its server is too old', async () => {
    const redis = await start();
    const network = await networkTo(redis.url, (answer) =>
      Buffer.from(answer.toString('latin1').replace(/redis_version:\d/, 'redis_version:6'), 'latin1'),
    );
    await expect(openRedisLog(network.url)).rejects.toThrow(/6\.\d+\.\d+/);
  });

  it.each([
    ['text', ['SET', KEYS.commands, 'x']],
    ['a stream of somebody else’s', ['XADD', KEYS.commands, '*', 'a', 'b']],
    ['a list where its epoch should be', ['RPUSH', KEYS.epoch, 'x']],
  ])('%s is in its place', async (_, [command, ...args]) => {
    const redis = await start();
    // A command has a name.
    await redis.client().call(command!, ...args);
    await expect(openRedisLog(redis.url, { engineTimeoutMs: 1000 })).rejects.toThrow(/\{test\}/);
  });

  it('nobody is there', async () => {
    const redis = await start();
    await redis.kill();
    const { logger } = hearing();
    const log = redisLog({ url: redis.url, engineTimeoutMs: 500, logger });
    await expect(log.open()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE', message: /refused/i });
    await log.close();
  });
});
