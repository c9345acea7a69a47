import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { StreamingMap } from '../../../../src/core/streaming-map.ts';
import { postgresLog } from '../../../../src/logs/postgres/postgres-log.ts';
import { certificates } from '../../../support/engines/certificates.ts';
import { temporaryDirectory } from '../../../support/engines/kept.ts';
import { describeWithPostgres, type StartPostgres } from '../../../support/engines/postgres.ts';
import { as, connect, refusalToConnect } from '../../../support/engines/postgres/connections.ts';
import { replaced } from '../../../support/documents/replaced.ts';

/** The superuser of the tests is trusted, everybody else has to show something. */
const hbaWith = (method: string, type = 'host'): readonly string[] => [
  'host all postgres 127.0.0.1/32 trust',
  `${type} all all all ${method}`,
];

const anna = async (start: StartPostgres, method = 'scram-sha-256') => {
  const config = method === 'md5' ? ['password_encryption = md5'] : [];
  const postgres = await start({ hba: hbaWith(method), config });
  await postgres.rows("create role anna login superuser password 'p@ss/w0rd'");
  return postgres;
};

describeWithPostgres('credentials of PostgreSQL', (start) => {
  it.each(['scram-sha-256', 'md5', 'password'])('a password is shown by %s, and never told', async (method) => {
    const postgres = await anna(start, method);
    const { query } = await connect({ url: as(postgres.url, 'anna:p%40ss%2Fw0rd') });
    expect(await query('select current_user')).toEqual([['anna']]);
    const said = await refusalToConnect({ url: as(postgres.url, 'anna:n0-such-w0rd') });
    expect(said).toMatch(
      /^EngineUnavailableError: PostgreSQL at 127\.0\.0\.1:\d+ can't be used: password authentication failed for user "anna"$/m,
    );
    expect(said).not.toContain('n0-such-w0rd');
  });

  it('a server that wants a password and gets none is told of with where to set one', async () => {
    const postgres = await anna(start);
    vi.stubEnv('PGPASSFILE', '/nowhere');
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(await refusalToConnect({ url: as(postgres.url, 'anna') })).toMatch(
      /can't be used: a password is required for the user anna: set it in the URL, in a file, in PGPASSWORD or in ~\/\.pgpass$/m,
    );
    const passwordFile = join(temporaryDirectory(), 'password');
    writeFileSync(passwordFile, '\n');
    expect(await refusalToConnect({ url: as(postgres.url, 'anna'), passwordFile })).toContain(
      `${passwordFile} is empty: it must hold the password of the user anna`,
    );
  });

  it('a password in ~/.pgpass is used without a warning', async () => {
    const postgres = await anna(start);
    const file = join(temporaryDirectory(), 'pgpass');
    writeFileSync(file, '*:*:*:anna:p@ss/w0rd\n');
    chmodSync(file, 0o600);
    vi.stubEnv('PGPASSFILE', file);
    onTestFinished(() => void vi.unstubAllEnvs());
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    onTestFinished(() => warn.mockRestore());
    const { query } = await connect({ url: as(postgres.url, 'anna') });
    expect(await query('select current_user')).toEqual([['anna']]);
    expect(warn).not.toHaveBeenCalled();
  });

  it('a password that was changed in its file and in PostgreSQL needs no restart, and until then health says why', async () => {
    const postgres = await anna(start);
    const passwordFile = join(temporaryDirectory(), 'password');
    writeFileSync(passwordFile, 'p@ss/w0rd\n');
    const map = await StreamingMap.open({ log: postgresLog({ url: as(postgres.url, 'anna'), passwordFile }) });
    onTestFinished(() => map.close());
    await postgres.rows("alter role anna password 'another'");
    await postgres.rows("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'anna'");
    await expect
      .poll(() => map.health())
      .toEqual({
        ok: false,
        reason: 'the connection to PostgreSQL is lost: password authentication failed for user "anna"',
      });
    writeFileSync(passwordFile, 'another\n');
    await expect.poll(() => map.health()).toEqual({ ok: true });
    expect(await map.insert({ key: 'a', value: 1 })).toMatchObject({ key: 'a' });
  });

  it('a role that may not connect any more is what health says, until it may again', async () => {
    const postgres = await anna(start);
    const map = await StreamingMap.open({ log: postgresLog({ url: as(postgres.url, 'anna:p%40ss%2Fw0rd') }) });
    onTestFinished(() => map.close());
    await postgres.rows('alter role anna nologin');
    await postgres.rows("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'anna'");
    await expect
      .poll(() => map.health())
      .toEqual({ ok: false, reason: 'the connection to PostgreSQL is lost: role "anna" is not permitted to log in' });
    await postgres.rows('alter role anna login');
    await expect.poll(() => map.health()).toEqual({ ok: true });
  });

  it('a role, a database and a right that do not exist are named at once', async () => {
    const postgres = await start({
      hba: ['host postgres all 127.0.0.1/32 trust', 'host shop postgres 127.0.0.1/32 trust'],
    });
    const engineTimeoutMs = 30_000;
    expect(await refusalToConnect({ url: as(postgres.url, 'nobody'), engineTimeoutMs })).toContain(
      'can\'t be used: role "nobody" does not exist',
    );
    const shop = replaced(postgres.url, /\/postgres$/, '/shop');
    expect(await refusalToConnect({ url: shop, engineTimeoutMs })).toContain(
      'can\'t be used: database "shop" does not exist',
    );
    expect(await refusalToConnect({ url: as(shop, 'anna'), engineTimeoutMs })).toMatch(
      /can't be used: no pg_hba\.conf entry for host "127\.0\.0\.1", user "anna", database "shop"/,
    );
  });
});

