/** The roles that `seamline postgres-schema` makes, in a database whose owner is no superuser. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postgresLog } from '../../../../src/logs/postgres/postgres-log.ts';
import { describeWithPostgres, findPostgres, PostgresServer } from '../../../support/engines/postgres.ts';
import { runCli, serveCli } from '../../../support/processes/processes.ts';
import { describeLog } from '../../conformance.ts';
import { openMapOn, urlAs } from './maps.ts';

const run = promisify(execFile);

/** A name that must be quoted. */
const AWKWARD = 'sho"p; drop schema seamline cascade; --';

const TABLES = ['schema_version', 'streams', 'entries', 'outbox', 'snapshots', 'snapshot_pieces', 'claims'];

async function psql(url: string, script: string): Promise<string> {
  const child = run(findPostgres('psql') ?? 'psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', url]);
  child.child.stdin?.end(script);
  const { stdout, stderr } = await child;
  return stdout + stderr;
}

/** The SQLSTATE of its error. */
const codeOf = (query: Promise<unknown>): Promise<unknown> =>
  query.then(
    () => undefined,
    (error: unknown) => (error as { code?: unknown }).code,
  );

/** A database `shop` of a role that is no superuser, and roles without rights. */
async function databaseOf(postgres: PostgresServer): Promise<string> {
  for (const role of ['shop_owner', 'shop_node', 'shop_writer', 'nobody'])
    await postgres.rows(`create role ${role} login`);
  await postgres.rows(`create role "${AWKWARD.replace('"', '""')}" login`);
  await postgres.rows('create database shop owner shop_owner');
  return urlAs(postgres.url, 'shop_owner', 'shop');
}

async function withSchema(postgres: PostgresServer): Promise<string> {
  const url = await databaseOf(postgres);
  const { stdout } = await runCli([
    'postgres-schema',
    '--node',
    'shop_node',
    '--writer',
    'shop_writer',
    '--writer',
    AWKWARD,
  ]);
  expect(await psql(url, stdout)).toBe('');
  return url;
}

