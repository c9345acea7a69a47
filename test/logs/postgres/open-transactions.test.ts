/** What a transaction that is still open costs the nodes, however much it has inserted. */
import { expect, it } from 'vitest';
import { describeWithPostgres, type PostgresServer } from '../../support/engines/postgres.ts';
import { openSession } from './open-session.ts';

const CHANGES = 20_000;

const READ = "select pg_stat_get_xact_tuples_returned('seamline.outbox_by_transaction'::regclass)::integer as count";

/** How many entries of the index some looks read after a first one, on a connection without a node. */
async function readBy(server: PostgresServer, looks: number): Promise<number> {
  const client = await server.client();
  await client.query('set enable_seqscan = off; set enable_bitmapscan = off');
  const [stream] = await server.rows("select id, epoch from seamline.streams where name = 'test'");
  const look = async (seen: unknown): Promise<unknown> => {
    const text = 'select seen::text from seamline.append($1, $2, null, null, 5000, $3::pg_snapshot)';
    const { rows } = await client.query<{ seen: unknown }>(text, [stream?.['id'], stream?.['epoch'], seen]);
    return rows[0]?.seen;
  };
  const count = async (): Promise<number> => (await client.query<{ count: number }>(READ)).rows[0]?.count ?? NaN;
  let seen = await look(null);
  await client.query('begin');
  const before = await count();
  for (let n = 0; n < looks; n++) seen = await look(seen);
  const read = (await count()) - before;
  await client.query('commit');
  return read;
}

async function keysIn(server: PostgresServer): Promise<string> {
  const [row] = await server.rows(
    "select string_agg(convert_from(data, 'UTF8'), '' order by sequence) as text from seamline.entries where command_id is not null",
  );
  return [...String(row?.['text']).matchAll(/"key":"([a-z]+)"/g)].map(([, key]) => key).join(' ');
}

describeWithPostgres('Open transactions in PostgreSQL', (start) => {
  it('a look reads nothing of a large transaction that is still open, whether or not another one has ended since', async () => {
    const server = await start();
    const session = await openSession(server.url);
    await session.close();
    const writer = await server.client();
    await writer.query('begin');
    await writer.query(
      "select count(seamline.insert('test', 'key-' || n, '1')) from generate_series(1, $1::integer) n",
      [CHANGES],
    );
    expect(await readBy(server, 10)).toBe(0);
    // From now on it is among those that a snapshot calls running.
    await server.rows("select seamline.insert('test', 'other', '1')");
    expect(await readBy(server, 10)).toBe(0);
  });

  it('the changes of transactions are appended whichever of them commits first', async () => {
    const server = await start();
    const session = await openSession(server.url);
    const [early, late] = [await server.client(), await server.client()];
    for (const [client, key] of [
      [early, 'early'],
      [late, 'late'],
    ] as const) {
      await client.query('begin');
      await client.query("select seamline.insert('test', $1, '1')", [key]);
    }
    await session.appender.append(Buffer.from('x'), '');
    await late.query('commit');
    await expect.poll(() => keysIn(server)).toBe('late');
    await server.rows("select seamline.insert('test', 'between', '1')");
    await expect.poll(() => keysIn(server)).toBe('late between');
    await early.query('commit');
    await expect.poll(() => keysIn(server)).toBe('late between early');
  });
});
