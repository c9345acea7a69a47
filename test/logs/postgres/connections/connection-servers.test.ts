import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SILENT } from '../../../../src/core/model/logger.ts';
import { StreamingMap } from '../../../../src/core/streaming-map.ts';
import { Connection } from '../../../../src/logs/postgres/connection.ts';
import { serverAddresses } from '../../../../src/logs/postgres/options.ts';
import { postgresLog } from '../../../../src/logs/postgres/postgres-log.ts';
import { freePort } from '../../../support/engines/engine-server.ts';
import { describeWithPostgres, type PostgresServer } from '../../../support/engines/postgres.ts';
import { connect, refusalToConnect } from '../../../support/engines/postgres/connections.ts';
import { networkTo } from '../../../support/sockets/proxy.ts';

/** Answers in its own way. Resolves with its URL. */
async function listen(server: Pick<Server, 'listen' | 'address' | 'close'> & NodeJS.EventEmitter): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket.on('error', () => {}));
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `postgres://anna:s3cret@127.0.0.1:${(server.address() as AddressInfo).port}/shop`;
}

const sessions = async (postgres: PostgresServer): Promise<number> => {
  const [{ count } = {}] = await postgres.rows(
    "select count(*)::integer from pg_stat_activity where application_name = 'seamline'",
  );
  return Number(count);
};

