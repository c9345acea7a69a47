import { expect, it } from 'vitest';
import { networkTo } from '../../support/sockets/proxy.ts';
import { describeWithRedis } from '../../support/engines/redis.ts';
import { KEYS, openRedisLog } from '../../support/engines/redis-logs.ts';
import { appendTexts, follow } from '../../../src/testing/recording.ts';
import { appendForSure, expectAll, write } from '../writing.ts';

const UNWELL = { ok: false, reason: expect.stringMatching(/Redis/) };
const PATIENT = { timeout: 60_000 };

describeWithRedis('faults of Redis', (start) => {
  it('an append that was sent to Redis before the log was closed is answered as indeterminate', async () => {
    const redis = await start();
    const log = await openRedisLog(redis.url, { engineTimeoutMs: 1000 });
    await appendTexts(log, 'a');
    const client = redis.client();
    // Redis takes requests, and executes none.
    await client.call('CLIENT', 'PAUSE', '60000', 'ALL');
    const append = log.append(Buffer.from('b'), 'b');
    append.catch(() => {});
    const sent = Promise.withResolvers<void>();
    setImmediate(() => setImmediate(sent.resolve));
    await sent.promise;
    await log.close();
    await expect(append).rejects.toMatchObject({ code: 'INDETERMINATE' });
  });

  it('a log goes on when Redis forgets its scripts and closes its connections', async () => {
    const redis = await start();
    const log = await openRedisLog(redis.url);
    const listener = await follow(log, 1);
    const client = redis.client();
    const writing = write(log, 8, 100);
    for (const reached of [200, 500]) {
      await listener.until(reached);
      await client.script('FLUSH');
      await client.call('CLIENT', 'KILL', 'TYPE', 'NORMAL', 'SKIPME', 'YES');
    }
    const answered = await writing;
    await listener.until(await log.last());
    expectAll(listener, answered);
  });

  it('a log whose Redis is full refuses appends, and takes them when there is room again', async () => {
    const redis = await start();
    const log = await openRedisLog(redis.url, { engineTimeoutMs: 1000 });
    const listener = await follow(log, 1);
    await appendTexts(log, 'before');
    const client = redis.client();
    await client.config('SET', 'maxmemory', '1');
    await expect(log.append(Buffer.from('refused'), 'refused')).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
      message: expect.stringMatching(/memory/),
    });
    await expect.poll(() => log.health(), PATIENT).toEqual(UNWELL);
    await client.config('SET', 'maxmemory', '0');
    expect(await appendForSure(log, 'after')).toBe(2);
    await expect.poll(() => log.health(), PATIENT).toEqual({ ok: true });
    await listener.until(2);
    expectAll(listener, new Map(['before', 'after'].map((text, n) => [text, n + 1])));
  });

  it('a log whose Redis becomes a replica refuses appends until it is the master again, and has what the other one took meanwhile', async () => {
    const master = await start();
    const copy = await start({ replicaOf: master.url });
    const log = await openRedisLog(master.url, { engineTimeoutMs: 1000 });
    const listener = await follow(log, 1);
    await appendTexts(log, 'before');
    await master.copied();
    const [client, other] = [master.client(), copy.client()];
    await other.replicaof('NO', 'ONE');
    await client.replicaof('127.0.0.1', copy.port);
    await expect(log.append(Buffer.from('refused'), 'refused')).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    await expect.poll(() => log.health(), PATIENT).toEqual(UNWELL);
    const elsewhere = await openRedisLog(copy.url);
    await appendTexts(elsewhere, 'meanwhile');
    await listener.until(2);
    await client.replicaof('NO', 'ONE');
    expect(await appendForSure(log, 'after')).toBe(3);
    await listener.until(3);
    expectAll(listener, new Map(['before', 'meanwhile', 'after'].map((text, n) => [text, n + 1])));
    await expect.poll(() => log.health(), PATIENT).toEqual({ ok: true });
  });
});

describeWithRedis('replicas of Redis', (start) => {
  it('an append is answered once enough replicas have it, and as indeterminate while they do not', async () => {
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

describeWithRedis('a Redis that can’t hold a log', (start) => {
  it.each([
    ['all keys by age', ['maxmemory 50mb', 'maxmemory-policy allkeys-lru'], /allkeys-lru/],
    ['all keys at random', ['maxmemory 50mb', 'maxmemory-policy allkeys-random'], /allkeys-random/],
  ])('a log is not opened on a Redis that removes %s when it is full', async (_, config, words) => {
    const redis = await start({ config });
    await expect(openRedisLog(redis.url)).rejects.toThrow(words);
  });

  it('a log is not opened on a Redis that is too old', async () => {
    const redis = await start();
    const network = await networkTo(redis.url, (answer) =>
      Buffer.from(answer.toString('latin1').replace(/redis_version:\d/, 'redis_version:6'), 'latin1'),
    );
    await expect(openRedisLog(network.url)).rejects.toThrow(/6\.\d+\.\d+/);
  });

  it.each([
    ['text', ['SET', KEYS.commands, 'x']],
    ['a stream of another program', ['XADD', KEYS.commands, '*', 'a', 'b']],
    ['a list where its epoch should be', ['RPUSH', KEYS.epoch, 'x']],
  ])('a log is not opened where its keys hold %s', async (_, [command, ...args]) => {
    const redis = await start();
    // A command has a name: `command` is not undefined.
    await redis.client().call(command!, ...args);
    await expect(openRedisLog(redis.url, { engineTimeoutMs: 1000 })).rejects.toThrow(/\{test\}/);
  });
});
