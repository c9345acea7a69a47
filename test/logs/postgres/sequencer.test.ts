import { expect, it, onTestFinished, vi } from 'vitest';
import { Connection } from '../../../src/logs/postgres/connection.ts';
import { serverAddresses } from '../../../src/logs/postgres/options.ts';
import { BusyError, Sequencer } from '../../../src/logs/postgres/sequencer.ts';
import type { Stream } from '../../../src/logs/postgres/stream.ts';
import { SILENT } from '../../../src/core/model/logger.ts';
import { openSession } from './open-session.ts';
import { describeWithPostgres, type PostgresServer } from '../../support/engines/postgres.ts';

interface Node {
  readonly sequencer: Sequencer;
  readonly connection: Connection;
  /** The arguments of each turn that was sent. */
  readonly turns: (readonly unknown[])[];
  /** The last sequence that it knows. */
  last: number;
}

const SEEN = 5;
/** Between two looks of a follower. */
const FOLLOWER_MS = 250;

/** A sequencer with a connection of its own, not yet started. */
async function nodeOn({ url }: PostgresServer, stream: Stream, lookAtAllMs?: number): Promise<Node> {
  const connection = await Connection.open({ servers: serverAddresses({ url }), timeoutMs: 5000, logger: SILENT });
  const turns: (readonly unknown[])[] = [];
  const recording = Object.create(connection, {
    query: {
      value: (...args: Parameters<Connection['query']>) => {
        if (args[2] === 'turn') turns.push(args[1] ?? []);
        return connection.query(...args);
      },
    },
  }) as Connection;
  const sequencer = new Sequencer({
    connection: recording,
    stream: () => stream,
    ...(lookAtAllMs !== undefined && { lookAtAllMs }),
    onLast: (last) => (node.last = Math.max(node.last, last)),
  });
  const node: Node = { sequencer, connection, turns, last: 0 };
  connection.onUp = () => sequencer.start();
  onTestFinished(() => {
    sequencer.stop();
    connection.close();
  });
  return node;
}

/** Creates the log `test` and nothing that looks. */
async function createLog(server: PostgresServer): Promise<Stream> {
  const session = await openSession(server.url);
  await session.close();
  const [row] = await server.rows("select id, epoch from seamline.streams where name = 'test'");
  return row as unknown as Stream;
}

async function insert(server: PostgresServer, key: string): Promise<void> {
  await server.rows("select seamline.insert('test', $1, '1')", [key]);
}

async function leaders(server: PostgresServer): Promise<number> {
  return (await server.rows("select from pg_locks where locktype = 'advisory' and granted")).length;
}

