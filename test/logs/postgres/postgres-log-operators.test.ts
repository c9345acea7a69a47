import { expect, it } from 'vitest';
import { appendTexts, follow } from '../../../src/testing/recording.ts';
import { hearing } from '../../support/engines/kept.ts';
import { describeWithPostgres, type PostgresServer } from '../../support/engines/postgres.ts';
import { openPostgresLog } from '../../support/remote-engines/postgres-logs.ts';
import { networkTo } from '../../support/sockets/proxy.ts';
import { appendForSure, expectAll } from '../writing.ts';

const PATIENT = { timeout: 60_000 };
const unwell = (words: RegExp) => ({ ok: false, reason: expect.stringMatching(words) });

describeWithPostgres('what an operator does to PostgreSQL', (start) => {
  it('a log whose row an operator holds refuses appends in time, says who holds it, and takes them afterwards', async () => {
    const server = await start();
    const log = await openPostgresLog(server.url, { engineTimeoutMs: 2000 });
    const listener = await follow(log, 1);
    await appendTexts(log, 'before');
    const operator = await server.client();
    await operator.query("begin; set application_name = 'repair'; select from seamline.streams for update");
    const refused = Promise.allSettled(['a', 'b', 'c'].map((text) => log.append(Buffer.from(text), text)));
    const [[pid]] = (await operator.query({ text: 'select pg_backend_pid()', rowMode: 'array' })).rows as [[number]];
    const words = new RegExp(
      `^the log in PostgreSQL is locked by process ${pid} \\(user postgres, repair, idle in transaction, for \\d+ s\\): end its transaction, or run select pg_terminate_backend\\(${pid}\\)$`,
    );
    await expect.poll(() => log.health(), PATIENT).toEqual(unwell(words));
    for (const outcome of await refused) expect(outcome).toMatchObject({ reason: { code: 'ENGINE_UNAVAILABLE' } });
    // As long as the row is locked, nobody is told that the log is well, though nothing is appended.
    await expect.poll(() => log.health(), PATIENT).toEqual(unwell(words));
    await operator.query('rollback');
    await expect.poll(() => log.health(), PATIENT).toEqual({ ok: true });
    expect(await appendForSure(log, 'after')).toBe(2);
    await listener.until(2);
    expectAll(listener, new Map(['before', 'after'].map((text, n) => [text, n + 1])));
  });

  async function startWithRole(): Promise<{ readonly server: PostgresServer; readonly url: string }> {
    const server = await start();
    await (await openPostgresLog(server.url)).close();
    await server.rows(`create role node login; grant usage on schema seamline to node;
      grant all on all tables in schema seamline to node; grant execute on all functions in schema seamline to node`);
    return { server, url: server.url.replace('postgres@', 'node@') };
  }

  it.each([
    ['insert on seamline.entries', /lacks rights of a node in PostgreSQL \(insert on seamline\.entries\): run/],
    ['select on seamline.entries', /\(select on seamline\.entries\)|permission denied for table entries/],
    ['delete on seamline.outbox', /\(delete on seamline\.outbox\)/],
    [
      'all on seamline.snapshots',
      /\(select on seamline\.snapshots, insert on seamline\.snapshots, update on seamline\.snapshots, and 1 more\)/,
    ],
    ['execute on function seamline.append', /\(execute on seamline\.append\)/],
    ['usage on schema seamline', /permission denied for schema seamline/],
  ])(
    'a node that loses %s is unready and says so, none starts without it, and it goes on when it has it again',
    async (right, words) => {
      const { server, url } = await startWithRole();
      const log = await openPostgresLog(url, { engineTimeoutMs: 1000 });
      await appendTexts(log, 'before');
      await server.rows(`revoke ${right} from node`);
      await expect.poll(() => log.health(), PATIENT).toEqual(unwell(words));
      await expect(openPostgresLog(url, { engineTimeoutMs: 1000 })).rejects.toThrow(
        /rights? of a node|lacks|permission denied/,
      );
      await server.rows(`grant ${right} to node`);
      await expect.poll(() => log.health(), PATIENT).toEqual({ ok: true });
      expect(await appendForSure(log, 'after')).toBe(2);
    },
  );

  it('a log whose listener can’t connect again is unready, though appends succeed', async () => {
    const { server, url } = await startWithRole();
    const log = await openPostgresLog(url);
    await follow(log, 1);
    await server.rows('alter role node connection limit 1');
    await expect
      .poll(() => server.rows("select from pg_stat_activity where usename = 'node' and query like 'select sequence,%'"))
      .toHaveLength(1);
    await server.rows(
      "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'node' and query like 'select sequence,%'",
    );
    const words = /^the connection to PostgreSQL for reading is lost: .*too many connections for role/;
    await expect.poll(() => log.health(), PATIENT).toEqual(unwell(words));
    expect(await appendTexts(log, 'meanwhile')).toEqual([1]);
    await server.rows('alter role node connection limit -1');
    await expect.poll(() => log.health(), PATIENT).toEqual({ ok: true });
  });

  it('an append that is refused until its deadline ends with the words of PostgreSQL', async () => {
    const server = await start();
    const log = await openPostgresLog(server.url, { engineTimeoutMs: 1000 });
    await appendTexts(log, 'before');
    await server.rows('alter schema seamline rename to gone');
    for (const text of ['a', 'b', 'c'])
      await expect(log.append(Buffer.from(text), text)).rejects.toMatchObject({
        code: 'ENGINE_UNAVAILABLE',
        message: expect.stringMatching(/^PostgreSQL refuses the append: .*does not exist/),
      });
    await server.rows('alter schema gone rename to seamline');
    expect(await appendForSure(log, 'after')).toBe(2);
  });

  it('a log that has refused an append is unready until a write is possible again, without an entry of its own', async () => {
    const server = await start();
    const log = await openPostgresLog(server.url, { engineTimeoutMs: 1000 });
    const listener = await follow(log, 1);
    await appendTexts(log, 'before');
    await server.rows(`create function public.refuse() returns trigger language plpgsql as
      $$ begin raise exception 'no space left' using errcode = 'disk_full'; end $$`);
    await server.rows(
      'create trigger refuse before insert on seamline.entries for each row execute function public.refuse()',
    );
    expect(log.health()).toEqual({ ok: true });
    await expect(log.append(Buffer.from('refused'), 'refused')).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    await expect.poll(() => log.health(), PATIENT).toEqual(unwell(/^PostgreSQL refuses: no space left$/));
    await server.rows('drop trigger refuse on seamline.entries');
    await expect.poll(() => log.health(), PATIENT).toEqual({ ok: true });
    expect(await appendForSure(log, 'after')).toBe(2);
    await listener.until(2);
    expectAll(listener, new Map(['before', 'after'].map((text, n) => [text, n + 1])));
  });
});

