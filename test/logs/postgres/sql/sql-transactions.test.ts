/** Changes that SQL makes appear if and only if their transaction commits, all of them in a row. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StreamingMap } from '../../../../src/core/streaming-map.ts';
import { describeWithPostgres, PostgresServer } from '../../../support/engines/postgres.ts';
import { openMapOn } from './maps.ts';

const insert = (key: string, value: unknown = 1): string =>
  `select seamline.insert('seamline', '${key}', '${JSON.stringify(value)}')`;
const remove = (key: string): string => `select seamline.remove('seamline', '${key}')`;

/** Resolves with the keys of the map in their order, once this one is in it, the last that was committed. */
async function keysUntil(map: StreamingMap, last: string): Promise<string[]> {
  await expect.poll(() => map.get(last), { interval: 5 }).toBeDefined();
  const keys: string[] = [];
  for await (const { key } of map.items()) {
    keys.push(key);
    if (key === last) break;
  }
  return keys;
}

describeWithPostgres('transactions of SQL', () => {
  let postgres: PostgresServer;
  beforeAll(async () => (postgres = await PostgresServer.start({ config: ['max_prepared_transactions = 10'] })));
  afterAll(() => postgres.stop());

  async function emptyMap(): Promise<StreamingMap> {
    await postgres.rows('drop schema if exists seamline cascade');
    return openMapOn(postgres.url);
  }

  describe('each on an empty log', () => {
    it('a transaction that stays open delays no other, and its changes appear together after its commit', async () => {
      const map = await emptyMap();
      const [open, other] = [await postgres.client(), await postgres.client()];
      await open.query('begin');
      await open.query(insert('open 1'));
      await other.query(insert('during'));
      expect(await keysUntil(map, 'during')).toEqual(['during']);
      await open.query(insert('open 2'));
      await open.query(remove('during'));
      await other.query(insert('later'));
      expect(await keysUntil(map, 'later')).toEqual(['during', 'later']);
      await open.query('commit');
      expect(await keysUntil(map, 'open 2')).toEqual(['later', 'open 1', 'open 2']);
    });

    it('what a savepoint has rolled back never appears, and what came before and after it does', async () => {
      const map = await emptyMap();
      const client = await postgres.client();
      for (const statement of [
        'begin',
        insert('before'),
        'savepoint a',
        insert('lost 1'),
        'savepoint b',
        insert('lost 2'),
        'release savepoint b',
        'rollback to savepoint a',
        insert('after'),
        'savepoint c',
        insert('in a savepoint'),
        'release savepoint c',
        'commit',
        insert('end'),
      ])
        await client.query(statement);
      expect(await keysUntil(map, 'end')).toEqual(['before', 'after', 'in a savepoint', 'end']);
      expect(await postgres.rows('select from seamline.entries where command_id is not null')).toHaveLength(2);
    });

    it('the changes of a transaction that is rolled back or whose session dies never appear', async () => {
      const map = await emptyMap();
      const [first, second, third] = [await postgres.client(), await postgres.client(), await postgres.client()];
      for (const statement of ['begin', insert('lost 1'), remove('x'), 'rollback']) await first.query(statement);
      for (const statement of ['begin', insert('lost 2')]) await second.query(statement);
      await postgres.rows(
        "select pg_terminate_backend(pid) from pg_stat_activity where state = 'idle in transaction' and query like '%lost 2%'",
      );
      await third.query(insert('end'));
      expect(await keysUntil(map, 'end')).toEqual(['end']);
    });

    it('the changes of a prepared transaction appear after COMMIT PREPARED, also after a crash of the server, and never after ROLLBACK PREPARED', async () => {
      const map = await emptyMap();
      const client = await postgres.client();
      for (const name of ['one', 'two'])
        for (const statement of ['begin', insert(`${name} 1`), insert(`${name} 2`), `prepare transaction '${name}'`])
          await client.query(statement);
      await client.query(insert('meanwhile'));
      expect(await keysUntil(map, 'meanwhile')).toEqual(['meanwhile']);
      await postgres.restart();
      await postgres.rows("commit prepared 'two'");
      await postgres.rows("rollback prepared 'one'");
      await postgres.rows(insert('end'));
      expect(await keysUntil(map, 'end')).toEqual(['meanwhile', 'two 1', 'two 2', 'end']);
    });

    it('a trigger on a table of the user inserts and removes with each change of the table', async () => {
      const map = await emptyMap();
      const client = await postgres.client();
      await client.query(`
        create table public.orders (id integer primary key, state text);
        create function public.told() returns trigger language plpgsql as $f$
        begin
          if tg_op = 'DELETE' then perform seamline.remove('seamline', 'order/' || old.id);
          else perform seamline.insert('seamline', 'order/' || new.id, to_jsonb(new));
          end if;
          return null;
        end $f$;
        create trigger told after insert or update or delete on public.orders for each row execute function public.told();`);
      await client.query("insert into orders select id, 'new' from generate_series(1, 5) as id");
      await client.query('begin');
      await client.query("update orders set state = 'paid' where id = 2");
      await client.query('rollback');
      await client.query('begin');
      await client.query("update orders set state = 'sent' where id = 4");
      await client.query('delete from orders where id <= 3');
      await client.query('commit');
      await client.query(insert('end'));
      expect(await keysUntil(map, 'end')).toEqual(['order/5', 'order/4', 'end']);
      expect(map.get('order/4')?.value).toEqual({ id: 4, state: 'sent' });
      await client.query('drop table public.orders');
    });

    it('an exception block of PL/pgSQL takes back what was inserted in it only', async () => {
      const map = await emptyMap();
      await postgres.rows(`do $f$
        begin
          perform seamline.insert('seamline', 'outside', '1');
          begin
            perform seamline.insert('seamline', 'lost', '1');
            perform seamline.insert('seamline', '', '1');
          exception when invalid_parameter_value then
            perform seamline.insert('seamline', 'caught', '1');
          end;
        end $f$`);
      await postgres.rows(insert('end'));
      expect(await keysUntil(map, 'end')).toEqual(['outside', 'caught', 'end']);
    });

    it('50,000 items of one transaction are delivered in order, at consecutive positions, in parts of at most 1,000', async () => {
      const map = await emptyMap();
      const changes = map.changes();
      await changes.next();
      await postgres.rows(
        "select count(seamline.insert('seamline', 'k' || n, to_jsonb(n))) from generate_series(1, 50000) as n",
      );
      const keys: string[] = [];
      let isEach = true;
      for await (const { upserted } of changes) {
        keys.push(...upserted.map(({ key }) => key));
        if (keys.length >= 50_000) break;
      }
      keys.forEach((key, n) => (isEach &&= key === `k${n + 1}`));
      expect([keys.length, isEach]).toEqual([50_000, true]);
      const parts = await postgres.rows(
        `select sequence - min(sequence) over () as at,
           (select count(*) from regexp_matches(split_part(convert_from(data, 'UTF8'), E'\n', 1), '"key"', 'g')) as items
         from seamline.entries where command_id is not null order by sequence`,
      );
      expect(parts.map(({ at }) => Number(at))).toEqual(parts.map((_, at) => at));
      const sizes = parts.map(({ items }) => Number(items));
      // One part ends earlier, because the keys and values of a command have at most 512 KiB.
      expect([sizes.length, Math.max(...sizes), sizes.reduce((sum, size) => sum + size)]).toEqual([51, 1000, 50_000]);
    });
  });
});
