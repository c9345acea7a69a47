import {
  DiscardPolicy,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { expect, it } from 'vitest';
import { natsLog } from '../../../src/logs/nats/nats-log.ts';
import { describeWithNats, NatsServer } from '../../support/engines/nats.ts';
import { managerOf, openNatsLog, startNats } from '../../support/engines/nats-logs.ts';
import { appendTexts, follow } from '../../../src/testing/recording.ts';

/** Creates a stream as seamline does, except for `config`. */
async function make(manager: JetStreamManager, config: Partial<StreamConfig> = {}): Promise<void> {
  const { name = 'test' } = config;
  const sound = { subjects: [`${name}.commands`], discard: DiscardPolicy.New, storage: StorageType.File };
  await manager.streams.add({ ...sound, ...config, name });
}

describeWithNats('the stream of a NATS log', () => {
  it('a stream that is created removes nothing by itself, and has the replicas that were asked for', async () => {
    const servers = await NatsServer.startCluster();
    try {
      const log = natsLog({ servers: servers.map(({ url }) => url), stream: 'test', replicas: 3 });
      await log.open();
      await appendTexts(log, 'a');
      await log.close();
      const manager = await managerOf(servers[1]?.url ?? '');
      const { config } = await manager.streams.info('test');
      expect(config).toMatchObject({
        subjects: ['test.commands'],
        discard: 'new',
        storage: 'file',
        retention: 'limits',
        num_replicas: 3,
        max_age: 0,
        max_msgs: -1,
        max_bytes: -1,
        max_msgs_per_subject: -1,
        deny_delete: true,
        deny_purge: false,
      });
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
  });

  it('a stream may be created by somebody else, with a limit of its size', async () => {
    const nats = await startNats();
    const manager = await managerOf(nats.url);
    await make(manager, { subjects: ['test.commands', 'test.more'], max_bytes: 2_000_000 });
    const log = await openNatsLog(nats.url, { engineTimeoutMs: 1000 });
    await appendTexts(log, 'a');
    const filling = async (): Promise<void> => {
      for (;;) await log.append(Buffer.alloc(200_000), crypto.randomUUID());
    };
    await expect(filling()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE', message: /maximum bytes/ });
    const full = { ok: false, reason: expect.stringMatching(/the stream test is full: it has \d+ of 2000000 bytes/) };
    await expect.poll(() => log.health(), { timeout: 60_000 }).toEqual(full);
    await log.trim(await log.last());
    await expect.poll(() => log.health(), { timeout: 60_000 }).toEqual({ ok: true });
    expect(await appendTexts(log, 'b')).toEqual([await log.last()]);
  });

  it.each<[string, Partial<StreamConfig>, RegExp]>([
    ['removes old entries', { max_age: 60_000_000_000 }, /max_age/],
    ['removes the oldest entries', { discard: DiscardPolicy.Old }, /discard policy must be new, not old/],
    ['has a limit of entries', { max_msgs: 1000 }, /max_msgs/],
    ['keeps the last entry only', { max_msgs_per_subject: 1 }, /max_msgs_per_subject/],
    ['removes entries that were read', { retention: RetentionPolicy.Workqueue }, /retention must be limits/],
    ['removes entries without a reader', { retention: RetentionPolicy.Interest }, /retention must be limits/],
    ['is in memory', { storage: StorageType.Memory }, /storage must be file, not memory/],
    ['acknowledges nothing', { no_ack: true }, /acknowledges nothing/],
    ['can’t be trimmed', { deny_purge: true }, /denies purges/],
    ['takes small entries only', { max_msg_size: 1000 }, /max_msg_size is 1000, less than the 589824 bytes/],
    ['has other subjects', { subjects: ['other'] }, /subjects must be test\.commands/],
  ])('a stream is refused that %s', async (_, config, words) => {
    const nats = await startNats();
    await make(await managerOf(nats.url), config);
    const log = natsLog({ servers: nats.url, stream: 'test' });
    await expect(log.open()).rejects.toThrow(words);
    await log.close();
  });

  it('a stream is refused that is sealed, a copy, or has fewer replicas than were asked for', async () => {
    const nats = await startNats();
    const manager = await managerOf(nats.url);
    await make(manager, { name: 'sealed' });
    const { config } = await manager.streams.info('sealed');
    await manager.streams.update('sealed', Object.assign(config, { sealed: true }));
    await manager.streams.add({ name: 'copy', mirror: { name: 'sealed' }, discard: DiscardPolicy.New });
    await make(manager, { name: 'single' });
    const opening = async (stream: string, replicas?: number): Promise<void> => {
      const log = natsLog({ servers: nats.url, stream, replicas });
      try {
        await log.open();
      } finally {
        await log.close();
      }
    };
    await expect(opening('sealed')).rejects.toThrow(/it is sealed/);
    await expect(opening('copy')).rejects.toThrow(/it is a copy of another stream/);
    await expect(opening('single', 3)).rejects.toThrow(/has 1 replica, not the 3 asked for/);
    await expect(opening('single')).resolves.toBeUndefined();
  });

  it('a server without JetStream can’t hold a log', async () => {
    const nats = await startNats({ jetStream: false });
    const log = natsLog({ servers: nats.url, engineTimeoutMs: 500 });
    await expect(log.open()).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
      message: /the log on NATS can't be reached within 500 ms/,
    });
    await log.close();
  });

  it('a log takes commands up to the limit of the server, refuses bigger ones, and goes on (G7)', async () => {
    const nats = await startNats({ config: 'max_payload: 100000' });
    const log = await openNatsLog(nats.url, { maxCommandBytes: 90_000 });
    const follower = await follow(log, 1);
    let most = 0;
    let refused = 0;
    for (let bytes = 99_800; bytes <= 100_000; bytes++) {
      try {
        await log.append(Buffer.alloc(bytes), `id-${bytes}`);
        most = bytes;
      } catch (error) {
        expect(error).toMatchObject({ code: 'PAYLOAD_TOO_LARGE', message: /max_payload 100000/ });
        refused++;
      }
    }
    expect([most > 99_800, refused > 0, refused]).toEqual([true, true, 100_000 - most]);
    expect(await appendTexts(log, 'latest')).toEqual([most - 99_800 + 2]);
    await follower.until(most - 99_800 + 2);
    expect(follower.held.map(({ data }) => data.length)).toEqual([
      ...Array.from({ length: most - 99_800 + 1 }, (_, i) => 99_800 + i),
      6,
    ]);
  });

  it('a server that takes less than a command may have is refused', async () => {
    const nats = await startNats({ config: 'max_payload: 100000' });
    const log = natsLog({ servers: nats.url });
    await expect(log.open()).rejects.toThrow(/NATS takes 100000 bytes \(max_payload\), less than the 589824/);
    await log.close();
  });
});
