import { expect, it, onTestFinished } from 'vitest';
import type { StreamingMapOptions } from '../../../src/core/map-options.ts';
import { StreamingMap } from '../../../src/core/streaming-map.ts';
import type { RemoteLogOptions } from '../../../src/logs/remote/options.ts';
import { appendTexts, at, inPieces, readSnapshots, upTo } from '../../../src/testing/recording.ts';
import { hearing } from '../../support/engines/kept.ts';
import { describeRemoteLogs, openLog } from '../../support/engines/remote-logs.ts';
import { expectSame, save, write } from '../snapshots.ts';

const SNAPSHOT = /made a snapshot/;

describeRemoteLogs('snapshots', (engine) => {
  async function openNode(
    url: string,
    options: Partial<RemoteLogOptions> = {},
    map: Partial<StreamingMapOptions> = {},
  ): Promise<StreamingMap> {
    const opened = await StreamingMap.open({ log: engine.log(url, options), logger: options.logger, ...map });
    onTestFinished(() => opened.close());
    return opened;
  }

  it('a node that joins late has the same map from the snapshot, and the log is trimmed to the older one (G6)', async () => {
    const server = await engine.start();
    const { logger, until } = hearing();
    const map = await openNode(server.url, { logger, snapshotBytes: 20_000 }, { maxItems: 90, window: 200 });
    for (const round of upTo(3)) {
      const made = until(SNAPSHOT);
      await write(map, round);
      await made;
    }
    const first = await engine.first(server);
    expect(first).toBeGreaterThan(12);
    const [newest, older] = await (await openLog(engine, server.url)).loadSnapshots();
    expect(first).toBe(older?.sequence);
    expect(newest?.sequence).toBeGreaterThan(first);
    await write(map, 4);
    await expectSame(map, await openNode(server.url));
  });

  it('two nodes make snapshots at once, and no node loses anything (G6)', async () => {
    const server = await engine.start();
    const heard = [hearing(), hearing()] as const;
    const nodes = await Promise.all(heard.map(({ logger }) => openNode(server.url, { logger, snapshotBytes: 1 })));
    const bystander = await openNode(server.url);
    const [one, two] = nodes as [StreamingMap, StreamingMap];
    for (const round of upTo(2)) {
      const made = Promise.any(heard.map(({ until }) => until(SNAPSHOT)));
      await write(one, round);
      await write(two, round);
      await made;
    }
    const logs = await Promise.all([openLog(engine, server.url), openLog(engine, server.url)]);
    await write(one, 3);
    await Promise.all(nodes.map((node, n) => save(node, logs[n] ?? logs[0])));
    // A third is there while a process that has saved one has yet to remove the oldest.
    await expect.poll(async () => (await logs[0].loadSnapshots()).length).toBe(2);
    for (const other of [two, bystander, await openNode(server.url)]) await expectSame(one, other);
    expect(heard.flatMap(({ lines }) => lines).filter((line) => line.startsWith('no snapshot'))).toEqual([]);
  });

  it.each(Object.entries(engine.snapshotFaults))(
    'a node loads the snapshot before the newest when that %s, and loses nothing',
    async (_, damage) => {
      const server = await engine.start();
      const map = await openNode(server.url);
      const log = await openLog(engine, server.url);
      for (const round of [1, 2]) {
        await write(map, round);
        await save(map, log);
      }
      await write(map, 3);
      await damage(server);
      const { logger, lines } = hearing();
      const joiner = await openNode(server.url, { logger });
      await expectSame(map, joiner);
      expect(lines.filter((line) => line.includes('snapshot'))).toEqual([
        expect.stringMatching(/the snapshot at sequence \d+ can't be read: .*(?:is damaged|not valid JSON)/),
      ]);
    },
  );

  it.each(Object.entries(engine.losses))(
    'the snapshots of a log whose server %s are not those of the log in its place, and are removed (G4)',
    async (_, lose) => {
      const server = await engine.start({ isPersistent: false });
      const log = await openLog(engine, server.url);
      await appendTexts(log, 'a', 'b', 'c');
      await log.saveSnapshot({ sequence: at(3), commandId: 'c3', chunks: inPieces('old') });
      await lose(server);
      const other = await openLog(engine, server.url);
      expect(await readSnapshots(other)).toEqual([]);
      await appendTexts(other, 'x');
      await other.saveSnapshot({ sequence: at(1), commandId: 'c1', chunks: inPieces('new') });
      expect(await readSnapshots(other)).toEqual([[1, 'c1', 'new']]);
      expect(await engine.snapshotCount(server)).toBe(1);
    },
  );

  it('no more than two snapshots are kept, and nothing is left of the others', async () => {
    const server = await engine.start();
    const map = await openNode(server.url);
    const log = await openLog(engine, server.url);
    for (const round of upTo(4)) {
      await write(map, round);
      await save(map, log);
    }
    expect(await log.loadSnapshots()).toHaveLength(2);
    expect(await engine.snapshotCount(server)).toBe(2);
  });

  it('a node refuses to start when all snapshots of a trimmed log are gone and no other node lives, and says what is missing', async () => {
    const server = await engine.start();
    const map = await openNode(server.url);
    await write(map, 1);
    await map.close();
    await (await openLog(engine, server.url)).trim(at(5));
    await expect(openNode(server.url)).rejects.toThrow('the log lacks sequence 1 to 4, and no readable snapshot');
  });

  it('a snapshot that can’t be made is reported with the reason, and the log goes on', async () => {
    const server = await engine.start();
    const { logger, until } = hearing();
    const map = await openNode(server.url, { logger, snapshotBytes: 20_000 });
    const failed = until(/no snapshot was made: /);
    await engine.refuseSnapshots(server);
    await write(map, 1);
    await failed;
    expect(map.health()).toEqual({ ok: true });
    await map.insert({ key: 'a', value: 1 });
  });
});
