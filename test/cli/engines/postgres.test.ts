import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { certificates } from '../../support/engines/certificates.ts';
import { temporaryDirectory } from '../../support/engines/kept.ts';
import { describeWithPostgres } from '../../support/engines/postgres.ts';
import { as } from '../../support/engines/postgres/connections.ts';
import { runCli, serveCli } from '../../support/processes/processes.ts';

const insert = (key: string): string => JSON.stringify({ key, value: 1 });

describeWithPostgres('seamline serve --postgres', (start) => {
  it('seamline serve --postgres is one of several nodes of one log and ends on SIGTERM', async () => {
    const postgres = await start();
    const [one, two] = await Promise.all([
      serveCli(['--port', '0', '--postgres', postgres.url, '--stream', 'nodes']),
      serveCli([], { SEAMLINE_POSTGRES: postgres.url, SEAMLINE_PORT: '0', SEAMLINE_STREAM: 'nodes' }),
    ]);
    expect((await runCli(['insert', '--url', one.url], {}, insert('a'))).code).toBe(0);
    const { stdout } = await runCli(['tail', '--url', two.url, '--limit', '1']);
    expect(JSON.parse(stdout)).toMatchObject({ key: 'a', value: 1 });
    one.signal('SIGTERM');
    two.signal('SIGTERM');
    expect([(await one.exited).code, (await two.exited).code]).toEqual([0, 0]);
    expect(await postgres.rows('select name from seamline.streams')).toEqual([{ name: 'nodes' }]);
    expect(await postgres.rows("select pid from pg_stat_activity where application_name = 'seamline'")).toEqual([]);
  });

  it('seamline serve --postgres finds the primary, shows its certificate, and reads its password from a file', async () => {
    const { ca, cert, key } = certificates();
    const primary = await start({
      tls: { ca, cert, key },
      hba: [
        'local all all trust',
        'host all,replication postgres 127.0.0.1/32 trust',
        'hostssl all anna 127.0.0.1/32 scram-sha-256 clientcert=verify-ca',
      ],
    });
    await primary.rows("create role anna login superuser password 's3cret'");
    const standby = await start({ standbyOf: primary, tls: { ca, cert, key } });
    const passwordFile = join(temporaryDirectory(), 'password');
    writeFileSync(passwordFile, 's3cret\n');
    const urls = [standby, primary].map(({ port }) => `postgres://anna@localhost:${port}/postgres?sslmode=verify-full`);
    const tls = ['--postgres-tls-ca', ca, '--postgres-tls-cert', cert, '--postgres-tls-key', key];
    const node = await serveCli(
      ['--port', '0', '--postgres', urls.join(), ...tls, '--postgres-password-file', passwordFile],
      { PGPASSWORD: 'not this' },
    );
    expect((await runCli(['insert', '--url', node.url], {}, insert('a'))).code).toBe(0);
    expect(
      await primary.rows(
        "select distinct usename, ssl from pg_stat_activity join pg_stat_ssl using (pid) where application_name = 'seamline'",
      ),
    ).toEqual([{ usename: 'anna', ssl: true }]);
    node.signal('SIGTERM');
    const { stderr } = await node.exited;
    for (const line of stderr.trimEnd().split('\n')) expect(() => JSON.parse(line) as unknown).not.toThrow();
    expect(stderr).not.toContain('s3cret');
  });

  it('seamline serve --postgres exits with 1 and one line without secrets when it can use no server', async () => {
    const postgres = await start({ hba: ['host all postgres all trust', 'host all all all scram-sha-256'] });
    await postgres.rows("create role anna login password 'right'");
    const url = as(postgres.url, 'anna:s3cret');
    const wrong = await runCli(['--port', '0', '--postgres', url, '--log-level', 'debug']);
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toMatch(
      /^seamline: PostgreSQL at 127\.0\.0\.1:\d+ can't be used: password authentication failed for user "anna"$/m,
    );
    expect(wrong.stderr + wrong.stdout).not.toContain('s3cret');
    await postgres.kill();
    const gone = await runCli(['--port', '0', '--postgres', url, '--engine-timeout', '1']);
    expect([gone.code, gone.stderr]).toEqual([1, expect.stringMatching(/^seamline: .*can't be used: .*refused/im)]);
    expect(gone.stderr).not.toContain('s3cret');
  });

  it('seamline serve --postgres exits with 1 and one line when the only server is a standby', async () => {
    const primary = await start();
    const standby = await start({ standbyOf: primary });
    const { code, stderr } = await runCli(['--port', '0', ...standby.flags(), '--engine-timeout', '1']);
    expect(stderr).toMatch(
      /^seamline: PostgreSQL at 127\.0\.0\.1:\d+ can't be used: .* is a standby, which takes no writes: name the primary$/m,
    );
    expect(code).toBe(1);
  });

  it('seamline serve --postgres exits with 1 when its database can hold no log', async () => {
    const latin = await start({ encoding: 'LATIN1' });
    const { code, stderr } = await runCli(['--port', '0', ...latin.flags()]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^seamline: the database has the encoding LATIN1/m)]);
  });
});

describe('seamline serve', () => {
  it.each([
    [['--postgres', 'postgres://a', '--data', 'b'], '--data and --postgres exclude each other'],
    [['--postgres', 'postgres://a', '--nats', 'nats://b'], '--nats and --postgres exclude each other'],
    [['--postgres', 'postgres://a', '--redis', 'redis://b'], '--redis and --postgres exclude each other'],
    [['--postgres-password-file', 'a'], '--postgres-password-file needs --postgres'],
    [['--redis', 'redis://a', '--postgres-tls-ca', 'b'], '--postgres-tls-ca needs --postgres'],
    [['--postgres', 'http://anna:s3cret@a'], '--postgres: URL 1 must be one such as postgres://user:password@host'],
    [['--postgres', 'postgres://a@b,anna:s3cret@c'], '--postgres: URL 2 must be one such as'],
    [['--postgres', 'postgres://a:s3cret@b?sslmode=prefer'], '--postgres: URL 1 must have sslmode=disable|no-verify'],
    [
      ['--postgres', 'postgres://a:s3cret@b?schema=c'],
      '--postgres: URL 1 must not have the parameter "schema": remove',
    ],
    [['--postgres', 'postgres://a', '--stream', 'a.b'], '--stream must be of letters, digits, - and _'],
    [['--postgres', 'postgres://a@b', '--postgres-tls-cert', 'c'], '--postgres-tls-cert and --postgres-tls-key need'],
    [
      ['--postgres', 'postgres://a:s3cret@b', '--postgres-password-file', '/dev/null'],
      '--postgres-password-file must not be set, because URL 1 has a password',
    ],
    [
      ['--postgres', 'postgres://a@b', '--postgres-password-file', '/nowhere'],
      "--postgres-password-file: /nowhere can't be read",
    ],
    [['--postgres', 'postgres://a@b', '--postgres-tls-ca', '/nowhere'], "--postgres-tls-ca: /nowhere can't be read"],
    [['--postgres', 'postgres://a@b?sslrootcert=/nowhere'], "/nowhere can't be read"],
  ])('seamline serve %j exits with 2', async (args, words) => {
    const { code, stderr } = await runCli(['--port', '0', ...args]);
    expect(stderr).toContain(words);
    expect(code).toBe(2);
    expect(stderr).not.toContain('s3cret');
  });
});