describeWithPostgres(
  'Sequencer on PostgreSQL',
  (start) => {
    it('changes that a restore put into the outbox, with the transaction ids of another time, are found while the node runs', async () => {
      const server = await start();
      const stream = await createLog(server);
      const node = await nodeOn(server, stream, 50);
      node.sequencer.start();
      await insert(server, 'a');
      await expect.poll(() => node.last).toBe(1);
      for (const [at, xid] of ['5', '9000000000000'].entries()) {
        const text = "insert into seamline.outbox (stream_id, xid, key, value) values ($1, $2::xid8, 'old', '1')";
        await server.rows(text, [stream.id, xid]);
        await expect.poll(() => node.last).toBe(2 + at);
      }
    });

    it('a follower becomes the leader when the connection of the leader ends', async () => {
      const server = await start();
      const stream = await createLog(server);
      const [leader, follower] = [await nodeOn(server, stream), await nodeOn(server, stream)];
      leader.sequencer.start();
      await expect.poll(() => leaders(server)).toBe(1);
      follower.sequencer.start();
      await insert(server, 'a');
      await expect.poll(() => follower.last).toBe(1);
      leader.sequencer.stop();
      leader.connection.close();
      await expect.poll(() => leaders(server), { timeout: 5000 }).toBe(1);
      await insert(server, 'b');
      await expect.poll(() => follower.last, { timeout: 5000 }).toBe(2);
    });

    it('a follower looks as often as a leader while a leader that has stopped holds the lock', async () => {
      const server = await start();
      const stream = await createLog(server);
      const [leader, follower] = [await nodeOn(server, stream), await nodeOn(server, stream)];
      leader.sequencer.start();
      await expect.poll(() => leaders(server)).toBe(1);
      leader.sequencer.stop();
      follower.sequencer.start();
      await insert(server, 'a');
      await expect.poll(() => follower.last, { timeout: 5000 }).toBe(1);
      const timers = vi.spyOn(globalThis, 'setTimeout');
      onTestFinished(() => timers.mockRestore());
      for (let n = 2; n <= 6; n++) {
        await insert(server, `key-${n}`);
        await expect.poll(() => follower.last, { interval: 1, timeout: 5000 }).toBe(n);
      }
      expect(timers.mock.calls.map(([, ms]) => ms)).not.toContain(FOLLOWER_MS);
      expect(await leaders(server)).toBe(1);
    });

    it('a node does not look while an append of it is under way', async () => {
      const server = await start();
      const stream = await createLog(server);
      const [node, other] = [await nodeOn(server, stream), await nodeOn(server, stream)];
      other.sequencer.start();
      await expect.poll(() => leaders(server)).toBe(1);
      node.sequencer.start();
      await expect.poll(() => node.turns.length).toBeGreaterThan(0);
      const holder = await server.client();
      await holder.query('begin');
      await holder.query('select from seamline.streams for update');
      const append = node.sequencer.append([Buffer.from('x')]);
      const [turns, looks] = [node.turns.length, other.turns.length];
      await expect.poll(() => other.turns.length, { timeout: 10_000 }).toBeGreaterThan(looks + 30);
      expect(node.turns.length).toBe(turns);
      await insert(server, 'a');
      await holder.query('commit');
      await append;
      await expect.poll(() => node.last).toBe(2);
    });

    it('a turn continues from the last answered one, also while another one is under way', async () => {
      const server = await start();
      const stream = await createLog(server);
      const node = await nodeOn(server, stream);
      await node.sequencer.append([Buffer.from('x')]);
      await Promise.all(Array.from({ length: 3 }, () => node.sequencer.append([Buffer.from('x')])));
      const [first, ...later] = node.turns;
      expect(first?.[SEEN]).toBeNull();
      for (const turn of later) expect(turn[SEEN]).toMatch(/^\d+:\d+:/);
    });

    it('the first look on a new connection looks at everything', async () => {
      const server = await start();
      const stream = await createLog(server);
      const node = await nodeOn(server, stream);
      node.sequencer.start();
      await insert(server, 'a');
      await expect.poll(() => node.last).toBe(1);
      const at = node.turns.length;
      await server.restart();
      await insert(server, 'b');
      await expect.poll(() => node.last, { timeout: 10_000 }).toBe(2);
      expect(node.turns.slice(at).map((turn) => turn[SEEN])).toContain(null);
    });

    it('an append waits while a large transaction is appended, and is refused at its deadline', async () => {
      const server = await start();
      const stream = await createLog(server);
      const node = await nodeOn(server, stream);
      await server.rows("select seamline.insert('test', 'key-' || n, '1') from generate_series(1, 25000) n");
      const holder = await server.client();
      await holder.query('begin');
      await holder.query('select from seamline.streams for update');
      const refused = node.sequencer.append([Buffer.from('x')], performance.now() + 500);
      await expect(refused).rejects.toThrow(/lock timeout/);
      await holder.query('commit');
      const append = node.sequencer.append([Buffer.from('x')]);
      await expect.poll(() => node.turns.length).toBe(3);
      await expect(node.sequencer.append([Buffer.from('y')], performance.now() + 201)).rejects.toThrow(BusyError);
      expect(await append).toBe(26);
      expect(await node.sequencer.append([Buffer.from('x')])).toBe(27);
    });

    it('a look reads few pages of the outbox while an old transaction keeps its dead rows', async () => {
      const server = await start();
      const stream = await createLog(server);
      const node = await nodeOn(server, stream);
      const holder = await server.client();
      await holder.query('begin isolation level repeatable read');
      await holder.query('select count(*) from seamline.outbox');
      await node.sequencer.append([Buffer.from('x')]);
      await server.rows(
        `do $$ begin for n in 1..5000 loop perform seamline.insert('test', 'k', '1'); commit; end loop; end $$`,
      );
      await node.sequencer.append([Buffer.from('x')]);
      expect(await node.sequencer.append([Buffer.from('x')])).toBe(5003);
      const at = node.turns.at(-1)?.[SEEN];
      const pages = async (from: unknown): Promise<number> => {
        const [row] = await server.rows(
          `explain (analyze, buffers, format json) select ctid from seamline.outbox
           where stream_id = ${stream.id} and xid >= pg_snapshot_xmax(coalesce('${String(from)}', '1:1:')::pg_snapshot)`,
        );
        const [explained] = (row?.['QUERY PLAN'] ?? []) as readonly {
          readonly Plan: Readonly<Record<string, number>>;
        }[];
        return (explained?.Plan['Shared Hit Blocks'] ?? 0) + (explained?.Plan['Shared Read Blocks'] ?? 0);
      };
      expect(await pages('1:1:')).toBeGreaterThan(30);
      expect(await pages(at)).toBeLessThan(10);
    });
  },
  60_000,
);
