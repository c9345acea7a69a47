import { expect, it, onTestFinished, vi } from 'vitest';
import type { OrderedLog } from '../../../src/core/replication/ordered-log.ts';
import { natsLog } from '../../../src/logs/nats/nats-log.ts';
import { describeWithNats, NatsServer } from '../../support/engines/nats.ts';
import { managerOf } from '../../support/engines/nats-logs.ts';
import { follow, textOf, upTo } from '../../../src/testing/recording.ts';
import { appendForSure } from '../writing.ts';

const WRITERS = 8;

interface Cluster {
  readonly servers: readonly NatsServer[];
  readonly log: OrderedLog;
  /** The server that orders the stream now. */
  leader(): Promise<NatsServer>;
  /** Resolves once each server has all that was acknowledged. */
  areCurrent(): Promise<void>;
}

async function startCluster(): Promise<Cluster> {
  const servers = await NatsServer.startCluster();
  onTestFinished(async () => {
    await Promise.all(servers.map((server) => server.stop()));
  });
  const log = natsLog({ servers: servers.map(({ url }) => url), stream: 'test', replicas: 3 });
  onTestFinished(() => log.close());
  await log.open();
  const manager = await managerOf(servers.map(({ url }) => url));
  const leader = async (): Promise<NatsServer> => {
    const { cluster } = await manager.streams.info('test');
    const found = servers.find(({ name }) => name === cluster?.leader);
    if (!found) throw new Error('the stream has no leader');
    return found;
  };
  const areCurrent = (): Promise<void> =>
    vi.waitFor(
      async () => {
        const { cluster } = await manager.streams.info('test');
        expect(cluster?.leader).toBeTruthy();
        expect(cluster?.replicas?.map(({ current }) => current)).toEqual([true, true]);
      },
      { timeout: 60_000, interval: 200 },
    );
  return { servers, log, leader, areCurrent };
}

describeWithNats(
  'a NATS log on three servers',
  () => {
    it.each<[string, (cluster: Cluster) => Promise<void>]>([
      [
        'the leader is killed, and comes back',
        async ({ leader }) => {
          const killed = await leader();
          await killed.kill();
          await killed.start();
        },
      ],
      [
        'all are killed, and come back',
        async ({ servers }) => {
          await Promise.all(servers.map((server) => server.kill()));
          await Promise.all(servers.map((server) => server.start()));
        },
      ],
      [
        'each is ended in turn, as for an upgrade',
        async ({ servers, log, areCurrent }) => {
          for (const [n, server] of servers.entries()) {
            // Without it, a server could be ended that alone has an acknowledged entry, and the others would wait for it.
            await areCurrent();
            await server.kill('SIGTERM');
            await appendForSure(log, `without ${n}`);
            await server.start();
          }
        },
      ],
    ])('a log on three servers loses and repeats nothing while %s (G7)', async (_, fault) => {
      const cluster = await startCluster();
      const follower = await follow(cluster.log, 1);
      let isOver = false;
      const answered = new Map<string, number>();
      const writing = upTo(WRITERS).map(async (writer) => {
        for (let n = 0; !isOver; n++) {
          const text = `${writer}-${n}`;
          answered.set(text, await appendForSure(cluster.log, text));
        }
      });
      await follower.until(50);
      await fault(cluster);
      await follower.until(follower.held.length + 50);
      isOver = true;
      await Promise.all(writing);
      await follower.until([...answered.values()].reduce((one, other) => Math.max(one, other)));
      expect(follower.reasons).toEqual([]);
      expect(follower.sequences).toEqual(upTo(follower.held.length));
      for (const [text, sequence] of answered) {
        const entry = follower.held[sequence - 1];
        expect(entry && textOf(entry)).toBe(text);
      }
      const texts = follower.held.map(textOf).filter((text) => !text.startsWith('without'));
      expect(new Set(texts).size).toBe(texts.length);
    });

    it.each([
      ['its leader and another one', 0, /no leader/],
      ['all but its leader', 1, /no majority/],
    ])('a log on three servers is unhealthy while it has lost %s, and healthy afterwards', async (_, from, reason) => {
      const { servers, log, leader, areCurrent } = await startCluster();
      await areCurrent();
      const leading = await leader();
      const killed = [leading, ...servers.filter((server) => server !== leading)].slice(from, from + 2);
      await Promise.all(killed.map((server) => server.kill()));
      await vi.waitFor(() => expect(log.health()).toEqual({ ok: false, reason: expect.stringMatching(reason) }), {
        timeout: 60_000,
        interval: 50,
      });
      await Promise.all(killed.map((server) => server.start()));
      await vi.waitFor(() => expect(log.health()).toEqual({ ok: true }), { timeout: 60_000, interval: 50 });
      await appendForSure(log, 'afterwards');
    });
  },
  90_000,
);
