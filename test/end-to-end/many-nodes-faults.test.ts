/**
 * Several nodes of one log on NATS, with writers and readers on all of them, while something breaks: a nats-server, all of them, the way to
 * them, a node. What was answered is there, nothing is delivered twice or out of order, and in the end the nodes agree.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { expect, it, onTestFinished, vi } from 'vitest';
import { InsertItemDocument, ItemsDocument } from '../../schema/documents/graphql.ts';
import { ask, overWebSocket, request } from '../support/clients.ts';
import { describeWithNats, NatsServer } from '../support/nats.ts';
import { agreement, all, type Bustle, NodeProcess, SOUND, verified } from '../support/node-processes.ts';
import { networkTo } from '../support/proxy.ts';

// A busy machine takes several times as long.
vi.setConfig({ testTimeout: 240_000 });

/** What a fault has to let through behind it, to have done no harm. */
const SOME = 3000;

async function startNats(): Promise<NatsServer> {
  const nats = await NatsServer.start();
  onTestFinished(() => nats.stop());
  return nats;
}

async function startCluster(): Promise<readonly NatsServer[]> {
  const servers = await NatsServer.startCluster();
  onTestFinished(async () => {
    await Promise.all(servers.map((server) => server.stop()));
  });
  return servers;
}

async function startNodes(nats: string, count: number, args: readonly string[] = []) {
  const first = await NodeProcess.start(nats, args);
  const others = Array.from({ length: count - 1 }, () => NodeProcess.start(nats, args));
  return [first, ...(await Promise.all(others))] as const;
}

