import { expect, it, onTestFinished } from 'vitest';
import type { StreamingMapOptions } from '../../../src/core/map-options.ts';
import { StreamingMap } from '../../../src/core/streaming-map.ts';
import { redisLog, type RedisLogOptions } from '../../../src/logs/redis/redis-log.ts';
import { hearing } from '../../support/engines/kept.ts';
import { describeWithRedis, type RedisServer } from '../../support/engines/redis.ts';
import { KEYS, openRedisLog } from '../../support/engines/redis-logs.ts';
import { appendTexts, at, upTo } from '../../../src/testing/recording.ts';
import { inPieces, readSnapshots } from '../../../src/testing/recording.ts';
import { expectSame, save, write } from '../snapshots.ts';

const SNAPSHOT = /made a snapshot/;
const PIECES = '{test}:snapshot:*';

async function openNode(
  url: string,
  options: Partial<RedisLogOptions> = {},
  map: Partial<StreamingMapOptions> = {},
): Promise<StreamingMap> {
  const log = redisLog({ url, stream: 'test', ...options });
  const opened = await StreamingMap.open({ log, logger: options.logger, ...map });
  onTestFinished(() => opened.close());
  return opened;
}

/** Where the log begins. */
async function firstOf(redis: RedisServer): Promise<number> {
  const [first] = await redis.client().xrange(KEYS.commands, '-', '+', 'COUNT', 1);
  return Number(first?.[0].split('-')[1]);
}

