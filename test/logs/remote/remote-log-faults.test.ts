import { expect, it } from 'vitest';
import { appendTexts, follow, upTo } from '../../../src/testing/recording.ts';
import { hearing } from '../../support/engines/kept.ts';
import { describeRemoteLogs, openLog } from '../../support/engines/remote-logs.ts';
import { networkTo } from '../../support/sockets/proxy.ts';
import { appendForSure, expectAll, expectOnce, write } from '../writing.ts';

const PATIENT = { timeout: 60_000 };

describeRemoteLogs('faults of the server', (engine) => {
  const unwell = { ok: false, reason: expect.stringMatching(engine.title) };

  it('a log loses no answered append when its server is killed and started again repeatedly (G7)', async () => {
    const server = await engine.start();
    const log = await openLog(engine, server.url);
    const listener = await follow(log, 1);
    const writing = write(log, 16, 120);
    for (const reached of [200, 600, 1200]) {
      await listener.until(reached);
      await server.kill();
      await server.start();
    }
    const answered = await writing;
    await listener.until(await log.last());
    expectAll(listener, answered);
    if (engine.knowsIds) expectOnce(listener);
  });

  it('appends to a server that stands still are answered in time as indeterminate, and may be repeated', async () => {
    const server = await engine.start();
    const log = await openLog(engine, server.url, { engineTimeoutMs: 1000 });
    const listener = await follow(log, 1);
    await appendTexts(log, 'before');
    server.pause();
    const appends = ['a', 'b'].map((text) => log.append(Buffer.from(text), `id-${text}`));
    for (const outcome of await Promise.allSettled(appends))
      expect(outcome).toMatchObject({ reason: { code: expect.stringMatching(engine.codesWhenPaused) } });
    await expect.poll(() => log.health(), PATIENT).toEqual(unwell);
    server.resume();
    const answered = new Map([['before', 1]]);
    for (const text of ['b', 'a', 'c']) answered.set(text, await appendForSure(log, text));
    await listener.until(await log.last());
    expectAll(listener, answered);
    if (engine.knowsIds) expectOnce(listener);
    await expect.poll(() => log.health(), PATIENT).toEqual({ ok: true });
  });

  it('appends are refused, after a while at once, when the server is gone', async () => {
    const server = await engine.start();
    const log = await openLog(engine, server.url, { engineTimeoutMs: 1000 });
    await server.kill();
    await expect.poll(() => log.health(), PATIENT).toEqual(unwell);
    for (let i = 0; i < 2; i++)
      await expect(log.append(Buffer.from('a'), `a${i}`)).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    await expect(log.last()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    await server.start();
    expect(await appendForSure(log, 'b')).toBe(1);
  });

  it('a listener gets what others appended while the server could not be reached, without a gap', async () => {
    const server = await engine.start();
    const network = await networkTo(server.url);
    const [log, other] = [await openLog(engine, network.url), await openLog(engine, server.url)];
    const listener = await follow(log, 1);
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
    await listener.until(await log.last());
    expectAll(listener, answered);
    if (engine.knowsIds) expectOnce(listener);
  });

  it('a log that no server answers rejects when it is opened', async () => {
    const server = await engine.start();
    await server.kill();
    const { logger } = hearing();
    const log = engine.log(server.url, { engineTimeoutMs: 500, logger });
    await expect(log.open()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE', message: /refused/i });
    await log.close();
  });
});
