import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { postgresLog, type PostgresLogOptions } from '../../../../src/logs/postgres/postgres-log.ts';
import { serverAddresses } from '../../../../src/logs/postgres/options.ts';
import { certificates } from '../../../support/engines/certificates.ts';
import { temporaryDirectory } from '../../../support/engines/kept.ts';
import { describeWithPostgres } from '../../../support/engines/postgres.ts';
import { connect } from '../../../support/engines/postgres/connections.ts';

afterEach(() => vi.unstubAllEnvs());

const addressOf = (url: string): unknown => {
  const [{ name, config } = { name: '', config: {} }] = serverAddresses({ url });
  const { user, database, password, ssl } = config;
  return { name, user, database, password: typeof password === 'function' ? password() : password, ssl };
};

describe('the URL of PostgreSQL', () => {
  it.each([
    ['postgres://anna:right@a/b', { name: 'a:5432', user: 'anna', database: 'b', password: 'right', ssl: false }],
    ['postgresql://anna:right@a:1/b', { name: 'a:1' }],
    ['postgres://anna:right@a', { database: 'anna' }],
    ['postgres://anna:p%40s%2Fs%3A%25w%C3%B6rd@a', { password: 'p@s/s:%wörd' }],
    ['postgres://an%20na:x@a/my%20shop', { user: 'an na', database: 'my shop' }],
    ['postgres://anna:right@[::1]:6543/b', { name: '::1:6543' }],
    ['postgres://anna:right@%2Frun%2Fpg/b', { name: '/run/pg/.s.PGSQL.5432', database: 'b' }],
    ['postgres://anna:right@/b?host=/run/pg', { name: '/run/pg/.s.PGSQL.5432', user: 'anna', database: 'b' }],
    ['postgres://anna:right@a/b?sslmode=disable', { ssl: false }],
    ['postgres://anna:right@a/b?sslmode=no-verify', { ssl: { rejectUnauthorized: false } }],
    ['postgres://anna:right@a/b?sslmode=verify-full', { ssl: { rejectUnauthorized: true } }],
    ['postgres://anna:right@a/b?sslmode=require&channel_binding=require', { ssl: { rejectUnauthorized: true } }],
    ['postgres://anna:right@a/b?sslmode=require&sslrootcert=system', { ssl: { rejectUnauthorized: true } }],
    ['postgres://anna:right@/b?host=/run/pg&sslmode=require', { ssl: false }],
    ['postgres://anna:right@a/b?application_name=shop&target_session_attrs=read-write', { name: 'a:5432' }],
  ])('%s says where and how to connect', (url, parts) => {
    expect(addressOf(url)).toMatchObject(parts);
  });

  it('what the URL leaves out comes from PGUSER, PGDATABASE and PGPASSWORD, and else from the system', () => {
    vi.stubEnv('PGUSER', 'anna');
    vi.stubEnv('PGDATABASE', 'shop');
    vi.stubEnv('PGPASSWORD', 'right');
    expect(addressOf('postgres://a')).toMatchObject({ user: 'anna', database: 'shop', password: 'right' });
    expect(addressOf('postgres://b:c@a/d')).toMatchObject({ user: 'b', database: 'd', password: 'c' });
    vi.stubEnv('PGUSER', '');
    vi.stubEnv('PGDATABASE', '');
    const { user, database } = addressOf('postgres://a') as { user: string; database: string };
    expect(user).toMatch(/./);
    expect(database).toBe(user);
  });

  it('a password comes from the first line of ~/.pgpass that fits, unless others may read that file', () => {
    const file = join(temporaryDirectory(), 'pgpass');
    writeFileSync(
      file,
      '# a:*:*:*:no\nother:*:*:*:no\na:5432:*:an\\:na:co\\:l\\\\on\nlocalhost:*:*:*:socket\n*:*:*:*:any\n',
    );
    chmodSync(file, 0o600);
    vi.stubEnv('PGPASSFILE', file);
    expect(addressOf('postgres://an%3Ana@a/b')).toMatchObject({ password: 'co:l\\on' });
    expect(addressOf('postgres://anna@%2Frun/b')).toMatchObject({ password: 'socket' });
    expect(addressOf('postgres://anna@c/b')).toMatchObject({ password: 'any' });
    chmodSync(file, 0o640);
    expect(() => addressOf('postgres://anna@c/b')).toThrow(`${file} is not used because others may read it`);
    vi.stubEnv('PGPASSFILE', '/nowhere');
    expect(() => addressOf('postgres://anna@c/b')).toThrow('a password is required for the user anna: set it in');
  });

  it.each<[string, Partial<PostgresLogOptions>, RegExp]>([
    ['no server', { url: [] }, /url must name a server/],
    ['another protocol', { url: 'http://anna:s3cret@host' }, /URL 1 must be one such as postgres:/],
    ['no protocol', { url: ['postgres://anna@a', 'anna:s3cret@b'] }, /URL 2 must be one such as/],
    ['no host', { url: 'postgres:///shop' }, /URL 1 must be one such as/],
    ['two hosts', { url: 'postgres://anna:s3cret@a,b/shop' }, /URL 1 must be one such as/],
    ['a host and a socket', { url: 'postgres://anna:s3cret@a/shop?host=/run' }, /URL 1 must be one such as/],
    ['no port', { url: 'postgres://anna@/shop?host=/run&port=s3cret' }, /URL 1 must be one such as/],
    ['a path', { url: 'postgres://anna:s3cret@host/path/more' }, /URL 1 must be one such as/],
    ['a # in the password', { url: 'postgres://anna:12#s3cret@host' }, /with %40 for @ in a password/],
    ['a ? in the password', { url: 'postgres://anna:12?s3cret=1@host' }, /URL 1 must be one such as/],
    ['a % in the password', { url: 'postgres://anna:100%s3cret@host' }, /URL 1 must be one such as/],
    [
      'a parameter of others',
      { url: 'postgres://a@b/c?pgbouncer=true' },
      /must not have the parameter "pgbouncer": remove/,
    ],
    ['a password as parameter', { url: 'postgres://a@b/c?password=s3cret' }, /must not have the parameter "password"/],
    ['TLS if possible', { url: 'postgres://a@b/c?sslmode=prefer' }, /sslmode=disable\|no-verify\|.*, not prefer/],
    [
      'a standby',
      { url: 'postgres://a@b?target_session_attrs=standby' },
      /target_session_attrs=primary\|read-write, not/,
    ],
    ['a bound channel without proof', { url: 'postgres://a@b?channel_binding=require' }, /must have sslmode=require/],
    ['half a client certificate', { url: 'postgres://a@b?sslcert=/x' }, /both sslcert and sslkey/],
    ['a root that isn’t there', { url: 'postgres://a@b?sslrootcert=/nowhere' }, /\/nowhere can't be read: ENOENT/],
    ['two passwords', { url: 'postgres://a:s3cret@b', passwordFile: '/dev/null' }, /passwordFile must not be set/],
    ['a password file that isn’t there', { passwordFile: '/nowhere' }, /passwordFile: \/nowhere can't be read: ENOENT/],
    ['a strange name', { stream: 'a.b' }, /stream must be of letters, digits, - and _/],
    ['a certificate without its key', { tlsCert: '/nowhere' }, /tlsCert and tlsKey need each other/],
    ['no time', { engineTimeoutMs: 0 }, /engineTimeoutMs must be a whole number/],
  ])('a PostgreSQL log is not made with %s, and the error tells no secret', (_, options, words) => {
    const refused = (): unknown => postgresLog({ url: 'postgres://anna@host', ...options });
    expect(refused).toThrow(RangeError);
    expect(refused).toThrow(words);
    expect(refused).not.toThrow(/s3cret/);
  });

  it('files for TLS and sslmode=disable exclude each other', () => {
    const { ca: tlsCa } = certificates();
    expect(() => serverAddresses({ url: 'postgres://a@b?sslmode=disable', tlsCa })).toThrow(
      'URL 1 must not have sslmode=disable',
    );
  });
});

describeWithPostgres('PostgreSQL by a URL', (start) => {
  it('a Unix socket is connected to, with the user that the system knows', async () => {
    const postgres = await start({ hba: ['local all all peer', 'host all all 127.0.0.1/32 trust'] });
    const user = serverAddresses({ url: 'postgres://a' })[0]?.config.user ?? '';
    if (user !== 'postgres') await postgres.rows(`create role "${user}" login`);
    for (const url of [
      `postgres://${encodeURIComponent(postgres.directory)}:${postgres.port}/postgres`,
      `postgres://${user}@/postgres?host=${postgres.directory}&port=${postgres.port}`,
    ]) {
      const [[own] = []] = await (await connect({ url })).query('select current_user');
      expect(own).toBe(user);
    }
  });

  it('the name, the options and an IPv6 address in a URL are used', async () => {
    const postgres = await start({ config: ["listen_addresses = '::1,127.0.0.1'"], hba: ['host all all all trust'] });
    const url = `postgres://postgres@[::1]:${postgres.port}/postgres?application_name=shop&options=-c%20work_mem%3D1MB`;
    const { query } = await connect({ url });
    const [row] = await query(
      "select current_setting('application_name'), current_setting('work_mem'), host(inet_server_addr())",
    );
    expect(row).toEqual(['shop', '1MB', '::1']);
    expect(await (await connect({ url: postgres.url })).query("select current_setting('application_name')")).toEqual([
      ['seamline'],
    ]);
  });
});