describeWithPostgres('the roles of a database on PostgreSQL', (start) => {
  it('psql may run the output of seamline postgres-schema again as the owner of the database, or as a superuser', async () => {
    const postgres = await start();
    const url = await withSchema(postgres);
    const { stdout, stderr, code } = await runCli(['postgres-schema', '--node', 'shop_node']);
    expect([stderr, code]).toEqual(['', 0]);
    const superuser = urlAs(url, 'postgres');
    expect(await psql(url, stdout)).toBe('');
    expect(await psql(superuser, stdout)).toBe('');
    const client = await postgres.client(superuser);
    const { rows } = await client.query(
      "select distinct pg_get_userbyid(proowner) as owner from pg_proc where pronamespace = 'seamline'::regnamespace",
    );
    expect(rows).toEqual([{ owner: 'shop_owner' }]);
  });

  it('a node that is a superuser does not start on the schema of another role, whose functions it would run', async () => {
    const postgres = await start();
    const url = await databaseOf(postgres);
    await psql(url, 'create schema seamline');
    await expect(openMapOn(urlAs(url, 'postgres'))).rejects.toThrow(
      'the schema seamline in PostgreSQL belongs to shop_owner, whose functions would run as the superuser postgres: connect as shop_owner',
    );
  });

  it('a superuser who upgrades the schema of another role acts with the rights of that role', async () => {
    const postgres = await start();
    const url = await databaseOf(postgres);
    await psql(
      url,
      'create schema seamline; create function seamline.trap() returns trigger language plpgsql as $f$ begin create role trapped superuser; return null; end $f$; create table seamline.schema_version (id boolean primary key default true, version integer, oldest integer); create trigger trap after insert on seamline.schema_version execute function seamline.trap();',
    );
    const { stdout } = await runCli(['postgres-schema']);
    await expect(psql(urlAs(url, 'postgres'), stdout)).rejects.toThrow(/must be superuser/);
  });

  it('a writer may call seamline.insert and seamline.remove, and nothing else', async () => {
    const postgres = await start();
    const url = await withSchema(postgres);
    const map = await openMapOn(urlAs(url, 'shop_node'));
    for (const role of ['shop_writer', AWKWARD]) {
      const client = await postgres.client(urlAs(url, role));
      await client.query('begin');
      await client.query("select seamline.insert('seamline', $1, '1')", [role]);
      await client.query("select seamline.remove('seamline', 'no such key')");
      await client.query('commit');
      await expect.poll(() => map.get(role)?.value).toBe(1);
      const refused: string[] = [];
      for (const table of TABLES)
        refused.push(
          `select from seamline.${table}`,
          `delete from seamline.${table}`,
          `insert into seamline.${table} default values`,
        );
      const { rows } = await client.query<{ call: string }>(
        `select format('select seamline.%I(%s)', proname, (select string_agg(format('null::%s', format_type(type, null)), ', ') from unnest(proargtypes) as type)) as call
         from pg_proc where pronamespace = 'seamline'::regnamespace and proname not in ('insert', 'remove') and prorettype <> 'trigger'::regtype`,
      );
      expect(rows.length).toBeGreaterThan(4);
      for (const call of [...refused, ...rows.map((row) => row.call), 'create table seamline.mine ()'])
        expect([call, await codeOf(client.query(call))]).toEqual([call, '42501']);
    }
  });

  it('a role without rights of its own can do nothing', async () => {
    const postgres = await start();
    const url = await withSchema(postgres);
    await (await openMapOn(urlAs(url, 'shop_node'))).close();
    const client = await postgres.client(urlAs(url, 'nobody'));
    const calls = [
      "seamline.insert('seamline', 'k', '1')",
      "seamline.remove('seamline', 'k')",
      'seamline.last_sequence(1)',
    ];
    for (const call of calls) await expect(client.query(`select ${call}`)).rejects.toMatchObject({ code: '42501' });
    // With the schema alone it may do no more.
    await psql(url, 'grant usage on schema seamline to nobody');
    for (const call of calls) await expect(client.query(`select ${call}`)).rejects.toMatchObject({ code: '42501' });
    for (const table of TABLES)
      await expect(client.query(`select from seamline.${table}`)).rejects.toMatchObject({ code: '42501' });
  });

  it('seamline serve as a node role inserts and tails', async () => {
    const postgres = await start();
    const url = await withSchema(postgres);
    const node = await serveCli(['--port', '0', '--postgres', urlAs(url, 'shop_node')]);
    expect((await runCli(['insert', '--url', node.url], {}, '{"key":"a","value":1}')).code).toBe(0);
    expect(JSON.parse((await runCli(['tail', '--url', node.url, '--limit', '1'])).stdout)).toMatchObject({ key: 'a' });
  });

  it.each<[title: string, sql: string, role: string, line: RegExp]>([
    [
      'when the schema is missing and it may not create it',
      'drop schema seamline cascade',
      'shop_node',
      /^seamline: PostgreSQL has no schema seamline, and the role shop_node may not create it: run `seamline postgres-schema --node shop_node` and give its output to psql as a role that may\n$/,
    ],
    [
      'when it has no right to use the schema',
      '',
      'nobody',
      /^seamline: the role nobody lacks rights of a node in PostgreSQL \(usage on schema seamline\): run `seamline postgres-schema --node nobody` and give its output to psql as a role that may\n$/,
    ],
    [
      'when it lacks some rights',
      'revoke delete on seamline.entries from shop_node; revoke execute on function seamline.append from shop_node',
      'shop_node',
      /^seamline: the role shop_node lacks rights of a node in PostgreSQL \(delete on seamline\.entries, execute on seamline\.append\): run `seamline postgres-schema --node shop_node` and give its output to psql as a role that may\n$/,
    ],
    [
      'when it has the rights of a writer only',
      '',
      'shop_writer',
      /^seamline: the role shop_writer lacks rights of a node in PostgreSQL \(select on seamline\.schema_version, select on seamline\.streams, insert on seamline\.streams, and \d+ more\): run .*\n$/,
    ],
  ])('seamline serve ends with exit code 1 and one line %s', async (_, sql, role, line) => {
    const postgres = await start();
    const url = await withSchema(postgres);
    await psql(url, sql);
    const { code, stderr } = await runCli([
      'serve',
      '--port',
      '0',
      '--log-level',
      'error',
      '--postgres',
      urlAs(url, role),
    ]);
    expect(stderr).toMatch(line);
    expect(code).toBe(1);
  });
});

describeWithPostgres('a node with the rights of a node only', () => {
  describe('on a server of its own', () => {
    let streams = 0;
    let postgres: PostgresServer;
    let url: string;
    beforeAll(async () => {
      postgres = await PostgresServer.start();
      url = await withSchema(postgres);
    });
    afterAll(() => postgres.stop());

    describeLog('a log on PostgreSQL, as a role of nodes', () => {
      const options = { url: urlAs(url, 'shop_node'), stream: `s${streams++}` };
      return { log: postgresLog(options), reopen: () => postgresLog(options) };
    });
  });
});
