/**
 * Transactions of SQL and mutations at the same time on three nodes, while nodes and the server fail: what was committed or answered is
 * delivered once on all nodes, what was rolled back or refused never.
 */
import { expect, it, vi } from 'vitest';
import { describeWithPostgres, type PostgresServer } from '../../support/engines/postgres.ts';
import { agreement, all, NodeProcess } from '../../support/processes/node-processes.ts';
import { networkTo } from '../../support/sockets/proxy.ts';
import { type Scene, throughTransactions } from '../../support/sql/scene.ts';
import { Witness } from '../../support/sql/witness.ts';

// A busy machine takes several times as long.
vi.setConfig({ testTimeout: 240_000 });

/** Transactions that must commit, and items that must arrive, before and after each fault. */
const SOME = 100;

async function leaders(server: PostgresServer): Promise<number> {
  return (await server.rows("select from pg_locks where locktype = 'advisory' and granted")).length;
}

/** The first one looks for transactions all the time, the others now and then. */
async function startBehind(server: PostgresServer, url = server.url) {
  const leader = await NodeProcess.start(server.flags());
  await expect.poll(() => leaders(server)).toBe(1);
  const others = [NodeProcess.start(server.flags()), NodeProcess.start(server.flags(url))] as const;
  return [leader, ...(await Promise.all(others))] as const;
}

/** Everything goes on: transactions commit, and all nodes deliver what has committed by then. */
async function goesOn({ record, witnesses }: Scene, on = witnesses): Promise<void> {
  await record.commits(SOME);
  const { committed } = record;
  await Promise.all(on.map((witness) => witness.has(committed)));
}

describeWithPostgres('transactions while something fails', (start) => {
  it('nodes deliver every committed transaction once, in one order, while nodes stand still, are killed and are cut off (G2, G3, G6, G7)', async () => {
    const server = await start();
    const network = await networkTo(server.url);
    const nodes = await startBehind(server, network.url);
    const [leader, second] = nodes;
    await throughTransactions(server.url, nodes, 4, async (scene) => {
      await goesOn(scene);
      leader.pause();
      // The lock of the one that stands still is held all the time.
      await goesOn(scene, scene.witnesses.slice(1));
      expect(await leaders(server)).toBe(1);
      leader.resume();
      await goesOn(scene);
      for (const node of [leader, second]) {
        await node.kill();
        await goesOn(scene, scene.witnesses.slice(2));
        await node.start();
        await goesOn(scene);
      }
      network.cut();
      await network.refusal();
      await goesOn(scene, scene.witnesses.slice(0, 2));
      network.mend();
      await goesOn(scene);
      // Nothing is said to either end.
      network.swallow();
      await goesOn(scene);
    });
  });

  it('nodes deliver every committed transaction once, in one order, while the server fails and stands still (G2, G3, G6, G7)', async () => {
    const server = await start();
    const nodes = await startBehind(server);
    await throughTransactions(server.url, nodes, 4, async (scene) => {
      for (const fail of [() => server.restart(), async () => (await server.kill(), server.start())]) {
        await goesOn(scene);
        await fail();
        await all(nodes, 'ready');
      }
      await goesOn(scene);
      server.pause();
      await all(nodes, 'not ready');
      server.resume();
      await all(nodes, 'ready');
      await goesOn(scene);
    });
  });

  it('transactions that commit while no node runs are delivered at the next start, in their order', async () => {
    const server = await start();
    const nodes = await startBehind(server);
    const { cursor } = await agreement(nodes);
    await Promise.all(nodes.map((node) => node.kill()));
    const client = await server.client();
    const keys = Array.from({ length: 100 }, (_, n) => `k${n}`);
    for (const key of keys) {
      await client.query('begin');
      for (const half of ['first', 'second'])
        await client.query("select seamline.insert('seamline', $1, to_jsonb($2::text))", [`${key}-${half}`, key]);
      await client.query(key.endsWith('7') ? 'rollback' : 'commit');
    }
    await Promise.all(nodes.map((node) => node.start()));
    const expected = keys.flatMap((key) => (key.endsWith('7') ? [] : [`${key}-first`, `${key}-second`]));
    for (const node of nodes) {
      const witness = new Witness(node, cursor);
      await witness.deliveries(expected.length);
      expect(witness.items.map(({ key }) => key)).toEqual(expected);
    }
    expect(await agreement(nodes)).toMatchObject({ size: expected.length });
  });
});
