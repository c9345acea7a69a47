/**
 * Transactions of SQL and mutations at the same time on three nodes: subscribers of all nodes get exactly the committed ones, each once and
 * as a whole, in one order.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { describeWithPostgres, type PostgresServer } from '../../support/engines/postgres.ts';
import { agreement, type NodeProcess, startNodes } from '../../support/processes/node-processes.ts';
import { Dice } from '../../support/random/dice.ts';
import { delaysOf } from '../../support/sql/delays.ts';
import { expectHistory } from '../../support/sql/history.ts';
import { Record } from '../../support/sql/transaction.ts';
import { Witness } from '../../support/sql/witness.ts';
import { graphqlWriter, sqlWriter, type Writer } from '../../support/sql/writers.ts';

/** How long one transaction stays open: a minute shows more, and takes longer. */
const OPEN_MS = Number(process.env['OPEN_SECONDS'] ?? 8) * 1000;

// A busy machine takes several times as long.
vi.setConfig({ testTimeout: 120_000 + 3 * OPEN_MS });

interface Scene {
  readonly record: Record;
  readonly witnesses: readonly Witness[];
  readonly writers: readonly Writer[];
}

/** `sql` writers, and a writer of mutations on each node. */
async function through(
  server: PostgresServer,
  nodes: readonly NodeProcess[],
  sql: number,
  during: (scene: Scene) => Promise<void>,
): Promise<Scene> {
  const seed = Number(process.env['SEED'] ?? Date.now() % 0x100000000);
  const { cursor: from } = await agreement(nodes);
  const record = new Record();
  const witnesses = nodes.map((node) => new Witness(node, from));
  const given = (name: string, n: number) => ({ name, record, dice: new Dice(seed + n) });
  const writers = [
    ...Array.from({ length: sql }, (_, n) => sqlWriter(server.url, given(`sql-${n}`, n))),
    ...nodes.map((node, n) => graphqlWriter(node, given(`node-${n}`, 100 + n))),
  ];
  const scene = { record, witnesses, writers };
  await during(scene);
  await Promise.all(writers.map((writer) => writer.stop()));
  const { cursor } = await agreement(nodes);
  await Promise.all(witnesses.map((witness) => witness.reaches(cursor)));
  await Promise.all(witnesses.map((witness) => witness.has(record.committed)));
  console.info(`seed ${seed}: ${record.summary()}`);
  expectHistory(record.transactions, witnesses, from, cursor);
  return scene;
}

describeWithPostgres('transactions with several nodes', (start) => {
  it('subscribers of all nodes get exactly the committed transactions, in one order, and an open one delays none of them (G2, G3, G6)', async () => {
    const server = await start();
    const nodes = await startNodes(server.flags(), 3);
    const open = await server.client();
    const value = 'patient.0';
    let [openedAt, closedAt] = [0, 0];
    const { record, witnesses } = await through(server, nodes, 8, async ({ record, witnesses }) => {
      await record.commits(200);
      openedAt = performance.now();
      await open.query('begin');
      await open.query("select seamline.insert('seamline', $1, to_jsonb($1::text))", [value]);
      while (performance.now() - openedAt < OPEN_MS) {
        await record.commits(100);
        // All that has committed meanwhile arrives while the other one is open.
        await Promise.all(witnesses.map((witness) => witness.has(record.committed)));
        await sleep(100);
      }
      expect(witnesses.some(({ receivedAt }) => receivedAt.has(value))).toBe(false);
      closedAt = performance.now();
      await open.query('commit');
      record.add({
        changes: [{ key: value, value }],
        beganAt: openedAt,
        endedAt: performance.now(),
        outcome: 'committed',
      });
      await record.commits(200);
    });
    const isOpen = (at: number): boolean => at > openedAt && at < closedAt;
    console.info(`open for ${Math.round((closedAt - openedAt) / 1000)} s`);
    console.info(`COMMIT to delivery while it is open: ${delaysOf(record.committed, witnesses, isOpen)}`);
    console.info(`COMMIT to delivery otherwise: ${delaysOf(record.committed, witnesses, (at) => !isOpen(at))}`);
  });
});