describeWithPostgres('TLS of PostgreSQL', (start) => {
  it('certificates are checked on both sides', async () => {
    const { ca, cert, key } = certificates();
    const strangers = certificates();
    const postgres = await start({
      tls: { ca, cert, key },
      hba: ['host all postgres 127.0.0.1/32 trust', 'hostssl all test all cert'],
    });
    await postgres.rows('create role test login');
    const url = `postgres://test@localhost:${postgres.port}/postgres`;
    const own = { tlsCa: ca, tlsCert: cert, tlsKey: key };
    const isSecure = 'select ssl, client_dn from pg_stat_ssl where pid = pg_backend_pid()';
    expect(await (await connect({ url, ...own })).query(isSecure)).toEqual([[true, '/CN=test']]);
    const inUrl = `${url}?sslmode=verify-full&sslrootcert=${ca}&sslcert=${cert}&sslkey=${key}`;
    const connection = await connect({ url: inUrl });
    expect(await connection.query(isSecure)).toEqual([[true, '/CN=test']]);
    expect(connection.heard).toBeGreaterThan(0);
    const engineTimeoutMs = 30_000;
    expect(await refusalToConnect({ url, ...own, tlsCa: strangers.ca, engineTimeoutMs })).toMatch(
      /can't be used: .*(certificate|issuer).*: name a file with the certificate of its authority/i,
    );
    expect(await refusalToConnect({ url, tlsCa: ca, engineTimeoutMs })).toMatch(
      /can't be used: connection requires a valid client certificate/,
    );
    expect(
      await refusalToConnect({ url, ...strangers, tlsCert: strangers.cert, tlsKey: strangers.key, tlsCa: ca }),
    ).toMatch(/can't be used: .*(unknown ca|certificate)/i);
  });

  it('sslmode says what is checked', async () => {
    const { ca, cert, key } = certificates();
    const postgres = await start({ tls: { ca, cert, key }, hba: ['hostssl all all 127.0.0.1/32 trust'] });
    // Its certificate is of localhost.
    const url = postgres.url;
    const tlsCa = ca;
    const engineTimeoutMs = 30_000;
    for (const mode of ['require', 'verify-full'])
      expect(await refusalToConnect({ url: `${url}?sslmode=${mode}`, tlsCa, engineTimeoutMs })).toMatch(
        /can't be used: .*altname.*: connect by a name that is in the certificate, or with sslmode=verify-ca/i,
      );
    expect(await refusalToConnect({ url: `${url}?sslmode=verify-ca`, engineTimeoutMs })).toMatch(/certificate/);
    for (const [mode, options] of [
      ['verify-ca', { tlsCa }],
      ['no-verify', {}],
    ] as const)
      expect(await (await connect({ url: `${url}?sslmode=${mode}`, ...options })).query('select 1')).toEqual([[1]]);
    expect(await refusalToConnect({ url, engineTimeoutMs })).toMatch(
      /can't be used: no pg_hba\.conf entry for .*, no encryption/,
    );
  });

  it('a channel is bound to the certificate where the URL says so', async () => {
    const { ca, cert, key } = certificates();
    const postgres = await start({ tls: { ca, cert, key }, hba: hbaWith('scram-sha-256', 'hostssl') });
    await postgres.rows("create role anna login password 'right'");
    const url = `postgres://anna:right@localhost:${postgres.port}/postgres?sslmode=require&channel_binding=require&sslrootcert=${ca}`;
    expect(await (await connect({ url })).query('select 1')).toEqual([[1]]);
  });

  it('a server without TLS is told of, and its connection is not used', async () => {
    const postgres = await start();
    expect(await refusalToConnect({ url: `${postgres.url}?sslmode=no-verify` })).toContain(
      "can't be used: the server offers no TLS: set it up there, or connect with sslmode=disable",
    );
  });
});
