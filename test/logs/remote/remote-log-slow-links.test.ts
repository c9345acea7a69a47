import { expect, it, onTestFinished } from 'vitest';
import { StreamingMap } from '../../../src/core/streaming-map.ts';
import { appendTexts, follow, upTo } from '../../../src/testing/recording.ts';
import { describeRemoteLogs, openLog } from '../../support/engines/remote-logs.ts';
import { networkTo } from '../../support/sockets/proxy.ts';
import { expectSame, save } from '../snapshots.ts';

const PATIENT = { timeout: 60_000 };

describeRemoteLogs('slow links', (engine) => {
  it('a node on a slow link gets all entries, and is not ready until it has them', async () => {
    const server = await engine.start();
    const network = await networkTo(server.url);
    network.slow(500_000);
    const [log, writer] = [await openLog(engine, network.url), await openLog(engine, server.url)];
    const listener = await follow(log, 1);
    // They take more than six seconds.
    const texts = upTo(40).map((n) => String(n).padEnd(80_000, 'x'));
    await Promise.all(texts.map((text) => appendTexts(writer, text)));
    await expect
      .poll(() => log.health(), PATIENT)
      .toEqual({ ok: false, reason: expect.stringMatching(/^this node lags: it has sequence \d+ of 40$/) });
    await listener.until(40);
    expect(listener.texts.toSorted()).toEqual(texts.toSorted());
    expect(listener.reasons).toEqual([]);
    await expect.poll(() => log.health(), PATIENT).toEqual({ ok: true });
  });

  it('a node whose connections break again and again gets all entries, in smaller and smaller reads', async () => {
    const server = await engine.start();
    const network = await networkTo(server.url);
    network.tear(150_000);
    const [log, writer] = [await openLog(engine, network.url), await openLog(engine, server.url)];
    const texts = upTo(40).map((n) => String(n).padEnd(40_000, 'x'));
    await appendTexts(writer, ...texts);
    const listener = await follow(log, 1);
    await listener.until(40);
    expect(listener.texts).toEqual(texts);
    expect(listener.reasons).toEqual([]);
  });

  it('a node starts from a snapshot that takes long to arrive', async () => {
    const server = await engine.start();
    const open = async (url: string): Promise<StreamingMap> => {
      const map = await StreamingMap.open({ log: engine.log(url) });
      onTestFinished(() => map.close());
      return map;
    };
    const map = await open(server.url);
    for (const n of upTo(30)) await map.insert({ key: `k${n}`, value: 'x'.repeat(60_000) });
    const log = await openLog(engine, server.url);
    await save(map, log);
    await log.trim(map.replica.sequence);
    const network = await networkTo(server.url);
    network.slow(250_000);
    await expectSame(map, await open(network.url));
  });
});
