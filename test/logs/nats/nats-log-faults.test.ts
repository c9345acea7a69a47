import { DiscardPolicy, StorageType, type StreamConfig, type StreamInfo } from '@nats-io/jetstream';
import { expect, it, onTestFinished } from 'vitest';
import type { Logger } from '../../../src/core/model/logger.ts';
import { StreamingMap } from '../../../src/core/streaming-map.ts';
import { natsLog } from '../../../src/logs/nats/nats-log.ts';
import { warnOfLimits } from '../../../src/logs/nats/stream.ts';
import { hearing } from '../../support/engines/kept.ts';
import { describeWithNats } from '../../support/engines/nats.ts';
import { managerOf, openNatsLog, startNats } from '../../support/engines/nats-logs.ts';
import { expectSame, write } from '../snapshots.ts';
import { appendForSure } from '../writing.ts';

async function openMap(servers: string, logger?: Logger): Promise<StreamingMap> {
  const map = await StreamingMap.open({ log: natsLog({ servers, stream: 'test', logger }), logger });
  onTestFinished(() => map.close());
  return map;
}

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

  it('a node saves its own state when an entry is deleted from a stream that allows it (G7)', async () => {
    const nats = await startNats();
    const manager = await managerOf(nats.url);
    const sound = { subjects: ['test.commands'], discard: DiscardPolicy.New, storage: StorageType.File };
    await manager.streams.add({ name: 'test', ...sound });
    const heard = hearing();
    const map = await openMap(nats.url, heard.logger);
    await write(map, 1);
    const saved = heard.until(/saved the state of this node as a snapshot/);
    await manager.streams.deleteMessage('test', 5);
    await saved;
    await map.insert({ key: 'after', value: 1 });
    await expectSame(map, await openMap(nats.url));
  });

  it('a node warns of an account whose storage is limited, and not once the stream has its room reserved', async () => {
    const account = 'A { jetstream { max_store: 20MB }, users: [{ user: a, password: b }] }';
    const nats = await startNats({ config: `accounts { ${account} }` });
    const url = nats.url.replace('//', '//a:b@');
    const heard = hearing();
    const warned = heard.until(/the account may store/);
    const log = await openNatsLog(url, { logger: heard.logger });
    await warned;
    const words = /^the account may store \d+ bytes in NATS, and the stream test has no max_bytes: .*Set max_bytes$/;
    expect(heard.lines).toEqual([expect.stringMatching(words)]);
    await log.close();
    const manager = await managerOf(nats.url, { user: 'a', pass: 'b' });
    const { config } = await manager.streams.update('test', { max_bytes: 1_000_000 });
    warnOfLimits(await manager.getAccountInfo(), { config } as StreamInfo, heard.logger);
    expect(heard.lines).toHaveLength(1);
  });

  it.each<[string, Partial<StreamConfig>, RegExp]>([
    ['a maximal age', { max_age: 600_000_000_000 }, /it has a max_age/],
    ['another discard policy', { discard: DiscardPolicy.Old }, /its discard policy must be new, not old/],
    ['another subject', { subjects: ['elsewhere'] }, /its subjects must be test.commands/],
    ['a seal', { sealed: true }, /it is sealed/],
    ['a small maximal size of an entry', { max_msg_size: 1000 }, /its max_msg_size is 1000/],
  ])('a node is unready and refuses appends while an operator has given its stream %s', async (_, change, words) => {
    const nats = await startNats();
    const heard = hearing();
    const log = await openNatsLog(nats.url, { logger: heard.logger });
    const manager = await managerOf(nats.url);
    const { config } = await manager.streams.info('test');
    const noticed = heard.until(words);
    await manager.streams.update('test', { ...config, ...change });
    await noticed;
    expect(log.health()).toEqual({ ok: false, reason: expect.stringMatching(words) });
    await expect(log.append(Buffer.from('a'), 'a')).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
      message: expect.stringMatching(words),
    });
    if (change.sealed) return;
    await manager.streams.update('test', config);
    expect(await appendForSure(log, 'b')).toBe(1);
    await expect.poll(() => log.health(), { timeout: 60_000 }).toEqual({ ok: true });
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
