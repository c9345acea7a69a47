import { expect, it, onTestFinished } from 'vitest';
import { StreamingMap } from '../../../src/core/streaming-map.ts';
import { natsLog } from '../../../src/logs/nats/nats-log.ts';
import { hearing } from '../../support/engines/kept.ts';
import { freePort } from '../../support/engines/engine-server.ts';
import { describeWithNats, type NatsServer } from '../../support/engines/nats.ts';
import { managerOf, startNats } from '../../support/engines/nats-logs.ts';
import { expectSame, write } from '../snapshots.ts';

/** A server in the domain `hub`, and a leaf node of it in the domain `leaf`. */
async function startLeaf(): Promise<{ hub: NatsServer; leaf: NatsServer }> {
  const port = await freePort();
  const hub = await startNats({ domain: 'hub', config: `server_name: hub\nleafnodes { listen: "127.0.0.1:${port}" }` });
  const remotes = `[{ url: "nats://127.0.0.1:${port}" }]`;
  const leaf = await startNats({ domain: 'leaf', config: `server_name: leaf\nleafnodes { remotes: ${remotes} }` });
  await leaf.said(/Leafnode connection created/);
  return { hub, leaf };
}

describeWithNats('JetStream domains', () => {
  it('a node at a leaf node shares the log of the hub, which its domain names, with snapshots and all', async () => {
    const { hub, leaf } = await startLeaf();
    const { logger, until } = hearing();
    const open = async (servers: string, domain?: string): Promise<StreamingMap> => {
      const log = natsLog({ servers, domain, stream: 'test', snapshotBytes: 20_000, logger });
      const map = await StreamingMap.open({ log, logger });
      onTestFinished(() => map.close());
      return map;
    };
    const remote = await open(leaf.url, 'hub');
    const made = until(/made a snapshot/);
    await write(remote, 1);
    await made;
    const central = await open(hub.url);
    await central.insert({ key: 'central', value: 1 });
    await expectSame(central, remote);
    await expectSame(central, await open(leaf.url, 'hub'));
    await expect((await managerOf(leaf.url)).streams.info('test')).rejects.toThrow(/stream not found/);
    expect((await (await managerOf(hub.url)).streams.info('test')).state.messages).toBeGreaterThan(0);
  });

  it('a node whose domain no server has refuses to start', async () => {
    const nats = await startNats();
    const log = natsLog({ servers: nats.url, domain: 'nowhere', stream: 'test', engineTimeoutMs: 1000 });
    await expect(log.open()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    await log.close();
  });
});
