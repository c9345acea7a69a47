/** docs/postgres.md, and what docs/engines.md says of PostgreSQL: each block, on real servers. */
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { InsertItemDocument, ItemDocument } from '../../schema/documents/graphql.ts';
import { type Address, ask, overWebSocket, type Feed } from '../support/clients/clients.ts';
import { codeOf, commandsOf, put } from '../support/documents/blocks.ts';
import { bundle, complaintsOf, linesOf } from '../support/documents/readme.ts';
import { certificates } from '../support/engines/certificates.ts';
import { temporaryDirectory } from '../support/engines/kept.ts';
import { describeWithPostgres, type PostgresServer } from '../support/engines/postgres.ts';
import { printed, type Served, served, type } from '../support/processes/shell.ts';

/** Several processes start, one after the other. */
vi.setConfig({ testTimeout: 120_000 });

const PAGE = 'docs/postgres.md';
const ENGINES = 'docs/engines.md';
const DEFAULT = 'postgres://postgres@127.0.0.1:5432/postgres';
const ITEMS = 'subscription { items { key, value } }';

const sqlOf = (title: string, nth = 1): string => codeOf(PAGE, title, nth);

/** Runs SQL as a reader does, in psql. Resolves with what it prints. */
async function psql(server: PostgresServer, sql: string): Promise<string> {
  const running = type(`psql -qAt --set ON_ERROR_STOP=1 '${server.url}'`);
  running.stdin.end(sql);
  const { code, stdout, stderr } = await running.exited;
  if (code !== 0) throw new Error(`psql exited with ${code}: ${stderr}`);
  return stdout;
}

const nodeOn = ({ url }: PostgresServer, flags = ''): Promise<Served> =>
  served(`seamline serve --postgres ${url} ${flags}`);

const itemOf = (node: Address, key: string): Promise<unknown> => ask(node, ItemDocument, { key });

const nextOf = async (feed: Feed<unknown>): Promise<unknown> => (await feed.next())?.data;

const tableOf = (): string => sqlOf('Quick start', 3).split('\n\n')[0] ?? '';

