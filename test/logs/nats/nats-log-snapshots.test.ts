import { type ObjectStore, Objm } from '@nats-io/obj';
import { connect } from '@nats-io/transport-node';
import { expect, it, onTestFinished } from 'vitest';
import type { StreamingMapOptions } from '../../../src/core/map-options.ts';
import { StreamingMap } from '../../../src/core/streaming-map.ts';
import { natsLog, type NatsLogOptions } from '../../../src/logs/nats/nats-log.ts';
import { hearing } from '../../support/engines/kept.ts';
import { describeWithNats } from '../../support/engines/nats.ts';
import { managerOf, openNatsLog, startNats } from '../../support/engines/nats-logs.ts';
import { upTo } from '../../../src/testing/recording.ts';
import { expectSame, save, write } from '../snapshots.ts';

const SNAPSHOT = /made a snapshot/;

async function openNode(
  servers: string,
  options: Partial<NatsLogOptions> = {},
  map: Partial<StreamingMapOptions> = {},
): Promise<StreamingMap> {
  const log = natsLog({ servers, stream: 'test', ...options });
  const opened = await StreamingMap.open({ log, logger: options.logger, ...map });
  onTestFinished(() => opened.close());
  return opened;
}

async function objectsOf(servers: string): Promise<ObjectStore> {
  const client = await connect({ servers });
  onTestFinished(() => client.close());
  return new Objm(client).open('test-snapshots');
}

describeWithNats('snapshots of a NATS log', () => {
  it('are exact, so that a late joiner has what the log gave; and the log gives way (G6)', async () => {
    const nats = await startNats();
    const { logger, until } = hearing();
    const map = await openNode(nats.url, { logger, snapshotBytes: 20_000 }, { maxItems: 90, window: 200 });
    for (const round of upTo(3)) {
      const made = until(SNAPSHOT);
      await write(map, round);
      await made;
    }
    const { state } = await (await managerOf(nats.url)).streams.info('test');
    expect(state.first_seq).toBeGreaterThan(12);
    const log = await openNatsLog(nats.url);
    const [newest, older] = await log.loadSnapshots();
    expect(state.first_seq).toBe(older?.sequence);
    expect(newest?.sequence).toBeGreaterThan(older?.sequence ?? Infinity);
    await write(map, 4);
    await expectSame(map, await openNode(nats.url));
  });

  it('are made by two nodes at once, while they and others follow, and nobody loses anything (G6)', async () => {
    const nats = await startNats();
    const heard = [hearing(), hearing()] as const;
    const nodes = await Promise.all(heard.map(({ logger }) => openNode(nats.url, { logger, snapshotBytes: 1 })));
    const bystander = await openNode(nats.url);
    const [one, two] = nodes as [StreamingMap, StreamingMap];
    for (const round of upTo(2)) {
      const made = Promise.any(heard.map(({ until }) => until(SNAPSHOT)));
      await write(one, round);
      await write(two, round);
      await made;
    }
    const logs = await Promise.all([openNatsLog(nats.url), openNatsLog(nats.url)]);
    await write(one, 3);
    await Promise.all(nodes.map((node, n) => save(node, logs[n] ?? logs[0])));
    expect((await logs[0].loadSnapshots()).length).toBe(2);
    for (const other of [two, bystander, await openNode(nats.url)]) await expectSame(one, other);
    expect(heard.flatMap(({ lines }) => lines).filter((line) => line.startsWith('no snapshot'))).toEqual([]);
  });

  it('do without the newest when it is damaged: nothing is lost', async () => {
    const nats = await startNats();
    const map = await openNode(nats.url);
    const log = await openNatsLog(nats.url);
    for (const round of [1, 2]) {
      await write(map, round);
      await save(map, log);
    }
    await write(map, 3);
    const manager = await managerOf(nats.url);
    const [newest] = (await (await objectsOf(nats.url)).list()).toSorted((a, b) => (a.name < b.name ? 1 : -1));
    const { nuid = '', chunks } = newest ?? {};
    expect(chunks).toBe(1);
    const piece = await manager.streams.getMessage('OBJ_test-snapshots', {
      last_by_subj: `$O.test-snapshots.C.${nuid}`,
    });
    const altered = Uint8Array.from(piece?.data ?? [], (byte, n) => (n === 500 ? byte ^ 1 : byte));
    await manager.streams.purge('OBJ_test-snapshots', { filter: `$O.test-snapshots.C.${nuid}` });
    await manager.jetstream().publish(`$O.test-snapshots.C.${nuid}`, altered);
    const { logger, lines } = hearing();
    const joiner = await openNode(nats.url, { logger });
    await expectSame(map, joiner);
    expect(lines).toEqual([
      expect.stringMatching(/the snapshot at sequence \d+ can't be read: .*(?:digest differs|not valid JSON)/),
    ]);
  });

  it('are objects that anybody can read, and of which no more than two are kept', async () => {
    const nats = await startNats();
    const map = await openNode(nats.url);
    const log = await openNatsLog(nats.url);
    for (const round of upTo(4)) {
      await write(map, round);
      await save(map, log);
    }
    const objects = await objectsOf(nats.url);
    const names = (await objects.list()).map(({ name }) => name);
    expect(names).toHaveLength(2);
    const sizes = await Promise.all(names.map(async (name) => (await objects.getBlob(name))?.length ?? 0));
    expect(Math.min(...sizes)).toBeGreaterThan(10_000);
    const { state } = await (await managerOf(nats.url)).streams.info('OBJ_test-snapshots', { subjects_filter: '>' });
    expect(Object.keys(state.subjects ?? {})).toHaveLength(4);
  });

  it('that are all gone are not made up for: it refuses, and says what is lacking', async () => {
    const nats = await startNats();
    const map = await openNode(nats.url);
    await write(map, 1);
    const manager = await managerOf(nats.url);
    await manager.streams.purge('test', { seq: 5 });
    await expect(openNode(nats.url)).rejects.toThrow('the log lacks sequence 1');
    expect(map.health()).toEqual({ ok: true });
    await map.insert({ key: 'a', value: 1 });
  });

  it('say why there is none, and the log goes on', async () => {
    const nats = await startNats();
    const { logger, until } = hearing();
    const map = await openNode(nats.url, { logger, snapshotBytes: 20_000 });
    const failed = until(/no snapshot was made: /);
    const manager = await managerOf(nats.url);
    await write(map, 1);
    await manager.streams.purge('test', { seq: 5 });
    await write(map, 2);
    await failed;
    expect(map.health()).toEqual({ ok: true });
    await map.insert({ key: 'a', value: 1 });
  });
});