/** While its engine is away a node says so to who inserts, and goes on to read. */
async function refuses(node: NodeProcess): Promise<void> {
  const { errors } = await request(node, InsertItemDocument, { input: { key: 'refused', value: 1 } });
  expect(['ENGINE_UNAVAILABLE', 'INDETERMINATE']).toContain(errors?.[0]?.extensions['code']);
  expect(await node.status()).toMatchObject({ engine: 'nats' });
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

describeWithNats('nodes of one log keep every guarantee and agree in the end (G1 to G8, G11), while', () => {
  it('the only nats-server is killed with -9 and started again, twice', async () => {
    const nats = await startNats();
    const nodes = await startNodes(nats.url, 2);
    const report = await verified(nodes, async ({ deliveries }) => {
      for (let time = 0; time < 2; time++) {
        await nats.kill();
        await all(nodes, 'not ready');
        await Promise.all(nodes.map(refuses));
        await nats.start();
        await all(nodes, 'ready');
        await deliveries(SOME);
      }
    });
    expect(report).toMatchObject(SOUND);
  });

  it('of a cluster of three nats-servers the leader is killed with -9, and then all three', async () => {
    const servers = await startCluster();
    const nodes = await startNodes(servers.map(({ url }) => url).join(','), 3, ['--nats-replicas', '3']);
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

  it('one node is cut off from NATS for 3 s', async () => {
    const nats = await startNats();
    const network = await networkTo(nats.url);
    const [sound] = await startNodes(nats.url, 1);
    const cut = await NodeProcess.start(`nats://${new URL(network.url).host}`);
    const report = await verified([sound, cut], async ({ deliveries }) => {
      network.cut();
      await cut.becomes('not ready');
      await ask(sound, InsertItemDocument, { input: { key: 'taken', value: 1 } });
      await Promise.all([delay(3000), refuses(cut)]);
      network.mend();
      await cut.becomes('ready');
      await deliveries(SOME);
    });
    expect(report).toMatchObject(SOUND);
  });

  it('the nats-server is stopped, so that nothing breaks and nothing comes, and goes on', async () => {
    const nats = await startNats();
    const nodes = await startNodes(nats.url, 2);
    const report = await verified(nodes, async ({ deliveries }) => {
      nats.pause();
      try {
        await all(nodes, 'not ready');
        await Promise.all(nodes.map(refuses));
      } finally {
        nats.resume();
      }
      await all(nodes, 'ready');
      await deliveries(SOME);
    });
    expect(report).toMatchObject(SOUND);
  });

  it('a nats-server of three is stopped, and the others go on without it', async () => {
    const servers = await startCluster();
    const nodes = await startNodes(servers.map(({ url }) => url).join(','), 2, ['--nats-replicas', '3']);
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

  it('one node after the other is killed with -9, and started again', async () => {
    const nats = await startNats();
    const nodes = await startNodes(nats.url, 3);
    const killEach = async ({ deliveries }: Bustle): Promise<void> => {
      for (const node of nodes) {
        await node.kill();
        await deliveries(SOME);
        await node.start();
        await deliveries(SOME);
      }
    };
    expect(await verified(nodes, killEach)).toMatchObject(SOUND);
  });

  it('one node after the other is drained, and started again, as an upgrade does it (G9)', async () => {
    const nats = await startNats();
    const nodes = await startNodes(nats.url, 3, ['--drain-timeout', '2']);
    const drainEach = async ({ deliveries }: Bustle): Promise<void> => {
      for (const node of nodes) {
        expect(await node.drain()).toMatchObject({ code: 0 });
        await deliveries(SOME);
        await node.start();
      }
    };
    expect(await verified(nodes, drainEach)).toMatchObject(SOUND);
  });
});

describeWithNats('an insertion while the only nats-server is killed with -9 again and again', () => {
  it('is there, once and where its answer says, or nothing of it, or its answer is INDETERMINATE (G2, G3, G7)', async () => {
    const nats = await startNats();
    const nodes = await startNodes(nats.url, 2, ['--engine-timeout', '1']);
    const [reader] = nodes;
    const answers = { taken: new Map<string, string>(), refused: new Set<string>(), open: new Set<string>() };
    let told = (): void => {};
    let isOver = false;
    const write = async (node: NodeProcess, writer: number): Promise<void> => {
      for (let n = 0; !isOver; n++) {
        const key = `${writer}-${n}`;
        const { data, errors } = await request(node, InsertItemDocument, { input: { key, value: n } });
        const code = errors?.[0]?.extensions['code'];
        if (data) answers.taken.set(key, data.insertItem.cursor);
        else if (code === 'ENGINE_UNAVAILABLE') answers.refused.add(key);
        else if (code === 'INDETERMINATE') answers.open.add(key);
        else throw new Error(JSON.stringify(errors));
        told();
      }
    };
    const more = async (list: { readonly size: number }, count: number): Promise<void> => {
      const enough = list.size + count;
      while (list.size < enough) await new Promise<void>((resolve) => (told = resolve));
    };
    const seen: { key: string; cursor: string }[] = [];
    const feed = overWebSocket.subscribe(reader, ItemsDocument, {});
    const reading = (async () => {
      for await (const { data } of feed) if (data) seen.push(data.items);
    })();

    const writing = nodes.flatMap((node, at) => Array.from({ length: 8 }, (_, n) => write(node, at * 8 + n)));
    for (let time = 0; time < 5; time++) {
      await more(answers.taken, 300);
      await nats.kill();
      await more(answers.refused, 20);
      await nats.start();
    }
    await more(answers.taken, 300);
    isOver = true;
    await Promise.all(writing);
    const { cursor } = await agreement(nodes);
    await expect.poll(() => seen.at(-1)?.cursor, { timeout: 60_000 }).toBe(cursor);
    await feed.leave();
    await reading;

    const cursors = seen.map((item) => item.cursor);
    expect(cursors).toEqual([...new Set(cursors)].toSorted());
    const keys = seen.map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.filter((key) => answers.refused.has(key))).toEqual([]);
    expect(new Map(seen.filter(({ key }) => !answers.open.has(key)).map((item) => [item.key, item.cursor]))).toEqual(
      answers.taken,
    );
    console.info(`${answers.taken.size} taken, ${answers.refused.size} refused, ${answers.open.size} open`);
  });
});
