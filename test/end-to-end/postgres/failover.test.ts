/**
 * Three nodes of one log on PostgreSQL, whose primary is replaced by a standby, which may lack what was written last. All clients that have
 * seen some of that are told, and all that was answered before and after it stays.
 */
import { expect, it, vi } from 'vitest';
import { InsertItemDocument, ItemPageDocument } from '../../../schema/documents/graphql.ts';
import { ask, request } from '../../support/clients/clients.ts';
import { throughLosses } from '../../support/engines/losses.ts';
import { describeWithPostgres, type PostgresServer, type StartPostgres } from '../../support/engines/postgres.ts';
import { all, type NodeProcess, startNodes } from '../../support/processes/node-processes.ts';
import { networkTo } from '../../support/sockets/proxy.ts';

// A busy machine takes several times as long.
vi.setConfig({ testTimeout: 240_000 });

/** Insertions before and after a fault. */
const SEVERAL = 200;

const SYNCHRONOUS = ["synchronous_standby_names = '*'"];

/** A primary, reached by a network that may lead elsewhere, and a standby of it, whose replication can be cut. */
async function startPair(start: StartPostgres, config: readonly string[] = []) {
  const primary = await start({ config });
  const replication = await networkTo(primary.url);
  const standby = await start({ standbyOf: primary, replicationUrl: replication.url });
  return { primary, standby, replication, network: await networkTo(primary.url) };
}

type Pair = Awaited<ReturnType<typeof startPair>>;

/** Resolves once the standby has what the primary has now. */
async function copied({ primary, standby }: Pair): Promise<void> {
  const [row] = await primary.rows('select pg_current_wal_flush_lsn() as position');
  const hasIt = async (): Promise<unknown> =>
    (await standby.rows('select pg_last_wal_replay_lsn() >= $1::pg_lsn as done', [row?.['position']]))[0]?.['done'];
  await expect.poll(hasIt, { timeout: 60_000 }).toBe(true);
}

/** A failover to the standby, as the nodes see it. */
async function failOver({ primary, standby, network }: Pair): Promise<void> {
  network.cut();
  await primary.kill();
  await standby.promote();
  network.mend(standby.url);
}

/** Without waiting for a standby of its own. */
async function standAlone(server: PostgresServer): Promise<void> {
  await server.rows("alter system set synchronous_standby_names = ''");
  await server.rows('select pg_reload_conf()');
}

async function commit(server: PostgresServer, keys: readonly string[]): Promise<void> {
  for (const key of keys) await server.rows("select seamline.insert('seamline', $1, '1')", [key]);
}

async function keysOf(node: NodeProcess, prefix: string): Promise<string[]> {
  const { items } = await ask(node, ItemPageDocument, { first: 1000, filter: { keyPrefix: prefix } });
  return items.edges.map(({ node: { key } }) => key);
}

const keysFor = (phase: string): string[] => Array.from({ length: 20 }, (_, n) => `sql-${phase}-${n}`);

describeWithPostgres('several nodes and a failover', (start) => {
  it('readers are told, and nodes agree, after a failover to a standby that lagged (G4, G6)', async () => {
    const pair = await startPair(start);
    const { primary, standby } = pair;
    const nodes = await startNodes(primary.flags(pair.network.url), 3);
    const before = await nodes[0].status();
    const { lost, told, epoch } = await throughLosses(nodes, 'kept', async ({ enter, insertions }) => {
      await insertions(SEVERAL);
      await commit(primary, keysFor('before'));
      await enter('doubtful');
      await copied(pair);
      pair.replication.cut();
      await insertions(SEVERAL);
      await commit(primary, keysFor('doubtful'));
      await failOver(pair);
      await all(nodes, 'ready');
      await enter('after');
      // More than was lost, so that the same positions are there again.
      await insertions(2 * SEVERAL);
      await commit(standby, keysFor('after'));
      await expect.poll(() => keysOf(nodes[0], 'sql-after-')).toEqual(keysFor('after'));
    });
    expect(lost).toMatchObject({ kept: 0, after: 0 });
    expect(lost.doubtful).toBeGreaterThan(0);
    expect(told).not.toContain(0);
    expect(epoch).toBe(before.epoch);
    for (const node of nodes) expect(await keysOf(node, 'sql-')).toEqual([...keysFor('before'), ...keysFor('after')]);
  });

  it('nodes answer nothing without a synchronous standby, and lose nothing answered in a failover (G7)', async () => {
    const pair = await startPair(start, SYNCHRONOUS);
    const nodes = await startNodes(pair.primary.flags(pair.network.url), 3, ['--engine-timeout', '2']);
    const { lost, told, acknowledged } = await throughLosses(nodes, 'kept', async ({ enter, insertions }) => {
      await insertions(SEVERAL);
      await enter('doubtful');
      pair.replication.cut();
      await pair.replication.refusal();
      const refused = await Promise.all(
        nodes.map((node, n) => request(node, InsertItemDocument, { input: { key: `refused-${n}`, value: 1 } })),
      );
      for (const { data, errors } of refused) {
        expect(data).toBeNull();
        expect(['ENGINE_UNAVAILABLE', 'INDETERMINATE']).toContain(errors?.[0]?.extensions['code']);
      }
      await failOver(pair);
      await standAlone(pair.standby);
      await all(nodes, 'ready');
      await enter('after');
      await insertions(SEVERAL);
    });
    expect(lost).toEqual({ kept: 0, doubtful: 0, after: 0 });
    // What readers have seen is there as well.
    expect(new Set(told)).toEqual(new Set([0]));
    expect(acknowledged).toBeGreaterThan(2 * SEVERAL);
  });

  it('nodes with several URLs find the new primary by themselves, and lose nothing answered (G7)', async () => {
    const { primary, standby } = await startPair(start, SYNCHRONOUS);
    const nodes = await startNodes(primary.flags(`${standby.url},${primary.url}`), 3);
    const { lost, told } = await throughLosses(nodes, 'kept', async ({ enter, insertions }) => {
      await insertions(SEVERAL);
      await primary.kill();
      await all(nodes, 'not ready');
      await standby.promote();
      await standAlone(standby);
      await all(nodes, 'ready');
      await enter('after');
      await insertions(SEVERAL);
    });
    expect(lost).toEqual({ kept: 0, doubtful: 0, after: 0 });
    expect(new Set(told)).toEqual(new Set([0]));
  });
});