describeWithPostgres('PostgreSQL in the documents', (start) => {
  it('Quick start: an insertion in a transaction of SQL is printed after the commit', async () => {
    const server = await start();
    const [serve = ''] = commandsOf(1, PAGE, 'Quick start');
    const node = await served(put(serve, { [DEFAULT]: server.url }));
    const [subscribe = ''] = commandsOf(1, PAGE, 'Quick start', 2);
    const subscriber = type(put(subscribe, { '127.0.0.1:4000': new URL(node.url).host }));
    await psql(server, sqlOf('Quick start', 3));
    const [event = '', data = '', id = ''] = sqlOf('Quick start', 4).trim().split('\n');
    const [said] = await subscriber.said(/^event: .*\ndata: .*\nid: \S+$/m);
    expect(said).toBe([event, data, id.replace(/: .*/, /id(: .*)/.exec(said)?.[1] ?? '')].join('\n'));
  });

  it('Outbox: the trigger follows each row, and rows that exist are inserted once', async () => {
    const server = await start();
    const node = await nodeOn(server);
    await psql(server, `${tableOf()} insert into orders (status, total) values ('paid', 1.5);`);
    await psql(server, sqlOf('Outbox'));
    await psql(server, sqlOf('Outbox', 2));
    await expect.poll(() => itemOf(node, 'order:1')).toMatchObject({ item: { value: { status: 'paid', total: 1.5 } } });
    await psql(
      server,
      `begin; insert into orders (status, total) values ('open', 2); update orders set status = 'sent' where id = 1; commit;`,
    );
    await expect.poll(() => itemOf(node, 'order:1')).toMatchObject({ item: { value: { status: 'sent' } } });
    expect(await itemOf(node, 'order:2')).toMatchObject({ item: { value: { status: 'open', total: 2 } } });
    await psql(server, 'delete from orders where id = 2');
    await expect.poll(() => itemOf(node, 'order:2')).toEqual({ item: null });
    await psql(server, 'alter table orders alter id drop identity; update orders set id = 7 where id = 1');
    await expect.poll(() => itemOf(node, 'order:7')).toMatchObject({ item: { value: { id: 7 } } });
    expect(await itemOf(node, 'order:1')).toEqual({ item: null });
  });

  it('Functions: an item with a ttl expires', async () => {
    const server = await start();
    const node = await nodeOn(server);
    await psql(server, sqlOf('Functions'));
    const feed = overWebSocket.subscribe(node, 'subscription { items { key, timestamp, expiresAt } }');
    const { items } = (await nextOf(feed)) as { items: { key: string; timestamp: string; expiresAt: string } };
    expect(items.key).toBe('seat:14');
    expect(Date.parse(items.expiresAt) - Date.parse(items.timestamp)).toBe(60_000);
  });

  it('Collections: the stream of a collection takes a value of its type', async () => {
    const server = await start();
    const schema = join(temporaryDirectory(), 'quotes.graphql');
    writeFileSync(schema, codeOf('README.md', 'Types of your own'));
    const node = await nodeOn(server, `--schema ${schema}`);
    await psql(server, sqlOf('Collections'));
    const feed = overWebSocket.subscribe(node, 'subscription { quotes { symbol, price } }');
    expect(await nextOf(feed)).toEqual({ quotes: { symbol: 'ACME', price: 120 } });
  });

  it('Drizzle: a row and its item are committed together, or not at all', async () => {
    const server = await start();
    const node = await nodeOn(server);
    await psql(server, tableOf());
    const code = codeOf(PAGE, 'Drizzle');
    expect(await complaintsOf({ drizzle: code }, 'es2024')).toBe('');
    const says = `
      await db.transaction(async (tx) => {
        await tx.execute(sql\`select seamline.insert('seamline', 'never', '1')\`);
        tx.rollback();
      }).catch(() => {});
      console.log(await pay('12.50'));`;
    const url = 'postgres://postgres:secret@127.0.0.1:5432/postgres';
    const lines = linesOf(await bundle(put(code, { [url]: server.url }) + says, 'node'));
    expect((await lines.next()).value).toBe('1');
    const feed = overWebSocket.subscribe(node, ITEMS);
    expect(await nextOf(feed)).toEqual({ items: { key: 'order:1', value: { status: 'paid', total: 12.5 } } });
    expect(await server.rows('select id, total from orders')).toEqual([{ id: 1, total: '12.50' }]);
  });

  it('Roles: a node and a writer need no other rights than those that the command grants', async () => {
    const server = await start();
    const env = { DATABASE_URL: server.url };
    for (const command of commandsOf(2, PAGE, 'Roles')) await printed(command, { env });
    const as = (role: string): string => server.url.replace('//postgres@', `//${role}@`);
    const node = await served(`seamline serve --postgres ${as('seamline_node')}`);
    const writer = await server.client(as('shop'));
    await writer.query(`select seamline.insert('seamline', 'a', '1')`);
    const feed = overWebSocket.subscribe(node, ITEMS);
    expect(await nextOf(feed)).toEqual({ items: { key: 'a', value: 1 } });
    await expect(writer.query('select from seamline.entries')).rejects.toThrow('permission denied');
    await server.rows('create role stranger login');
    const stranger = await server.client(as('stranger'));
    await expect(stranger.query(`select seamline.remove('seamline', 'a')`)).rejects.toThrow('permission denied');
  });

  it('command line, PostgreSQL schema: psql creates the schema, and grants the rights of two roles', async () => {
    const server = await start();
    await server.rows('create role shop_node login');
    await server.rows('create role shop_writer login');
    const [command = ''] = commandsOf(1, 'docs/command-line.md', 'PostgreSQL schema');
    await printed(
      put(command, { 'npm start --silent --': 'seamline', 'postgres://db.example.com/shop': `'${server.url}'` }),
    );
    const rights = `select has_table_privilege('shop_node', 'seamline.entries', 'insert') as node,
      has_function_privilege('shop_writer', 'seamline.remove(text, text)', 'execute') as writer`;
    expect(await server.rows(rights)).toEqual([{ node: true, writer: true }]);
  });

  it('TLS and passwords: a node checks the certificate, and reads the password of a file', async () => {
    const tls = certificates();
    const hba = ['host all postgres 127.0.0.1/32 trust', 'hostssl all all 127.0.0.1/32 scram-sha-256'];
    const server = await start({ tls, hba });
    await server.rows(`create role seamline login password 'a secret'`);
    await server.rows('create database shop owner seamline');
    const cwd = temporaryDirectory();
    copyFileSync(tls.ca, join(cwd, 'ca.pem'));
    writeFileSync(join(cwd, 'password'), 'a secret\n');
    const [command = ''] = commandsOf(1, PAGE, 'TLS and passwords');
    const node = await served(put(command, { ':5432': `:${server.port}` }), { cwd });
    expect(await ask(node, InsertItemDocument, { input: { key: 'a', value: 1 } })).toMatchObject({
      insertItem: { key: 'a' },
    });
  });

  it('Backups: a node serves the items of a restored database', async () => {
    const server = await start();
    const node = await nodeOn(server);
    await ask(node, InsertItemDocument, { input: { key: 'a', value: 1 } });
    await psql(server, `select seamline.insert('seamline', 'b', '2')`);
    await expect.poll(() => itemOf(node, 'b')).toMatchObject({ item: { value: 2 } });
    await server.rows('create database restored');
    const restored = server.url.replace(/\/postgres$/, '/restored');
    const env = { DATABASE_URL: server.url, RESTORED_URL: restored };
    const cwd = temporaryDirectory();
    for (const command of commandsOf(2, PAGE, 'Backups')) await printed(command, { cwd, env });
    const other = await served(`seamline serve --postgres ${restored}`);
    expect(await itemOf(other, 'a')).toMatchObject({ item: { value: 1 } });
    expect(await itemOf(other, 'b')).toMatchObject({ item: { value: 2 } });
  });

  it('Monitoring: the queries run, and nothing waits while a node runs', async () => {
    const server = await start();
    await nodeOn(server);
    await psql(server, `select seamline.insert('seamline', 'a', '1')`);
    await expect.poll(() => psql(server, sqlOf('Monitoring'))).toMatch(/^seamline\|0\nseamline\|2\|2\n/);
    expect(await psql(server, sqlOf('Monitoring'))).toMatch(/\nentries\|\d+ kB\|.*\n127\.0\.0\.1\|3\n$/s);
  });

  it('engines, --postgres URL: two nodes share one log (G7)', async () => {
    const server = await start();
    const nodes = commandsOf(2, ENGINES, '`--postgres URL`');
    const here = nodes.map((node) => put(node, { [DEFAULT]: server.url }).replace(/--port \d+/, '--port 0'));
    const [one, other] = await Promise.all(here.map((node) => served(node)));
    const feed = overWebSocket.subscribe(other!, ITEMS);
    await ask(one!, InsertItemDocument, { input: { key: 'a', value: 1 } });
    expect(await nextOf(feed)).toEqual({ items: { key: 'a', value: 1 } });
  });

  it('engines, --postgres URL: a server and a map have the engine postgres', async () => {
    const server = await start();
    const code = codeOf(ENGINES, '`--postgres URL`', 2);
    expect(await complaintsOf({ postgres: code }, 'es2024')).toBe('');
    const says = 'console.log(server.map.engine, map.engine); await server.drain(); await map.close();';
    const here = put(code, { [DEFAULT]: server.url, 'createServer({ ': 'createServer({ port: 0, ' });
    expect((await linesOf(await bundle(here + says, 'node')).next()).value).toBe('postgres postgres');
  });
});
