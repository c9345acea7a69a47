import { expect, it, onTestFinished } from 'vitest';
import { StreamingMap } from '../../../src/core/streaming-map.ts';
import type { RemoteLogOptions } from '../../../src/logs/remote/options.ts';
import { upTo } from '../../../src/testing/recording.ts';
import { hearing } from '../../support/engines/kept.ts';
import { describeRemoteLogs, openLog } from '../../support/engines/remote-logs.ts';
import { expectSame, save, write } from '../snapshots.ts';

const PATIENT = { timeout: 60_000 };
const SAVED = /saved the state of this node as a snapshot/;

describeRemoteLogs('entries and snapshots that an operator has removed', (engine) => {
  async function openNode(url: string, options: Partial<RemoteLogOptions> = {}): Promise<StreamingMap> {
    const opened = await StreamingMap.open({ log: engine.log(url, options), logger: options.logger });
    onTestFinished(() => opened.close());
    return opened;
  }

  it.each(Object.entries(engine.removals))(
    'a node saves its own state when an operator %s, and nodes that start have everything that was answered (G7)',
    async (_, remove) => {
      const server = await engine.start();
      const { logger, until } = hearing();
      const map = await openNode(server.url, { logger });
      await write(map, 1);
      await save(map, await openLog(engine, server.url));
      await write(map, 2);
      const saved = until(SAVED);
      await remove(server);
      await saved;
      await map.insert({ key: 'after', value: 1 });
      await expectSame(map, await openNode(server.url));
      expect(map.health()).toEqual({ ok: true });
    },
  );

  it('one of three nodes saves its state, and all of them stay ready', async () => {
    const server = await engine.start();
    const heard = upTo(3).map(() => hearing());
    const nodes = await Promise.all(heard.map(({ logger }) => openNode(server.url, { logger })));
    // There are as many as there are listeners.
    const [one, two, three] = nodes as [StreamingMap, StreamingMap, StreamingMap];
    await write(one, 1);
    await expectSame(one, two);
    const saved = Promise.any(heard.map(({ until }) => until(SAVED)));
    await engine.purge(server);
    await saved;
    await Promise.all([two.insert({ key: 'a', value: 1 }), three.insert({ key: 'b', value: 2 })]);
    for (const other of [two, three, await openNode(server.url)]) await expectSame(one, other);
    expect(heard.flatMap(({ lines }) => lines).filter((line) => SAVED.test(line))).toHaveLength(1);
    expect(nodes.map((node) => node.health())).toEqual(nodes.map(() => ({ ok: true })));
  });

  it('a log whose entries no node can save any more is unready, names what is missing, and takes no appends', async () => {
    const server = await engine.start();
    const map = await openNode(server.url);
    await write(map, 1);
    await engine.refuseSnapshots(server);
    await engine.purge(server);
    const missing =
      /^sequence 1 to \d+ are missing in the log, and (?:no snapshot holds them|the snapshots can't be read): /;
    await expect.poll(() => map.health(), PATIENT).toEqual({ ok: false, reason: expect.stringMatching(missing) });
    await expect(map.insert({ key: 'a', value: 1 })).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
      message: expect.stringMatching(missing),
    });
  });

  it('a node starts as soon as another one has saved its state', async () => {
    const server = await engine.start();
    const map = await openNode(server.url);
    await write(map, 1);
    await engine.purge(server);
    await expectSame(map, await openNode(server.url));
  });
});
