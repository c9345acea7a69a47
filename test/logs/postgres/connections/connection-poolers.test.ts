import { expect, it, onTestFinished } from 'vitest';
import { StreamingMap } from '../../../../src/core/streaming-map.ts';
import { postgresLog } from '../../../../src/logs/postgres/postgres-log.ts';
import { describeWithPgBouncer } from '../../../support/engines/postgres/pgbouncer.ts';
import { refusalToConnect } from '../../../support/engines/postgres/connections.ts';

describeWithPgBouncer('PgBouncer', (startPostgres, start) => {
  it.each([
    ['transaction pooling', ['pool_mode = transaction']],
    ['statement pooling', ['pool_mode = statement']],
    ['transaction pooling in turns', ['pool_mode = transaction', 'server_round_robin = 1', 'min_pool_size = 2']],
    [
      'transaction pooling in turns of many',
      ['pool_mode = transaction', 'server_round_robin = 1', 'min_pool_size = 5'],
    ],
  ])('a pooler with %s is refused before it gets a setting, and the line says what to set', async (_, config) => {
    const postgres = await startPostgres();
    const pooler = await start(postgres, config);
    // The sessions that it keeps ready are there once one was used, and some time has passed.
    const others = await Promise.all([1, 2, 3].map(() => postgres.client(pooler.url)));
    for (const other of others) await other.query('select 1');
    const said = await refusalToConnect({ url: pooler.url });
    expect(said).toMatch(
      /^EngineUnavailableError: PostgreSQL at 127\.0\.0\.1:\d+ can't be used: .* is a pooler that shares sessions .*: set pool_mode = session for this database, or name the server itself$/m,
    );
    for (const other of others)
      expect((await other.query<{ path: string }>("select current_setting('search_path') as path")).rows).toEqual([
        { path: '"$user", public' },
      ]);
  });

  it.each([
    ['sessions', ['pool_mode = session']],
    ['sessions in turns', ['pool_mode = session', 'server_round_robin = 1', 'min_pool_size = 5']],
  ])('nodes share a log through a pooler with %s, and lose it when that restarts', async (_, config) => {
    const postgres = await startPostgres();
    const pooler = await start(postgres, config);
    const maps = await Promise.all(
      [1, 2].map(() => StreamingMap.open({ log: postgresLog({ url: pooler.url, stream: 'test' }) })),
    );
    for (const map of maps) onTestFinished(() => map.close());
    const [one, two] = maps;
    await one?.insert({ key: 'a', value: 1 });
    await expect.poll(() => two?.get('a')?.value).toBe(1);
    await postgres.rows(`select seamline.insert('test', 'b', '2')`);
    await expect.poll(() => two?.get('b')?.value).toBe(2);
    await pooler.kill();
    await expect
      .poll(() => one?.health())
      .toMatchObject({
        ok: false,
        reason: expect.stringMatching(/^the connection to PostgreSQL is lost: connect ECONNREFUSED /),
      });
    await pooler.start();
    await expect.poll(() => one?.health()).toEqual({ ok: true });
    await one?.insert({ key: 'c', value: 3 });
    await expect.poll(() => two?.get('c')?.value).toBe(3);
  });

  it('a pooler of sessions is never taken for another one while many come and go', async () => {
    const postgres = await startPostgres();
    const pooler = await start(postgres, ['pool_mode = session', 'default_pool_size = 40', 'server_round_robin = 1']);
    const said = await Promise.all(
      Array.from({ length: 12 }, () => refusalToConnect({ url: pooler.url, engineTimeoutMs: 20_000 })),
    );
    expect(said).toEqual(Array.from({ length: 12 }, () => 'Error: it was opened'));
  });

  it('a pooler of transactions is noticed while others use its sessions', async () => {
    const postgres = await startPostgres();
    const pooler = await start(postgres, [
      'pool_mode = transaction',
      'default_pool_size = 8',
      'server_round_robin = 1',
    ]);
    const others = await Promise.all([1, 2, 3, 4, 5, 6].map(() => postgres.client(pooler.url)));
    let isDone = false;
    const using = others.map(async (other) => {
      while (!isDone) await other.query('select pg_sleep(0.001 * random())');
    });
    const said = [];
    for (let n = 0; n < 10; n++) said.push(await refusalToConnect({ url: pooler.url, engineTimeoutMs: 5000 }));
    isDone = true;
    await Promise.all(using);
    for (const line of said) expect(line).toContain('shares sessions');
  });
});
