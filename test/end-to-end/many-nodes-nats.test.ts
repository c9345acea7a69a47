/** Several nodes of one log on a cluster of three nats-servers, with writers and readers on all nodes, while servers break. */
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { expect, it, onTestFinished, vi } from 'vitest';
import { describeWithNats, NatsServer } from '../support/engines/nats.ts';
import { all, SOME, SOUND, startNodes, verified } from '../support/processes/node-processes.ts';

// A busy machine takes several times as long.
vi.setConfig({ testTimeout: 240_000 });

async function startCluster() {
  const servers = await NatsServer.startCluster();
  onTestFinished(async () => {
    await Promise.all(servers.map((server) => server.stop()));
  });
  return { servers, flags: ['--nats', servers.map(({ url }) => url).join(','), '--nats-replicas', '3'] };
}

async function leaderOf(servers: readonly NatsServer[]): Promise<NatsServer> {
  const connection = await connect({ servers: servers.map(({ url }) => url) });
  try {
    const { cluster } = await (await jetstreamManager(connection)).streams.info('seamline');
    const leader = servers[['n1', 'n2', 'n3'].indexOf(cluster?.leader ?? '')];
    if (!leader) throw new Error(`the stream is led by ${cluster?.leader}`);
    return leader;
  } finally {
    await connection.close();
  }
}

describeWithNats('several nodes on a cluster of NATS', () => {
  it('nodes keep every guarantee while the leader of three servers is killed, and then all three (G1 to G8, G11)', async () => {
    const { servers, flags } = await startCluster();
    const nodes = await startNodes(flags, 3);
    const report = await verified(nodes, async ({ deliveries }) => {
      const leader = await leaderOf(servers);
      await leader.kill();
      await deliveries(SOME);
      await leader.start();
      await all(nodes, 'ready');
      await deliveries(SOME);

      await Promise.all(servers.map((server) => server.kill()));
      await all(nodes, 'not ready');
      await Promise.all(servers.map((server) => server.start()));
      await all(nodes, 'ready');
      await deliveries(SOME);
    });
    expect(report).toMatchObject(SOUND);
  });

  it('nodes keep every guarantee while one of three servers stands still, and are ready (G1 to G8, G11)', async () => {
    const { servers, flags } = await startCluster();
    const nodes = await startNodes(flags, 2);
    const report = await verified(nodes, async ({ deliveries }) => {
      const leader = await leaderOf(servers);
      leader.pause();
      try {
        await deliveries(SOME);
        await all(nodes, 'ready');
      } finally {
        leader.resume();
      }
      await deliveries(SOME);
    });
    expect(report).toMatchObject(SOUND);
  });
});
