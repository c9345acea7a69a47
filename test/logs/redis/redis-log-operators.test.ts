import { expect, it, onTestFinished } from 'vitest';
import { StreamingMap } from '../../../src/core/streaming-map.ts';
import { redisLog } from '../../../src/logs/redis/redis-log.ts';
import { hearing } from '../../support/engines/kept.ts';
import { describeWithRedis, type RedisServer } from '../../support/engines/redis.ts';
import { KEYS } from '../../support/engines/redis-logs.ts';
import { expectSame, write } from '../snapshots.ts';

const PATIENT = { timeout: 60_000 };

describeWithRedis('commands of an operator', (start) => {
  async function openNode(redis: RedisServer, url = redis.url): Promise<{ map: StreamingMap; lines: string[] }> {
    const { logger, lines } = hearing();
    const map = await StreamingMap.open({ log: redisLog({ url, stream: 'test', logger }), logger });
    onTestFinished(() => map.close());
    return { map, lines };
  }

  const unready = (words: RegExp) => ({ ok: false, reason: expect.stringMatching(words) });

  it('a node is unready and refuses insertions while Redis may remove any key, until its policy is changed back', async () => {
    const redis = await start();
    const { map } = await openNode(redis);
    const client = redis.client();
    await client.config('SET', 'maxmemory', '500mb');
    await client.config('SET', 'maxmemory-policy', 'allkeys-lru');
    const words = /set maxmemory-policy to noeviction, not allkeys-lru/;
    await expect.poll(() => map.health(), PATIENT).toEqual(unready(words));
    await expect(map.insert({ key: 'a', value: 1 })).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
      message: expect.stringMatching(words),
    });
    await client.config('SET', 'maxmemory-policy', 'noeviction');
    await expect.poll(() => map.health(), PATIENT).toEqual({ ok: true });
    await map.insert({ key: 'a', value: 1 });
  });

  it('a node warns when the append-only file is switched off', async () => {
    const redis = await start();
    const { map, lines } = await openNode(redis);
    await redis.client().config('SET', 'appendonly', 'no');
    await expect.poll(() => lines, PATIENT).toContainEqual(expect.stringMatching(/keeps no append-only file/));
    expect(map.health()).toEqual({ ok: true });
  });

  it('a node goes on after the key of the epoch was removed, because the entries hold the epoch', async () => {
    const redis = await start();
    const { map } = await openNode(redis);
    await write(map, 1);
    const { epoch } = map.replica;
    await redis.client().del(KEYS.epoch);
    await expect.poll(() => map.health(), PATIENT).toMatchObject({ ok: false });
    await expect.poll(() => map.health(), PATIENT).toEqual({ ok: true });
    await map.insert({ key: 'after', value: 1 });
    expect(map.replica.epoch).toBe(epoch);
    await expectSame(map, (await openNode(redis)).map);
  });

  it('a node is unready and names the key when something else is written over the stream, and keeps serving what it has', async () => {
    const redis = await start();
    const { map } = await openNode(redis);
    await map.insert({ key: 'a', value: 1 });
    await redis.client().set(KEYS.commands, 'something else');
    await expect.poll(() => map.health(), PATIENT).toEqual(unready(/\{test\}:commands .* something else than a log/));
    expect(map.get('a')).toMatchObject({ value: 1 });
    await expect(map.insert({ key: 'b', value: 1 })).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
  });

  it('a node names the right that it has lost, and goes on when it has it again', async () => {
    const redis = await start({ config: ['user anna on >right ~* &* +@all'] });
    const { map } = await openNode(redis, redis.url.replace('//', '//anna:right@'));
    const client = redis.client();
    await client.acl('SETUSER', 'anna', '-evalsha', '-eval');
    await expect.poll(() => map.health(), PATIENT).toEqual(unready(/^Redis refuses: NOPERM/));
    await client.acl('SETUSER', 'anna', '+evalsha', '+eval');
    await expect.poll(() => map.health(), PATIENT).toEqual({ ok: true });
    await client.acl('DELUSER', 'anna');
    await expect.poll(() => map.health(), PATIENT).toEqual(unready(/the connection to Redis is lost: WRONGPASS/));
  });

  it('a node is unready and names the sequences that are missing when the count of the stream was moved on', async () => {
    const redis = await start();
    const { map } = await openNode(redis);
    await map.insert({ key: 'a', value: 1 });
    const client = redis.client();
    const last = map.replica.sequence;
    await client.call('XSETID', KEYS.commands, `${await client.get(KEYS.epoch)}-${last + 10}`);
    await expect
      .poll(() => map.health(), PATIENT)
      .toEqual(
        unready(
          new RegExp(`sequence ${last + 1} to ${last + 10} are missing in the log, though it has counted as far`),
        ),
      );
    await expect(map.insert({ key: 'refused', value: 1 })).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    await client.call('XSETID', KEYS.commands, `${await client.get(KEYS.epoch)}-${last}`);
    await expect.poll(() => map.health(), PATIENT).toEqual({ ok: true });
    await map.insert({ key: 'b', value: 1 });
  });

  it.each(['xadd', 'time'])('a node that may not use %s is unready and refuses insertions', async (command) => {
    const redis = await start({ config: ['user anna on >right ~* &* +@all'] });
    const { map } = await openNode(redis, redis.url.replace('//', '//anna:right@'));
    const client = redis.client();
    await client.acl('SETUSER', 'anna', `-${command}`);
    await expect.poll(() => map.health(), PATIENT).toEqual(unready(/^Redis refuses writes: /));
    await expect(map.insert({ key: 'a', value: 1 })).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    await client.acl('SETUSER', 'anna', `+${command}`);
    await expect.poll(() => map.health(), PATIENT).toEqual({ ok: true });
    await map.insert({ key: 'a', value: 1 });
  });

  it.each(['xread', 'xrange'])(
    'a node that may not use %s is unready and names that, and none starts',
    async (command) => {
      const redis = await start({ config: ['user anna on >right ~* &* +@all'] });
      const url = redis.url.replace('//', '//anna:right@');
      const { map } = await openNode(redis, url);
      const client = redis.client();
      await client.acl('SETUSER', 'anna', `-${command}`);
      const words = new RegExp(`Redis refuses: NOPERM .*${command}`);
      await expect.poll(() => map.health(), PATIENT).toEqual(unready(words));
      await expect(openNode(redis, url)).rejects.toThrow(words);
      await client.acl('SETUSER', 'anna', `+${command}`);
      await expect.poll(() => map.health(), PATIENT).toEqual({ ok: true });
      await map.insert({ key: 'a', value: 1 });
    },
  );

  it('a node is unready and names the reason while the snapshots can’t be read', async () => {
    const redis = await start();
    const { map } = await openNode(redis);
    await map.insert({ key: 'a', value: 1 });
    await redis.client().set(KEYS.snapshots, 'something else');
    await expect.poll(() => map.health(), PATIENT).toEqual(unready(/^the snapshots can't be read: .*WRONGTYPE/));
    await redis.client().del(KEYS.snapshots);
    await expect.poll(() => map.health(), PATIENT).toEqual({ ok: true });
  });

  it('a node goes on when an entry far ahead of the others, and the count that it has moved, are taken back', async () => {
    const redis = await start();
    const { map } = await openNode(redis);
    await map.insert({ key: 'a', value: 1 });
    const client = redis.client();
    const [epoch, last] = [await client.get(KEYS.epoch), map.replica.sequence];
    await client.xadd(KEYS.commands, `${epoch}-1000`, 'foreign', 'x');
    const words = new RegExp(`sequence ${last + 1} to 999 are missing in the log: the next entry is 1000`);
    await expect.poll(() => map.health(), PATIENT).toEqual(unready(words));
    await client.xdel(KEYS.commands, `${epoch}-1000`);
    await client.call('XSETID', KEYS.commands, `${epoch}-${last}`);
    await expect.poll(() => map.health(), PATIENT).toEqual({ ok: true });
    await map.insert({ key: 'b', value: 1 });
    await expectSame(map, (await openNode(redis)).map);
  });

  it('a node whose connection for reading can’t come back is unready, though Redis takes appends', async () => {
    const redis = await start();
    const { map } = await openNode(redis);
    const client = redis.client();
    await client.config('SET', 'maxclients', '1');
    const readers = String(await client.call('CLIENT', 'LIST')).matchAll(/^id=(\d+) .* cmd=xread /gm);
    for (const [, id] of readers) await client.call('CLIENT', 'KILL', 'ID', String(id));
    await expect.poll(() => map.health(), PATIENT).toEqual(unready(/^the connection to Redis for reading is lost/));
    await client.config('SET', 'maxclients', '1000');
    await expect.poll(() => map.health(), PATIENT).toEqual({ ok: true });
    await map.insert({ key: 'a', value: 1 });
  });

  it('a node refuses to start when an entry was removed that nothing else holds, and names it', async () => {
    const redis = await start();
    const { map } = await openNode(redis);
    await write(map, 1);
    await map.close();
    const client = redis.client();
    await client.xdel(KEYS.commands, `${await client.get(KEYS.epoch)}-5`);
    await expect(openNode(redis)).rejects.toThrow('sequence 5 is missing in the log: the next entry is 6');
  });
});
