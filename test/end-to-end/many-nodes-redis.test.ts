/**
 * Three nodes of one log on Redis, which may lose what it has acknowledged. All clients that have seen some of that are told, all that was
 * acknowledged before and after it stays, and in the end all nodes and all their readers have the same map.
 */
import { expect, it, vi } from 'vitest';
import { InsertItemDocument } from '../../schema/documents/graphql.ts';
import { ask, request } from '../support/clients/clients.ts';
import { type Aftermath, throughLosses } from '../support/engines/losses.ts';
import { agreement, all, NodeProcess, startNodes } from '../support/processes/node-processes.ts';
import { networkTo } from '../support/sockets/proxy.ts';
import { describeWithRedis, type RedisServer, RedisSentinel, type StartRedis } from '../support/engines/redis.ts';

// A busy machine takes several times as long.
vi.setConfig({ testTimeout: 240_000 });

/** Insertions before and after a fault. */
const SEVERAL = 200;

const promote = async (copy: RedisServer): Promise<unknown> => copy.client().replicaof('NO', 'ONE');

/** A master, reached by a network that may lead elsewhere, and a replica of it, which may lag. */
async function startPair(start: StartRedis) {
  const master = await start();
  const replication = await networkTo(master.url);
  const copy = await start({ replicaOf: replication.url });
  return { master, copy, replication, network: await networkTo(master.url) };
}

/** A failover to the replica, as the nodes see it. */
async function failOver({ master, copy, network }: Awaited<ReturnType<typeof startPair>>): Promise<void> {
  network.cut();
  await master.kill();
  await promote(copy);
  network.mend(copy.url);
}

/** Some insertions are lost, none of those that must be kept, and all readers were told. */
function expectTold({ lost, told }: Aftermath): void {
  expect(lost).toMatchObject({ kept: 0, after: 0 });
  expect(lost.doubtful).toBeGreaterThan(0);
  expect(told).not.toContain(0);
}

describeWithRedis('several nodes on a Redis that loses entries', (start) => {
  it('readers are told, and nodes agree, after a failover to a replica that lagged (G4, G6)', async () => {
    const pair = await startPair(start);
    const nodes = await startNodes(['--redis', pair.network.url], 3);
    const before = await nodes[0].status();
    const aftermath = await throughLosses(nodes, 'kept', async ({ enter, insertions }) => {
      await insertions(SEVERAL);
      await enter('doubtful');
      await pair.master.copied();
      pair.replication.cut();
      await insertions(SEVERAL);
      await failOver(pair);
      await all(nodes, 'ready');
      await enter('after');
      // More than was lost, so that the same positions are there again.
      await insertions(2 * SEVERAL);
    });
    expectTold(aftermath);
    expect(aftermath.epoch).toBe(before.epoch);
  });

  it('readers are told, and nodes agree, after Redis became a replica of one that lagged, and the master again (G4, G6)', async () => {
    const { master, copy, replication } = await startPair(start);
    const nodes = await startNodes(master.flags(), 3);
    const aftermath = await throughLosses(nodes, 'kept', async ({ enter, insertions }) => {
      await insertions(SEVERAL);
      await enter('doubtful');
      await master.copied();
      replication.cut();
      await insertions(SEVERAL);
      await promote(copy);
      const elsewhere = await NodeProcess.start(copy.flags());
      let isOver = false;
      const writing = (async () => {
        for (let n = 0; !isOver; n++)
          await ask(elsewhere, InsertItemDocument, { input: { key: `elsewhere-${n}`, value: n } });
      })();
      await master.client().replicaof('127.0.0.1', copy.port);
      await master.said(/sync: Finished with success/);
      isOver = true;
      await writing;
      await agreement([...nodes, elsewhere]);
      await promote(master);
      await enter('after');
      await insertions(SEVERAL);
    });
    expectTold(aftermath);
  });

  it.each<[string, (redis: RedisServer) => Promise<void>]>([
    [
      'Redis was killed and has kept nothing',
      async (redis) => {
        await redis.kill();
        await redis.start();
      },
    ],
    ['Redis was emptied', async (redis) => void (await redis.client().flushall())],
  ])('readers are told, and nodes agree, after %s (G4, G6)', async (_, fault) => {
    const redis = await start({ isPersistent: false });
    const nodes = await startNodes(redis.flags(), 3);
    const before = await nodes[0].status();
    const aftermath = await throughLosses(nodes, 'doubtful', async ({ enter, insertions }) => {
      await insertions(SEVERAL);
      await fault(redis);
      await all(nodes, 'ready');
      await insertions(SEVERAL);
      await enter('after');
      await insertions(SEVERAL);
    });
    expectTold(aftermath);
    expect(aftermath.epoch).not.toBe(before.epoch);
  });
});

describeWithRedis('several nodes that wait for a replica', (start) => {
  it('nodes acknowledge nothing without a replica, and lose nothing acknowledged in a failover (G7)', async () => {
    const pair = await startPair(start);
    const nodes = await startNodes(['--redis', pair.network.url], 3, ['--redis-wait', '1', '--engine-timeout', '2']);
    const { lost, acknowledged } = await throughLosses(nodes, 'kept', async ({ enter, insertions }) => {
      await insertions(SEVERAL);
      await enter('doubtful');
      pair.replication.cut();
      await pair.replication.refusal();
      const refused = await Promise.all(
        nodes.map((node, n) => request(node, InsertItemDocument, { input: { key: `refused-${n}`, value: 1 } })),
      );
      for (const { data, errors } of refused) {
        expect(data).toBeNull();
        expect(['ENGINE_UNAVAILABLE', 'INDETERMINATE']).toContain(errors?.[0]?.extensions['code']);
      }
      await failOver(pair);
      await start({ replicaOf: pair.copy.url });
      await enter('after');
      await insertions(SEVERAL);
    });
    expect([lost, acknowledged > 2 * SEVERAL]).toEqual([{ kept: 0, doubtful: 0, after: 0 }, true]);
  });
});

describeWithRedis('several nodes that ask Sentinel', (start, program) => {
  it('nodes go on with the replica that Sentinel promotes when the master is killed', async () => {
    const master = await start();
    const copy = await start({ replicaOf: master.url });
    const sentinel = await RedisSentinel.start('watched', master, program);
    await sentinel.said(/\+slave/);
    const nodes = await startNodes(sentinel.flags(), 3, ['--redis-sentinel', 'watched']);
    const { lost, acknowledged } = await throughLosses(nodes, 'kept', async ({ enter, insertions }) => {
      await insertions(SEVERAL);
      await enter('doubtful');
      await master.copied();
      await master.kill();
      await sentinel.said(/\+switch-master/);
      await all(nodes, 'ready');
      await enter('after');
      await insertions(SEVERAL);
    });
    expect(lost).toMatchObject({ kept: 0, after: 0 });
    expect(acknowledged).toBeGreaterThan(2 * SEVERAL);
    expect(await copy.client().xlen('{seamline}:commands')).toBeGreaterThan(acknowledged);
  });
});
