/**
 * Transactions of SQL and mutations at the same time on three nodes: subscribers of all nodes get exactly the committed ones, each once and
 * as a whole, in one order.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { describeWithPostgres } from '../../support/engines/postgres.ts';
import { startNodes } from '../../support/processes/node-processes.ts';
import { delaysOf } from '../../support/sql/delays.ts';
import { throughTransactions } from '../../support/sql/scene.ts';

/** How long one transaction stays open: a minute shows more, and takes longer. */
const OPEN_MS = Number(process.env['OPEN_SECONDS'] ?? 8) * 1000;

// A busy machine takes several times as long.
vi.setConfig({ testTimeout: 120_000 + 3 * OPEN_MS });

describeWithPostgres('transactions with several nodes', (start) => {
  it('subscribers of all nodes get exactly the committed transactions, in one order, and an open one delays none of them (G2, G3, G6)', async () => {
    const server = await start();
    const nodes = await startNodes(server.flags(), 3);
    const open = await server.client();
    const value = 'patient.0';
    let [openedAt, closedAt] = [0, 0];
    const { record, witnesses } = await throughTransactions(server.url, nodes, 8, async ({ record, witnesses }) => {
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
