/** Writers and witnesses on the nodes of one log, while something happens to them. */
import { Client } from 'pg';
import { expect } from 'vitest';
import { agreement, type NodeProcess } from '../processes/node-processes.ts';
import { Dice } from '../random/dice.ts';
import { expectHistory } from './history.ts';
import { Record } from './transaction.ts';
import { Witness } from './witness.ts';
import { graphqlWriter, sqlWriter, type Writer } from './writers.ts';

export interface Scene {
  readonly record: Record;
  readonly witnesses: readonly Witness[];
  readonly writers: readonly Writer[];
}

/**
 * `sql` writers, and a writer of mutations on each node, with a witness on each node. Checks the whole history once the nodes agree. `SEED`
 * repeats the plan of a run.
 */
export async function throughTransactions(
  url: string,
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
    ...Array.from({ length: sql }, (_, n) => sqlWriter(url, given(`sql-${n}`, n))),
    ...nodes.map((node, n) => graphqlWriter(node, given(`node-${n}`, 100 + n))),
  ];
  const scene = { record, witnesses, writers };
  await during(scene);
  await Promise.all(writers.map((writer) => writer.stop()));
  // A transaction whose answer was lost may have committed, and be told of a moment later.
  await expect.poll(() => pendingIn(url), { timeout: 60_000 }).toBe(0);
  await Promise.all(witnesses.map((witness) => witness.has(record.committed)));
  const { cursor } = await agreement(nodes);
  await Promise.all(witnesses.map((witness) => witness.reaches(cursor)));
  console.info(`seed ${seed}: ${record.summary()}`);
  expectHistory(record.transactions, witnesses, from, cursor);
  return scene;
}

/** Changes in the outbox, and transactions that may still bring some. */
async function pendingIn(url: string): Promise<number> {
  const client = new Client(url);
  await client.connect();
  const { rows } = await client.query<{ pending: string }>(
    `select (select count(*) from seamline.outbox) + count(*) as pending from pg_stat_activity
     where application_name <> 'seamline' and backend_xid is not null`,
  );
  await client.end();
  return Number(rows[0]?.pending);
}
