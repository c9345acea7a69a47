import { expect, it, onTestFinished } from 'vitest';
import { StreamingMap } from '../../../src/core/streaming-map.ts';
import { redisLog } from '../../../src/logs/redis/redis-log.ts';
import { appendTexts, at, readSnapshots, upTo } from '../../../src/testing/recording.ts';
import { describeWithRedis } from '../../support/engines/redis.ts';
import { KEYS, openRedisLog } from '../../support/engines/redis-logs.ts';
import { expectSame, save, write } from '../snapshots.ts';

const PIECES = '{test}:snapshot:*';

async function openNode(url: string): Promise<StreamingMap> {
  const opened = await StreamingMap.open({ log: redisLog({ url, stream: 'test' }) });
  onTestFinished(() => opened.close());
  return opened;
}

describeWithRedis('snapshots of a Redis log', (start) => {
  it('the lists and heads of no more than two snapshots are kept, and they do not expire', async () => {
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

  it('the list of a snapshot that is never finished expires', async () => {
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

  it('snapshots of entries that the log has lost give way to those of the entries that it has (G4)', async () => {
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
});
