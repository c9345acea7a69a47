import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newEpoch, type Sequence } from '../../../src/core/model/position.ts';
import type { StreamingMap } from '../../../src/core/streaming-map.ts';
import { writeSnapshot } from '../../../src/logs/file/disk/snapshot.ts';
import { copyOf, hearing, openKept, stateOf, temporaryDirectory } from '../../support/engines/kept.ts';

const SNAPSHOT = /made a snapshot/;
const snapshotsIn = (directory: string): string[] =>
  readdirSync(directory)
    .filter((name) => name.startsWith('snapshot-'))
    .map((name) => join(directory, name))
    .toSorted();

const bytesOf = (directory: string): number =>
  readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);

/** Some 30 kB, over a hundred keys, with all kinds of commands in it. */
async function write(map: StreamingMap, round: number): Promise<void> {
  for (let batch = 0; batch < 10; batch++)
    await map.insertMany(
      Array.from({ length: 20 }, (_, n) => ({
        key: `k${(batch * 20 + n) % 100}`,
        value: [round, batch, n, 'x'.repeat(100)],
      })),
    );
  await map.remove(`k${round % 100}`);
  await map.insert({ key: 'once', value: 1, idempotencyKey: `once-${round}`, ttl: 3600 });
}

/** With two snapshots, and none under way. */
async function written(directory: string): Promise<StreamingMap> {
  const { logger, until } = hearing();
  const map = await openKept(directory, { logger, snapshotBytes: 20_000, map: { maxItems: 90, window: 200 } });
  for (let round = 0; round < 4; round++) {
    const made = until(SNAPSHOT);
    await write(map, round);
    await made;
  }
  await map.close();
  return openKept(directory);
}

describe('snapshots', () => {
  it('a map that starts from a snapshot is the same as before', async () => {
    const directory = temporaryDirectory();
    const map = await written(directory);
    expect(snapshotsIn(directory)).toHaveLength(2);
    expect(stateOf(await openKept(copyOf(directory)))).toEqual(stateOf(map));
  });

  it('entries that come while a snapshot is made get one as well, though no more come', async () => {
    const { logger, lines, until } = hearing();
    const map = await openKept(temporaryDirectory(), { logger, snapshotBytes: 1 });
    const made = until(SNAPSHOT);
    await map.insert({ key: 'a', value: 1 });
    await made;
    await until(SNAPSHOT);
    expect(lines.filter((line) => SNAPSHOT.test(line)).length).toBeGreaterThan(1);
  });

  it('a large snapshot is written and read back in many turns of the event loop, because a server may write one', async () => {
    let [turns, isWriting] = [0, true];
    const nextTurn = (): void => {
      turns++;
      if (isWriting) setImmediate(nextTurn);
    };
    setImmediate(nextTurn);
    const head = { epoch: newEpoch(), sequence: 5 as Sequence, commandId: 'a' };
    await writeSnapshot(
      temporaryDirectory(),
      head,
      Array.from({ length: 40 }, () => Buffer.alloc(300_000)),
    );
    isWriting = false;
    expect(turns).toBeGreaterThan(80);
  });

  it('the size of the directory follows the size of the map, not its history', async () => {
    const directory = temporaryDirectory();
    // Closed, because an open log has a write-ahead log as well.
    await (await written(directory)).close();
    const early = bytesOf(directory);
    const { logger, until } = hearing();
    const again = await openKept(directory, { logger, snapshotBytes: 20_000 });
    for (let round = 0; round < 12; round++) {
      const made = until(SNAPSHOT);
      await write(again, round);
      await made;
    }
    await again.close();
    expect(bytesOf(directory)).toBeLessThan(early * 1.5);
  });

  it.each(['cut short', 'altered', 'emptied'])(
    'a map starts from the snapshot before the newest when that is %s, and loses nothing',
    async (how) => {
      const directory = temporaryDirectory();
      const map = await written(directory);
      const damaged = copyOf(directory);
      const newest = snapshotsIn(damaged).at(-1) ?? '';
      const bytes = readFileSync(newest);
      if (how === 'cut short') truncateSync(newest, bytes.length - 1);
      else if (how === 'emptied') truncateSync(newest, 0);
      else writeFileSync(newest, bytes.fill(bytes[bytes.length >> 1]! ^ 4, bytes.length >> 1, (bytes.length >> 1) + 1));
      const { logger, lines } = hearing();
      expect(stateOf(await openKept(damaged, { logger }))).toEqual(stateOf(map));
      expect(lines).toEqual([expect.stringContaining(newest)]);
    },
  );

  it('a log without its snapshots is refused, and says what is missing', async () => {
    const directory = temporaryDirectory();
    await (await written(directory)).close();
    for (const path of snapshotsIn(directory)) rmSync(path);
    await expect(openKept(directory)).rejects.toThrow('the log lacks sequence 1');
    await expect(openKept(directory, { repair: true })).rejects.toThrow('nothing of it can be salvaged');
  });

  it('a snapshot under way when the log is closed leaves no unfinished file', async () => {
    const directory = temporaryDirectory();
    const map = await openKept(directory, { snapshotBytes: 1 });
    await write(map, 0);
    const before = stateOf(map);
    await map.close();
    const again = await openKept(directory);
    expect(stateOf(again)).toEqual(before);
    expect(readdirSync(directory).filter((name) => name.endsWith('.new'))).toEqual([]);
  });

  it('a snapshot that can’t be made is reported with the reason, and the log goes on', async () => {
    const directory = temporaryDirectory();
    const { logger, until } = hearing();
    const map = await openKept(directory, { logger, snapshotBytes: 20_000 });
    const made = until(SNAPSHOT);
    await write(map, 0);
    await made;
    // The next snapshot has neither a base nor the entries after it.
    for (const path of snapshotsIn(directory)) rmSync(path);
    rmSync(join(directory, 'log-0000000000000001.db'));
    const failed = until(/no snapshot was made: /);
    await write(map, 1);
    await failed;
    expect(map.health()).toEqual({ ok: true });
    await map.insert({ key: 'a', value: 2 });
  });
});