describeWithRedis('snapshots of a Redis log', (start) => {
  it('are exact, so that a late joiner has what the log gave; and the log gives way (G6)', async () => {
    const redis = await start();
    const { logger, until } = hearing();
    const map = await openNode(redis.url, { logger, snapshotBytes: 20_000 }, { maxItems: 90, window: 200 });
    for (const round of upTo(3)) {
      const made = until(SNAPSHOT);
      await write(map, round);
      await made;
    }
    const first = await firstOf(redis);
    expect(first).toBeGreaterThan(12);
    const [newest, older] = await (await openRedisLog(redis.url)).loadSnapshots();
    expect(first).toBe(older?.sequence);
    expect(newest?.sequence).toBeGreaterThan(first);
    await write(map, 4);
    await expectSame(map, await openNode(redis.url));
  });

  it('are made by two nodes at once, while they and others follow, and nobody loses anything (G6)', async () => {
    const redis = await start();
    const heard = [hearing(), hearing()] as const;
    const nodes = await Promise.all(heard.map(({ logger }) => openNode(redis.url, { logger, snapshotBytes: 1 })));
    const bystander = await openNode(redis.url);
    const [one, two] = nodes as [StreamingMap, StreamingMap];
    for (const round of upTo(2)) {
      const made = Promise.any(heard.map(({ until }) => until(SNAPSHOT)));
      await write(one, round);
      await write(two, round);
      await made;
    }
    const logs = await Promise.all([openRedisLog(redis.url), openRedisLog(redis.url)]);
    await write(one, 3);
    await Promise.all(nodes.map((node, n) => save(node, logs[n] ?? logs[0])));
    expect((await logs[0].loadSnapshots()).length).toBe(2);
    for (const other of [two, bystander, await openNode(redis.url)]) await expectSame(one, other);
    expect(heard.flatMap(({ lines }) => lines).filter((line) => line.startsWith('no snapshot'))).toEqual([]);
  });

  it.each<[string, (redis: RedisServer, pieces: string) => Promise<unknown>]>([
    [
      'is damaged',
      async (redis, pieces) => {
        const client = redis.client();
        const piece = await client.lindexBuffer(pieces, 0);
        const altered = Uint8Array.from(piece ?? [], (byte, n) => (n === 500 ? byte ^ 1 : byte));
        await client.lset(pieces, 0, Buffer.from(altered));
      },
    ],
    ['has lost its pieces', (redis, pieces) => redis.client().del(pieces)],
  ])('do without the newest when it %s: nothing is lost', async (_, damage) => {
    const redis = await start();
    const map = await openNode(redis.url);
    const log = await openRedisLog(redis.url);
    for (const round of [1, 2]) {
      await write(map, round);
      await save(map, log);
    }
    await write(map, 3);
    const newest = (await redis.client().keys(PIECES)).toSorted().at(-1) ?? '';
    await damage(redis, newest);
    const { logger, lines } = hearing();
    const joiner = await openNode(redis.url, { logger });
    await expectSame(map, joiner);
    expect(lines.filter((line) => line.includes('snapshot'))).toEqual([
      expect.stringMatching(/the snapshot at sequence \d+ can't be read: /),
    ]);
  });

  it('are no more than two, and nothing is left of the others', async () => {
    const redis = await start();
    const map = await openNode(redis.url);
    const log = await openRedisLog(redis.url);
    for (const round of upTo(4)) {
      await write(map, round);
      await save(map, log);
    }
    const client = redis.client();
    const pieces = await client.keys(PIECES);
    expect([await client.hlen(KEYS.snapshots), pieces.length]).toEqual([2, 2]);
    expect(await Promise.all(pieces.map((key) => client.ttl(key)))).toEqual([-1, -1]);
  });

  it('that nobody finishes go by themselves', async () => {
    const redis = await start();
    const log = await openRedisLog(redis.url);
    await appendTexts(log, 'a');
    const begun = Promise.withResolvers<void>();
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(2_000_000);
      begun.resolve();
      await new Promise(() => {});
    }
    log.saveSnapshot({ sequence: at(1), commandId: 'c1', chunks: endless() }).catch(() => {});
    await begun.promise;
    const client = redis.client();
    const [key = ''] = await client.keys(PIECES);
    expect(await client.ttl(key)).toBeGreaterThan(0);
    expect(await readSnapshots(log)).toEqual([]);
  });

  it('of another log, which was there before, are no snapshots of this one, and go (G4)', async () => {
    const redis = await start();
    const log = await openRedisLog(redis.url);
    await appendTexts(log, 'a', 'b', 'c');
    await log.saveSnapshot({ sequence: at(3), commandId: 'c3', chunks: inPieces('old') });
    await redis.client().del(KEYS.commands, KEYS.epoch);
    const other = await openRedisLog(redis.url);
    expect(await readSnapshots(other)).toEqual([]);
    await appendTexts(other, 'x');
    await other.saveSnapshot({ sequence: at(1), commandId: 'c1', chunks: inPieces('new') });
    expect(await readSnapshots(other)).toEqual([[1, 'c1', 'new']]);
    expect(await redis.client().keys(PIECES)).toHaveLength(1);
  });

  it('of what the log has lost give way to those of what it has (G4)', async () => {
    const redis = await start();
    const map = await openNode(redis.url);
    const log = await openRedisLog(redis.url);
    await write(map, 1);
    await save(map, log);
    const client = redis.client();
    const kept = await client.dumpBuffer(KEYS.commands);
    await write(map, 2);
    await save(map, log);
    await client.restore(KEYS.commands, 0, kept, 'REPLACE');
    const joiner = await openNode(redis.url);
    await write(joiner, 3);
    for (const _ of upTo(2)) {
      await joiner.insert({ key: 'newer', value: 1 });
      await save(joiner, await openRedisLog(redis.url));
    }
    const snapshots = await log.loadSnapshots();
    expect(snapshots.map(({ sequence }) => sequence)).toEqual([joiner.replica.sequence, joiner.replica.sequence - 1]);
    for (const other of [map, await openNode(redis.url)]) await expectSame(joiner, other);
  });

  it('that are all gone are not made up for: it refuses, and says what is lacking', async () => {
    const redis = await start();
    const map = await openNode(redis.url);
    await write(map, 1);
    await (await openRedisLog(redis.url)).trim(at(5));
    await expect(openNode(redis.url)).rejects.toThrow('the log lacks sequence 1');
    expect(map.health()).toEqual({ ok: true });
    await map.insert({ key: 'a', value: 1 });
  });

  it('say why there is none, and the log goes on', async () => {
    const redis = await start();
    const { logger, until } = hearing();
    const map = await openNode(redis.url, { logger, snapshotBytes: 20_000 });
    const failed = until(/no snapshot was made: /);
    await write(map, 1);
    await (await openRedisLog(redis.url)).trim(at(5));
    await write(map, 2);
    await failed;
    expect(map.health()).toEqual({ ok: true });
    await map.insert({ key: 'a', value: 1 });
  });
});
