import { expect, it } from 'vitest';
import { describeWithPostgres } from '../../support/engines/postgres.ts';
import { openSession } from './open-session.ts';

const LOOKS = 5;

describeWithPostgres(
  'Transactions that PostgreSQL does not let a node append',
  (start) => {
    for (const changes of [15_000, 30_000])
      it(`the log is unwell, with the reason, as long as a transaction of ${changes} changes can't be appended`, async () => {
        const server = await start({ config: ['temp_file_limit = 1MB', 'work_mem = 64kB'] });
        const session = await openSession(server.url);
        const trouble = async (): Promise<string | undefined> => (await session.look()).trouble;
        await server.rows(
          "select count(seamline.insert('test', 'key-' || n, to_jsonb(repeat('x', 100)))) from generate_series(1, $1::integer) n",
          [changes],
        );
        await expect.poll(trouble).toMatch(/temp_file_limit/);
        await expect(session.appender.append(Buffer.from('x'), '')).rejects.toThrow(/temp_file_limit/);
        for (let n = 0; n < LOOKS; n++) expect(await trouble()).toMatch(/temp_file_limit/);
        await server.rows('alter system set temp_file_limit = -1');
        await server.rows('select pg_reload_conf()');
        await expect.poll(trouble, { timeout: 10_000 }).toBeUndefined();
        await expect(session.appender.append(Buffer.from('x'), '')).resolves.toBeGreaterThan(changes / 1000);
        expect(await server.rows('select from seamline.outbox')).toEqual([]);
      });
  },
  60_000,
);
