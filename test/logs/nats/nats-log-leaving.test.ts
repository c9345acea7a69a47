import { expect, it } from 'vitest';
import { describeWithNats } from '../../support/engines/nats.ts';
import { managerOf, openNatsLog, startNats } from '../../support/engines/nats-logs.ts';
import { appendTexts, follow } from '../../../src/testing/recording.ts';
import { leave, WAYS } from '../leaving.ts';

describeWithNats('a closed NATS log', () => {
  it.each(WAYS)('leaves nothing that keeps a process, when its server %s', async (how) => {
    const nats = await startNats();
    const log = `natsLog({ servers: '${nats.url}', engineTimeoutMs: 1000 })`;
    expect(await leave(nats, 'nats', log, how)).toEqual([0, null]);
  });

  it('leaves no consumer behind, nor does a follower that has stopped', async () => {
    const nats = await startNats();
    const manager = await managerOf(nats.url);
    const consumers = async (): Promise<number> => (await manager.consumers.list('test').next()).length;
    const log = await openNatsLog(nats.url);
    const followers = [await follow(log, 1), await follow(log, 1)] as const;
    await appendTexts(log, 'a');
    await followers[0].until(1);
    expect(await consumers()).toBe(2);
    followers[0].stop();
    await expect.poll(consumers).toBe(1);
    await log.close();
    await expect.poll(consumers).toBe(0);
  });

  it('refuses what comes, and says what it knows of what was under way', async () => {
    const nats = await startNats();
    const log = await openNatsLog(nats.url);
    nats.pause();
    const append = log.append(Buffer.from('a'), 'a');
    const closed = log.close();
    await expect(append).rejects.toMatchObject({ code: 'INDETERMINATE' });
    await expect(log.append(Buffer.from('b'), 'b')).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    await expect(log.last()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    await closed;
    expect(log.health()).toEqual({ ok: false, reason: 'the log is closed' });
    nats.resume();
  });

  it('may be closed before it was opened, and twice', async () => {
    const nats = await startNats();
    const log = await openNatsLog(nats.url);
    await log.close();
    await log.close();
    await expect(log.open()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
  });
});