describeWithPostgres('a PostgreSQL that can’t hold a log', (start) => {
  it.each(['SQL_ASCII', 'LATIN1'])('a log is not opened in a database with the encoding %s', async (encoding) => {
    const server = await start({ encoding });
    await expect(openPostgresLog(server.url)).rejects.toThrow(
      `the database has the encoding ${encoding}: create one with the encoding UTF8`,
    );
  });

  it('a log is not opened on a PostgreSQL that is too old', async () => {
    const server = await start();
    // The version is a column of six digits.
    const [before, after] = ['server_version_num\0\0\0\u000615', 'server_version_num\0\0\0\u000612'];
    const network = await networkTo(server.url, (answer) =>
      Buffer.from(answer.toString('latin1').replace(before, after), 'latin1'),
    );
    await expect(openPostgresLog(network.url)).rejects.toThrow(/^PostgreSQL 12\.\d+ is too old: version 13 or newer/);
  });

  it('a node warns of a PostgreSQL that flushes nothing, and of one that answers before it flushes', async () => {
    const server = await start({ config: ['fsync = off', 'synchronous_commit = off'] });
    const { logger, lines } = hearing();
    await openPostgresLog(server.url, { logger });
    expect(lines).toEqual([expect.stringMatching(/flushes nothing/), expect.stringMatching(/before it flushes/)]);
  });
});
