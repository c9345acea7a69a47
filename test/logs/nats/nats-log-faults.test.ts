import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { OrderedLog } from '../../../src/core/replication/ordered-log.ts';
import { hearing, temporaryDirectory } from '../../support/engines/kept.ts';
import { describeWithNats, type NatsServer } from '../../support/engines/nats.ts';
import { managerOf, openNatsLog, startNats } from '../../support/engines/nats-logs.ts';
import { type Network, networkTo } from '../../support/sockets/proxy.ts';
import { appendTexts, at, follow, textOf, upTo } from '../../../src/testing/recording.ts';
import { appendForSure, expectAll, expectOnce, write } from '../writing.ts';

async function throughNetwork(nats: NatsServer): Promise<Network & { readonly servers: string }> {
  const network = await networkTo(nats.url);
  return Object.assign(network, { servers: new URL(network.url).host });
}

const storeOf = (nats: NatsServer): string => join(nats.directory, 'jetstream');

describeWithNats('NATS log, when its server', () => {
  it('is killed and started again, again and again, loses nothing and repeats nothing (G7)', async () => {
    const nats = await startNats();
    const log = await openNatsLog(nats.url);
    const follower = await follow(log, 1);
    const writing = write(log, 16, 120);
    for (const reached of [200, 600, 1200]) {
      await follower.until(reached);
      await nats.kill();
      await nats.start();
    }
    const answered = await writing;
    await follower.until(answered.size);
    expectAll(follower, answered);
    expectOnce(follower);
  });

  it('stands still, does not know what became of appends, and takes them once when they come again', async () => {
    const nats = await startNats();
    const heard = hearing();
    const log = await openNatsLog(nats.url, { engineTimeoutMs: 1000, logger: heard.logger });
    const follower = await follow(log, 1);
    await appendTexts(log, 'before');
    nats.pause();
    const [first, second] = [log.append(Buffer.from('a'), 'id-a'), log.append(Buffer.from('b'), 'id-b')];
    await expect(first).rejects.toMatchObject({ code: 'INDETERMINATE' });
    await expect(second).rejects.toMatchObject({ code: 'INDETERMINATE' });
    await heard.until(/the connection to NATS is lost/);
    expect(log.health()).toEqual({ ok: false, reason: 'the connection to NATS is lost' });
    nats.resume();
    await appendForSure(log, 'b');
    await appendForSure(log, 'a');
    await appendForSure(log, 'c');
    await follower.until(4);
    expect(follower.sequences).toEqual([1, 2, 3, 4]);
    expect(follower.held.map(textOf).toSorted()).toEqual(['a', 'b', 'before', 'c']);
    await expect.poll(() => log.health(), { timeout: 60_000 }).toEqual({ ok: true });
  });

  it('is gone for good, says that nothing was written, at once after a while', async () => {
    const nats = await startNats();
    const heard = hearing();
    const log = await openNatsLog(nats.url, { engineTimeoutMs: 1000, logger: heard.logger });
    const lost = heard.until(/the connection to NATS is lost/);
    await nats.kill();
    await lost;
    for (let i = 0; i < 2; i++)
      await expect(log.append(Buffer.from('a'), `a${i}`)).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    await expect(log.last()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    await nats.start();
    expect(await appendForSure(log, 'b')).toBe(1);
  });

  it('can’t be reached for a while, hands on what others appended meanwhile, dense', async () => {
    const nats = await startNats();
    const network = await throughNetwork(nats);
    const heard = hearing();
    const log = await openNatsLog(network.servers, { logger: heard.logger });
    const other = await openNatsLog(nats.url);
    const follower = await follow(log, 1);
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
    await follower.until(await log.last());
    expectAll(follower, answered);
    expectOnce(follower);
  });
});

describeWithNats('NATS log, when its stream', () => {
  it('was made anew, says so, and is another log (G4)', async () => {
    const nats = await startNats();
    const log = await openNatsLog(nats.url);
    const epoch = await log.open();
    const follower = await follow(log, 1);
    await appendTexts(log, 'a', 'b');
    await follower.until(2);
    const manager = await managerOf(nats.url);
    const { config } = await manager.streams.info('test');
    await manager.streams.delete('test');
    await manager.streams.add(config);
    expect(await follower.untilBroken()).toMatch(/another log has taken its place/);
    expect(await log.open()).not.toBe(epoch);
    const again = await follow(log, 1);
    await appendTexts(log, 'c');
    await again.until(1);
    expect([again.held.map(textOf), follower.held.map(textOf)]).toEqual([['c'], ['a', 'b']]);
  });

  it('is gone, is not well until it is back, and does not make it anew by itself', async () => {
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

  it('has lost its newest part, says so, though nothing comes', async () => {
    const { nats, log, follower, network } = await rolledBack();
    await nats.start();
    network.mend();
    expect(await follower.untilBroken()).toMatch(/lost|differs/);
    expect(await log.last()).toBe(2);
  });

  it('has lost its newest part and grown beyond it, says so before it hands on any of that', async () => {
    const { nats, follower, network } = await rolledBack();
    await nats.start();
    await appendTexts(await openNatsLog(nats.url), 'x', 'y', 'z', 'u');
    network.mend();
    expect(await follower.untilBroken()).toMatch(/entry 4 differs/);
    expect(follower.held.map(textOf)).toEqual(['1', '2', '3', '4']);
  });

  async function rolledBack(): Promise<{
    nats: NatsServer;
    network: Network;
    log: OrderedLog;
    follower: Awaited<ReturnType<typeof follow>>;
  }> {
    const nats = await startNats();
    const network = await throughNetwork(nats);
    const log = await openNatsLog(network.servers);
    const follower = await follow(log, 1);
    await appendTexts(log, '1', '2');
    await nats.kill();
    const backup = temporaryDirectory();
    cpSync(storeOf(nats), backup, { recursive: true });
    await nats.start();
    await Promise.all(['3', '4'].map((text) => appendForSure(log, text)));
    await follower.until(4);
    network.cut();
    await nats.kill();
    rmSync(storeOf(nats), { recursive: true });
    cpSync(backup, storeOf(nats), { recursive: true });
    return { nats, network, log, follower };
  }

  it('was purged beyond what a follower has, says so; one that has it all goes on', async () => {
    const nats = await startNats();
    const network = await throughNetwork(nats);
    const [log, other] = [await openNatsLog(network.servers), await openNatsLog(nats.url)];
    const [behind, ahead] = [await follow(log, 1), await follow(other, 1)];
    await appendTexts(other, '1');
    await Promise.all([behind.until(1), ahead.until(1)]);
    network.cut();
    await appendTexts(other, '2', '3');
    await ahead.until(3);
    await (await managerOf(nats.url)).streams.purge('test');
    await appendTexts(other, '4');
    network.mend();
    expect(await behind.untilBroken()).toMatch(/sequence 2 /);
    await ahead.until(4);
    expect([behind.sequences, ahead.sequences, ahead.reasons]).toEqual([[1], [1, 2, 3, 4], []]);
    await expect(log.entryAt(at(1))).resolves.toBeUndefined();
  });
});
