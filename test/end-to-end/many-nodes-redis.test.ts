/**
 * Three nodes of one log on Redis, which may lose what it has acknowledged: everybody who has seen something of that is told, what was
 * acknowledged before or after it is there, and in the end all nodes and all who read from them have the same.
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

/** How many insertions have to be there before and after a fault. */
const SEVERAL = 200;

const promote = async (copy: RedisServer): Promise<unknown> => copy.client().replicaof('NO', 'ONE');

/** A master, behind a network that may lead elsewhere, and a copy of it, which may lag behind. */
async function startPair(start: StartRedis) {
  const master = await start();
  const replication = await networkTo(master.url);
  const copy = await start({ replicaOf: replication.url });
  return { master, copy, replication, network: await networkTo(master.url) };
}

/** How a failover to the copy looks to nodes. */
async function failOver({ master, copy, network }: Awaited<ReturnType<typeof startPair>>): Promise<void> {
  network.cut();
  await master.kill();
  await promote(copy);
  network.mend(copy.url);
}

/** What could be kept is there, and what could not isn't; everybody had seen some of it. */
function expectTold({ lost, told }: Aftermath): void {
  expect(lost).toMatchObject({ kept: 0, after: 0 });
  expect(lost.doubtful).toBeGreaterThan(0);
  expect(told).not.toContain(0);
}

describeWithRedis('on Redis, three nodes of one log tell whoever has seen what is lost, and agree, when', (start) => {
  it('Redis has failed over to a copy that lagged behind (G4, G6)', async () => {
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
      // Beyond what was lost: the positions are there again.
      await insertions(2 * SEVERAL);
    });
    expectTold(aftermath);
    expect(aftermath.epoch).toBe(before.epoch);
  });

  it('Redis was made a copy of one that lagged behind, under their feet, and the master again (G4, G6)', async () => {
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
      'Redis was killed with -9, and keeps nothing',
      async (redis) => {
        await redis.kill();
        await redis.start();
      },
    ],
    ['all that Redis has was deleted', async (redis) => void (await redis.client().flushall())],
  ])('%s (G4, G6)', async (_, fault) => {
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

describeWithRedis('on Redis, nodes that wait for a copy', (start) => {
  it('acknowledge nothing while there is none, and lose nothing of the rest in a failover (G7)', async () => {
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

describeWithRedis('on Redis, nodes that ask Sentinel', (start, program) => {
  it('go on with the copy that it makes the master when that is killed with -9', async () => {
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
