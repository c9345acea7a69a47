import { expect, it } from 'vitest';
import { appendTexts, follow } from '../../../src/testing/recording.ts';
import { describeRemoteLogs, openLog } from '../../support/engines/remote-logs.ts';
import { leave, WAYS } from '../leaving.ts';

describeRemoteLogs('closing', (engine) => {
  it.each(WAYS)('a process that has closed its map ends, when the server %s', async (how) => {
    const server = await engine.start();
    expect(await leave(server, engine.name, how)).toEqual([0, null]);
  });

  it('a closed log keeps nothing on the server, nor does a listener that has unsubscribed', async () => {
    const server = await engine.start();
    const log = await openLog(engine, server.url);
    const resources = await engine.resources(server);
    const alone = await resources();
    const listeners = [await follow(log, 1), await follow(log, 1)] as const;
    await appendTexts(log, 'a');
    await listeners[0].until(1);
    expect(await resources()).toBe(alone + 2);
    listeners[0].stop();
    await expect.poll(resources).toBe(alone + 1);
    await log.close();
    await expect.poll(resources).toBe(0);
  });

  it('a closed log refuses appends, and answers those that were under way', async () => {
    const server = await engine.start();
    const log = await openLog(engine, server.url);
    server.pause();
    const append = log.append(Buffer.from('a'), 'a');
    const closed = log.close();
    await expect(append).rejects.toMatchObject({ code: expect.stringMatching(engine.codesWhenPaused) });
    await expect(log.append(Buffer.from('b'), 'b')).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    await expect(log.last()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    await closed;
    expect(log.health()).toEqual({ ok: false, reason: 'the log is closed' });
    server.resume();
  });

  it('a log may be closed before it is opened, and twice, and can’t be opened again', async () => {
    const server = await engine.start();
    await engine.log(server.url).close();
    const log = await openLog(engine, server.url);
    await log.close();
    await log.close();
    await expect(log.open()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
  });
});
