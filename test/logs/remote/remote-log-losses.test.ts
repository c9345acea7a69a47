import { cpSync, rmSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { OrderedLog } from '../../../src/core/replication/ordered-log.ts';
import { appendTexts, at, follow } from '../../../src/testing/recording.ts';
import type { EngineServer } from '../../support/engines/engine-server.ts';
import { temporaryDirectory } from '../../support/engines/kept.ts';
import { describeRemoteLogs, openLog, type RemoteEngine } from '../../support/engines/remote-logs.ts';
import { type Network, networkTo } from '../../support/sockets/proxy.ts';
import { appendForSure } from '../writing.ts';

interface RolledBack {
  readonly server: EngineServer;
  readonly network: Network;
  readonly log: OrderedLog;
  readonly listener: Awaited<ReturnType<typeof follow>>;
}

/** The server is down. It holds the entries 1 and 2; the listener, whose network is cut, has 3 and 4 as well. */
async function rolledBack(engine: RemoteEngine): Promise<RolledBack> {
  const server = await engine.start();
  const network = await networkTo(server.url);
  const log = await openLog(engine, network.url);
  const listener = await follow(log, 1);
  await appendTexts(log, '1', '2');
  await server.kill();
  const backup = temporaryDirectory();
  cpSync(server.store, backup, { recursive: true });
  await server.start();
  for (const text of ['3', '4']) await appendForSure(log, text);
  await listener.until(await log.last());
  network.cut();
  await server.kill();
  rmSync(server.store, { recursive: true });
  cpSync(backup, server.store, { recursive: true });
  return { server, network, log, listener };
}

describeRemoteLogs('losses of the log', (engine) => {
  it.each(Object.entries(engine.losses))(
    'all listeners of a log whose server %s are told, and follow the log in its place (G4)',
    async (_, lose) => {
      const server = await engine.start({ isPersistent: false });
      const [log, other] = [await openLog(engine, server.url), await openLog(engine, server.url)];
      const epoch = await log.open();
      const listeners = [await follow(log, 1), await follow(other, 1)] as const;
      await appendTexts(log, 'a', 'b');
      await Promise.all(listeners.map((listener) => listener.until(2)));
      await lose(server);
      await Promise.all(listeners.map((listener) => listener.untilBroken()));
      const epochs = await Promise.all([log.open(), other.open()]);
      expect(epochs[0]).not.toBe(epoch);
      expect(epochs[1]).toBe(epochs[0]);
      const again = [await follow(log, 1), await follow(other, 1)] as const;
      expect(await appendForSure(log, 'c')).toBe(1);
      expect(await appendForSure(other, 'd')).toBe(2);
      await Promise.all(again.map((listener) => listener.until(2)));
      for (const listener of again) expect(listener.texts).toEqual(['c', 'd']);
      for (const listener of listeners) expect(listener.texts).toEqual(['a', 'b']);
    },
  );

  it.each(Object.entries(engine.losses))(
    'a listener is told at once that the server %s after its log was opened, and before it was followed (G4)',
    async (_, lose) => {
      const server = await engine.start({ isPersistent: false });
      const log = await openLog(engine, server.url);
      await lose(server);
      const other = await openLog(engine, server.url);
      await appendTexts(other, 'a');
      const listener = await follow(log, 1);
      expect([listener.reasons, listener.texts]).toEqual([['another log has taken its place'], []]);
      expect(await log.open()).toBe(await other.open());
      const again = await follow(log, 1);
      await again.until(1);
      expect([again.reasons, again.texts]).toEqual([[], ['a']]);
    },
  );

  it('a listener is told that the log has lost its newest part, though nothing is appended', async () => {
    const { server, log, listener, network } = await rolledBack(engine);
    await server.start();
    network.mend();
    expect(await listener.untilBroken()).toMatch(/has lost entries|differs/);
    expect(await log.last()).toBe(2);
  });

  it('a listener is told that the log has lost its newest part before it gets anything that replaced it', async () => {
    const { server, listener, network } = await rolledBack(engine);
    await server.start();
    await appendTexts(await openLog(engine, server.url), 'x', 'y', 'z', 'u');
    network.mend();
    expect(await listener.untilBroken()).toMatch(/entry 4 differs/);
    expect(listener.texts).toEqual(['1', '2', '3', '4']);
  });

  it('a listener is told that the log was trimmed beyond what it has; one that has it all goes on', async () => {
    const server = await engine.start();
    const network = await networkTo(server.url);
    const [log, other] = [await openLog(engine, network.url), await openLog(engine, server.url)];
    const [late, ahead] = [await follow(log, 1), await follow(other, 1)];
    await appendTexts(other, '1');
    await Promise.all([late.until(1), ahead.until(1)]);
    network.cut();
    await appendTexts(other, '2', '3');
    await ahead.until(3);
    await other.trim(at(4));
    await appendTexts(other, '4');
    network.mend();
    expect(await late.untilBroken()).toMatch(/sequence 2\b/);
    await ahead.until(4);
    expect([late.sequences, ahead.sequences, ahead.reasons]).toEqual([[1], [1, 2, 3, 4], []]);
    await expect(log.entryAt(at(1))).resolves.toBeUndefined();
  });

  it('a log without any entry left goes on with its sequences, also after its server was killed', async () => {
    const server = await engine.start();
    const log = await openLog(engine, server.url);
    const listener = await follow(log, 1);
    await appendTexts(log, '1', '2');
    await listener.until(2);
    await log.trim(at(3));
    await server.kill();
    await server.start();
    const later = await openLog(engine, server.url);
    expect(await later.last()).toBe(2);
    const joined = await follow(later, 3);
    expect(await appendForSure(log, '3')).toBe(3);
    await Promise.all([listener.until(3), joined.until(3)]);
    expect([listener.reasons, joined.reasons]).toEqual([[], []]);
  });

  it('an entry that another program has written is delivered in its place, and ends nothing', async () => {
    const server = await engine.start();
    const log = await openLog(engine, server.url);
    const listener = await follow(log, 1);
    await appendTexts(log, 'a');
    const foreign = await engine.appendForeign(server);
    await listener.until(2);
    await appendTexts(log, 'b');
    for (const each of [listener, await follow(log, 1)]) {
      await each.until(3);
      expect(each.texts).toEqual(['a', foreign, 'b']);
      expect(each.reasons).toEqual([]);
    }
  });
});
