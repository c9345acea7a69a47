import { expect, it } from 'vitest';
import type { Sequence } from '../../../src/core/model/position.ts';
import { describeWithPostgres, type PostgresServer } from '../../support/engines/postgres.ts';
import { openSession } from './open-session.ts';

const ROUNDS = 6;
const [ENTRIES, TRANSACTIONS] = [4000, 2000];
/** What one round leaves behind, and what comes before autovacuum has removed it: three rounds. */
const MOST_BYTES = 3 * (ENTRIES + TRANSACTIONS) * 600;

const VALUE = 'x'.repeat(200);

async function bytesOf(server: PostgresServer): Promise<number> {
  const [row] = await server.rows(
    `select pg_total_relation_size('seamline.entries') + pg_total_relation_size('seamline.outbox') as bytes`,
  );
  return Number(row?.['bytes']);
}

/** How often autovacuum has been through with the least of the tables. */
async function vacuums(server: PostgresServer): Promise<number> {
  const [row] = await server.rows(
    `select min(autovacuum_count) as count from pg_stat_user_tables
     where schemaname = 'seamline' and relname in ('entries', 'outbox')`,
  );
  return Number(row?.['count']);
}

describeWithPostgres(
  'Size of the tables in PostgreSQL',
  (start) => {
    it('the tables stay at the size of a few rounds while rounds of entries are appended and trimmed', async () => {
      const server = await start();
      const session = await openSession(server.url);
      const sizes: number[] = [];
      for (let round = 1; round <= ROUNDS; round++) {
        const before = await vacuums(server);
        await server.rows(
          `do $$ begin
             for n in 1..${TRANSACTIONS} loop
               perform seamline.insert('test', 'key-' || n % 100, to_jsonb('${VALUE}'::text));
               commit;
             end loop;
           end $$`,
        );
        const appends = Array.from({ length: ENTRIES }, () => session.appender.append(Buffer.from(VALUE), ''));
        const last = Math.max(...(await Promise.all(appends)));
        await session.trim((last + 1) as Sequence);
        await expect.poll(() => vacuums(server), { timeout: 30_000, interval: 200 }).toBeGreaterThan(before);
        sizes.push(await bytesOf(server));
      }
      expect(Math.max(...sizes)).toBeLessThan(MOST_BYTES);
    });
  },
  120_000,
);