describe('what is no PostgreSQL', () => {
  it.each(['', '?sslmode=require'])('a port where HTTP answers is told of in time, with %j', async (parameters) => {
    const url = await listen(createHttpServer((_, response) => response.end('hello')));
    const said = await refusalToConnect({ url: url + parameters });
    expect(said).toMatch(
      /^EngineUnavailableError: PostgreSQL at 127\.0\.0\.1:\d+ can't be used: what answers there is no PostgreSQL$/m,
    );
    expect(said).not.toContain('s3cret');
  });

  it.each(['SSH-2.0-OpenSSH_9.2\r\n', '-ERR unknown command\r\n', 'J\0\0\0\n8.0.36\0'])(
    'a port that greets with %j is told of in time',
    async (greeting) => {
      const url = await listen(createServer((socket) => socket.write(greeting)));
      for (const parameters of ['', '?sslmode=require'])
        expect(await refusalToConnect({ url: url + parameters })).toContain('what answers there is no PostgreSQL');
    },
  );

  it.each(['', '?sslmode=require'])(
    'a port where nothing ever answers is told of in time, with %j',
    async (parameters) => {
      const url = await listen(createServer());
      const said = await refusalToConnect({ url: url + parameters });
      expect(said).toMatch(/can't be used: no answer within 1000 ms$/m);
      expect(said).not.toContain('s3cret');
    },
  );

  it('a port that closes each connection, one where nothing listens, and a host that is not there are told of', async () => {
    const closing = await listen(createServer((socket) => socket.destroy()));
    expect(await refusalToConnect({ url: closing })).toMatch(/can't be used: (the server has closed|read ECONNRESET)/);
    const port = await freePort();
    expect(await refusalToConnect({ url: `postgres://anna:s3cret@localhost:${port}/shop` })).toMatch(
      /can't be used: connect ECONNREFUSED \S+:\d+(, connect ECONNREFUSED \S+:\d+)*$/m,
    );
    expect(await refusalToConnect({ url: 'postgres://anna:s3cret@nowhere.invalid/shop' })).toMatch(
      /can't be used: getaddrinfo \w+ nowhere\.invalid$/m,
    );
    expect(await refusalToConnect({ url: 'postgres://anna@/shop?host=/nowhere' })).toMatch(/connect ENOENT \/nowhere/);
  });
});

describeWithPostgres('the servers of PostgreSQL', (start) => {
  it('a standby is refused with a clear line, and of several URLs the primary is found', async () => {
    const primary = await start();
    const standby = await start({ standbyOf: primary });
    expect(await refusalToConnect({ url: standby.url })).toMatch(
      /can't be used: 127\.0\.0\.1:\d+ is a standby, which takes no writes: name the primary$/m,
    );
    const silent = await listen(createServer());
    const { query } = await connect({ url: [silent, standby.url, primary.url], engineTimeoutMs: 4000 });
    expect(await query("select current_setting('port')")).toEqual([[String(primary.port)]]);
    await primary.kill();
    expect(await refusalToConnect({ url: [primary.url, standby.url] })).toMatch(
      /PostgreSQL at 127\.0\.0\.1:\d+, 127\.0\.0\.1:\d+ can't be used: .*ECONNREFUSED .*; .* is a standby/,
    );
  });

  it('nodes and a start that wait find the standby once it is promoted', async () => {
    const primary = await start();
    const standby = await start({ standbyOf: primary });
    const url = [primary.url, standby.url];
    const map = await StreamingMap.open({ log: postgresLog({ url }) });
    onTestFinished(() => map.close());
    await map.insert({ key: 'a', value: 1 });
    const count = 'select count(*)::integer from seamline.entries';
    await expect
      .poll(async () => JSON.stringify(await standby.rows(count)))
      .toBe(JSON.stringify(await primary.rows(count)));
    await primary.kill();
    await expect.poll(() => map.health()).toMatchObject({ reason: expect.stringContaining('is a standby') });
    const waiting = connect({ url, engineTimeoutMs: 60_000 });
    await standby.promote();
    await expect.poll(() => map.health()).toEqual({ ok: true });
    await map.insert({ key: 'b', value: 2 });
    await waiting;
  });

  it('a start waits for a server that starts up, for as long as it may', async () => {
    const postgres = await start();
    await postgres.kill();
    const waiting = connect({ url: postgres.url, engineTimeoutMs: 60_000 });
    await postgres.start();
    expect(await (await waiting).query('select 1')).toEqual([[1]]);
  });

  it('a server without room for another connection is told of, and used when it has some', async () => {
    const postgres = await start({ config: ['max_connections = 5', 'superuser_reserved_connections = 0'] });
    const others = await Promise.all([1, 2, 3, 4, 5].map(() => postgres.client()));
    expect(await refusalToConnect({ url: postgres.url })).toContain("can't be used: sorry, too many clients already");
    const waiting = connect({ url: postgres.url, engineTimeoutMs: 60_000 });
    await others[0]?.end();
    expect(await (await waiting).query('select 1')).toEqual([[1]]);
  });
});

describeWithPostgres('a connection to PostgreSQL', (start) => {
  const open = (url: string, options = {}): Promise<Connection> =>
    Connection.open({ servers: serverAddresses({ url }), timeoutMs: 5000, logger: SILENT, ...options });

  it('a connection that is closed leaves no session, answers what is under way, and takes nothing more', async () => {
    const postgres = await start();
    const connection = await open(postgres.url);
    const answer = connection.query('select pg_sleep(0.1), 1');
    connection.close();
    expect(await answer).toEqual([['', 1]]);
    await expect(connection.query('select 1')).rejects.toThrow('the connection is lost');
    await expect.poll(() => sessions(postgres)).toBe(0);
  });

  it('a connection that is closed while it comes back leaves no session and never comes back', async () => {
    const postgres = await start();
    const network = await networkTo(postgres.url);
    let prepared = 0;
    const inside = Promise.withResolvers<void>();
    const connection = await open(network.url, {
      prepare: async (query: Connection['query']) => {
        if (++prepared < 2) return;
        inside.resolve();
        await query('select pg_sleep(60)');
      },
    });
    connection.onUp = () => expect.unreachable();
    connection.restart();
    await inside.promise;
    expect(connection.isUp).toBe(false);
    connection.restart();
    connection.close();
    // Where the server doesn't look for lost clients, it notices when it answers.
    await postgres.rows(
      "select pg_terminate_backend(pid) from pg_stat_activity where query ~ 'pg_sleep' and pid <> pg_backend_pid()",
    );
    await expect.poll(() => sessions(postgres)).toBe(0);
    expect(prepared).toBe(2);
  });

  it('a connection comes back after the server has ended it, has answered nothing, or has said what no server says', async () => {
    const postgres = await start();
    let isForged = false;
    const network = await networkTo(postgres.url, (answer) => {
      if (!isForged) return answer;
      isForged = false;
      // An end of a command that nobody has sent.
      return Buffer.concat([answer, Buffer.from('C\0\0\0\x0dSELECT 1\0', 'latin1')]);
    });
    const connection = await open(network.url);
    onTestFinished(() => connection.close());
    const isBack = (): Promise<void> => new Promise((resolve) => (connection.onUp = resolve));
    for (const end of [
      () => postgres.rows("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'seamline'"),
      async () => connection.restart(),
      () => {
        isForged = true;
        return connection.query('select 1').catch(() => {});
      },
    ]) {
      const back = isBack();
      await end();
      await back;
      expect(await connection.query('select 1')).toEqual([[1]]);
    }
    expect(await sessions(postgres)).toBe(1);
  });

  it('a set-up that nothing answers ends in time, and leaves no session', async () => {
    const postgres = await start();
    const prepare = (query: Connection['query']): Promise<unknown> => query('select pg_sleep(2)');
    await expect(open(postgres.url, { timeoutMs: 500, prepare })).rejects.toThrow(
      /can't be used: no answer within 500 ms/,
    );
    await expect.poll(() => sessions(postgres)).toBe(0);
  });
});
