import { expect, it } from 'vitest';
import type { OrderedLog } from '../../../src/core/replication/ordered-log.ts';
import type { Sequence } from '../../../src/core/model/position.ts';
import { appendTexts, follow } from '../../../src/testing/recording.ts';
import { describeWithPostgres, type PostgresServer } from '../../support/engines/postgres.ts';
import { openPostgresLog } from '../../support/remote-engines/postgres-logs.ts';
import { type Network, networkTo } from '../../support/sockets/proxy.ts';
import { appendForSure, expectAll, expectOnce, write } from '../writing.ts';

const PATIENT = { timeout: 60_000 };
const REFUSED = { code: 'ENGINE_UNAVAILABLE' };
const unwell = (words: RegExp) => ({ ok: false, reason: expect.stringMatching(words) });

/** All backends that serve nodes. */
const onBackends = (server: PostgresServer, call: string): Promise<unknown> =>
  server.rows(`select ${call}(pid) from pg_stat_activity where application_name = 'seamline'`);

/** Changes the configuration while the server runs. */
async function configure(server: PostgresServer, line: string): Promise<void> {
  await server.rows(`alter system ${line}`);
  await server.rows('select pg_reload_conf()');
}

type Fault = (server: PostgresServer, network: Network, log: OrderedLog) => Promise<unknown>;

/** Each strikes while eight appends are under way. */
const FAULTS: Readonly<Record<string, Fault>> = {
  'PostgreSQL is restarted at once': (server) => server.restart(),
  'PostgreSQL is killed': async (server) => {
    await server.kill();
    await server.start();
  },
  'PostgreSQL stands still': async (server, _, log) => {
    server.pause();
    await expect.poll(() => log.health(), PATIENT).toEqual(unwell(/PostgreSQL/));
    server.resume();
  },
  'the link is cut': async (_, network) => {
    network.cut();
    await network.refusal();
    network.mend();
  },
  'the link swallows everything': async (_, network, log) => {
    network.swallow();
    await expect.poll(() => log.health(), PATIENT).toEqual(unwell(/PostgreSQL/));
  },
  'all connections are ended by an operator': (server) => onBackends(server, 'pg_terminate_backend'),
};

describeWithPostgres('faults of PostgreSQL', (start) => {
  it.each(Object.entries(FAULTS))('a log loses no answered append when %s again and again (G7)', async (_, fault) => {
    const server = await start();
    const network = await networkTo(server.url);
    const log = await openPostgresLog(network.url, { engineTimeoutMs: 2000 });
    const listener = await follow(log, 1);
    const writing = write(log, 8, 150);
    for (const reached of [100, 500, 900]) {
      await listener.until(reached);
      await fault(server, network, log);
    }
    const answered = await writing;
    await expect.poll(() => log.health(), PATIENT).toEqual({ ok: true });
    await listener.until(await log.last());
    expectAll(listener, answered);
  });

  it('a request that an operator cancels has written nothing, and is repeated until it has (G7)', async () => {
    const server = await start();
    const log = await openPostgresLog(server.url);
    const listener = await follow(log, 1);
    let isDone = false;
    const writing = write(log, 8, 150).finally(() => (isDone = true));
    const canceller = await server.client();
    const cancel =
      "select pg_cancel_backend(pid) from pg_stat_activity where application_name = 'seamline' and state = 'active'";
    while (!isDone) await canceller.query(cancel);
    const answered = await writing;
    await listener.until(await log.last());
    expectAll(listener, answered);
    expectOnce(listener);
  });

  it.each(['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout'])(
    'a log works in a database and for a role with a tiny %s',
    async (setting) => {
      const server = await start();
      // In one request: a session that begins after the first of them may end before its second request.
      await server.rows(['database', 'role'].map((target) => `alter ${target} postgres set ${setting} = 1`).join('; '));
      const log = await openPostgresLog(server.url);
      const listener = await follow(log, 1);
      const answered = await write(log, 8, 20);
      await server.rows('select pg_sleep(0.1)').catch(() => {});
      answered.set('last', await appendForSure(log, 'last'));
      await listener.until(await log.last());
      expectAll(listener, answered);
      expectOnce(listener);
    },
  );

  it('a log works in a database whose transactions are serializable', async () => {
    const server = await start({ config: ['default_transaction_isolation = serializable'] });
    const [log, other] = [await openPostgresLog(server.url), await openPostgresLog(server.url)];
    const listener = await follow(log, 1);
    const [first] = await Promise.all([write(log, 8, 20), appendTexts(other, 'x', 'y')]);
    await listener.until(8 * 20 + 2);
    expectAll(
      listener,
      new Map([...first, ...['x', 'y'].map((text) => [text, listener.texts.indexOf(text) + 1] as const)]),
    );
    expectOnce(listener);
  });

  it('a log moves on what transactions insert after the backend of its appends alone stands still', async () => {
    const server = await start();
    const log = await openPostgresLog(server.url, { engineTimeoutMs: 1000 });
    const listener = await follow(log, 1);
    const leader =
      "select pid, state from pg_stat_activity where pid in (select pid from pg_locks where locktype = 'advisory')";
    await expect.poll(() => server.rows(leader)).toHaveLength(1);
    const [{ pid } = {}] = await server.rows(leader);
    const stop = async (): Promise<boolean> => {
      process.kill(Number(pid), 'SIGSTOP');
      const [{ state } = {}] = await server.rows(leader);
      if (state !== 'idle') process.kill(Number(pid), 'SIGCONT');
      return state === 'idle';
    };
    // It must not hold a lock when it stops.
    await expect.poll(stop).toBe(true);
    await server.rows(`select seamline.insert('test', 'key', '1')`);
    await listener.until(1);
    expect(listener.reasons).toEqual([]);
  });

  it('a log whose PostgreSQL is made read-only refuses appends, and takes them when that is over', async () => {
    const server = await start();
    const log = await openPostgresLog(server.url, { engineTimeoutMs: 1000 });
    const listener = await follow(log, 1);
    await appendTexts(log, 'before');
    await configure(server, 'set default_transaction_read_only = on');
    await expect.poll(() => log.health(), PATIENT).toEqual(unwell(/read-only/));
    await expect(log.append(Buffer.from('refused'), 'refused')).rejects.toMatchObject(REFUSED);
    const client = await server.client();
    await client.query('set default_transaction_read_only = off');
    await client.query('alter system reset default_transaction_read_only');
    await client.query('select pg_reload_conf()');
    await expect.poll(() => log.health(), PATIENT).toEqual({ ok: true });
    expect(await appendForSure(log, 'after')).toBe(2);
    await listener.until(2);
    expectAll(listener, new Map(['before', 'after'].map((text, n) => [text, n + 1])));
  });
});

