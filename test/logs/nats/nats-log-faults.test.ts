import { expect, it } from 'vitest';
import { hearing } from '../../support/engines/kept.ts';
import { describeWithNats } from '../../support/engines/nats.ts';
import { managerOf, openNatsLog, startNats } from '../../support/engines/nats-logs.ts';

describeWithNats('faults of NATS', () => {
  it('a log whose stream is gone is unhealthy, refuses appends, and does not create the stream again', async () => {
    const nats = await startNats();
    const heard = hearing();
    const log = await openNatsLog(nats.url, { engineTimeoutMs: 500, logger: heard.logger });
    const manager = await managerOf(nats.url);
    const gone = heard.until(/the stream test is gone/);
    await manager.streams.delete('test');
    await gone;
    expect(log.health()).toEqual({ ok: false, reason: 'the stream test is gone' });
    await expect(log.append(Buffer.from('a'), 'a')).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    await expect(manager.streams.info('test')).rejects.toThrow('stream not found');
  });

  it('a lost connection is logged and makes the log unhealthy, until the connection is back', async () => {
    const nats = await startNats();
    const heard = hearing();
    const log = await openNatsLog(nats.url, { logger: heard.logger });
    const lost = heard.until(/^the connection to NATS is lost$/);
    nats.pause();
    await lost;
    expect(log.health()).toEqual({ ok: false, reason: 'the connection to NATS is lost' });
    const back = heard.until(/^the connection to NATS is back$/);
    nats.resume();
    await back;
    await expect.poll(() => log.health(), { timeout: 60_000 }).toEqual({ ok: true });
  });
});