/** An append that waits for a standby. Until the server has read its new configuration, appends are answered. */
async function appendThatWaits(
  server: PostgresServer,
  log: OrderedLog,
): Promise<{ readonly append: Promise<Sequence> }> {
  const isWaiting = "select from pg_stat_activity where wait_event = 'SyncRep'";
  let isAnswered = false;
  const next = (): Promise<Sequence> => {
    isAnswered = false;
    const append = log.append(Buffer.from('b'), 'b');
    append.then(() => (isAnswered = true)).catch(() => {});
    return append;
  };
  let append = next();
  await expect
    .poll(() => {
      if (isAnswered) append = next();
      return server.rows(isWaiting);
    }, PATIENT)
    .toHaveLength(1);
  return { append };
}

describeWithPostgres('a synchronous standby of PostgreSQL', (start) => {
  it('an append that no standby confirms is answered as indeterminate, and the health says what it waits for', async () => {
    const server = await start();
    const log = await openPostgresLog(server.url, { engineTimeoutMs: 4000 });
    await appendTexts(log, 'a');
    await configure(server, "set synchronous_standby_names = '*'");
    const { append } = await appendThatWaits(server, log);
    await expect.poll(() => log.health(), PATIENT).toEqual(unwell(/waits for a synchronous standby/));
    await expect(append).rejects.toMatchObject({ code: 'INDETERMINATE' });
    await configure(server, 'reset synchronous_standby_names');
    await appendForSure(log, 'c');
    await expect.poll(() => log.health(), PATIENT).toEqual({ ok: true });
  });

  it.each(['pg_cancel_backend', 'pg_terminate_backend'])(
    'an append whose wait for a standby is ended by %s is indeterminate',
    async (call) => {
      const server = await start();
      const log = await openPostgresLog(server.url, { engineTimeoutMs: 5000 });
      await appendTexts(log, 'a');
      await configure(server, "set synchronous_standby_names = '*'");
      const { append } = await appendThatWaits(server, log);
      await server.rows(`select ${call}(pid) from pg_stat_activity where wait_event = 'SyncRep'`);
      await expect(append).rejects.toMatchObject({ code: 'INDETERMINATE' });
    },
  );
});
