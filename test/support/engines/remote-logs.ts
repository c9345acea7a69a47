/** What the shared tests of remote logs need of each engine. The log is called `test` on all of them. */
import type { Redis } from 'ioredis';
import { onTestFinished } from 'vitest';
import type { OrderedLog } from '../../../src/core/replication/ordered-log.ts';
import { natsLog } from '../../../src/logs/nats/nats-log.ts';
import { redisLog } from '../../../src/logs/redis/redis-log.ts';
import type { RemoteLogOptions } from '../../../src/logs/remote/options.ts';
import type { Certificates } from './certificates.ts';
import type { EngineServer } from './engine-server.ts';
import { describeWithNats } from './nats.ts';
import { managerOf, startNats } from './nats-logs.ts';
import { describeWithRedis, RedisServer, type StartRedis } from './redis.ts';
import { KEYS } from './redis-logs.ts';

export interface RemoteEngine {
  readonly name: 'nats' | 'redis';
  /** How messages name it. */
  readonly title: string;
  /** Whether an append that is repeated with its id is there once. */
  readonly knowsIds: boolean;
  /** What may become of appends of which nobody knows whether the server has got them. */
  readonly codesWhenPaused: RegExp;
  /** Ends with the test. */
  start(options?: StartOptions): Promise<EngineServer>;
  /** Not yet open. `url` may be that of a network to the server. */
  log(url: string, options?: Partial<RemoteLogOptions> & { readonly stream?: string }): OrderedLog;
  /** What makes the server lose the log, by what it is called; with another one in its place if the engine makes none itself. */
  readonly losses: Readonly<Record<string, (server: EngineServer) => Promise<unknown>>>;
  /** Appends an entry that no log has written. Resolves with how its data is delivered. */
  appendForeign(server: EngineServer): Promise<string>;
  /** Connections or consumers that the server keeps for the log. */
  resources(server: EngineServer): Promise<() => Promise<number>>;
  /** The first sequence that the server holds. */
  first(server: EngineServer): Promise<number>;
  /** How many snapshots have pieces on the server. */
  snapshotCount(server: EngineServer): Promise<number>;
  /** Removes all entries, and keeps the count of sequences. */
  purge(server: EngineServer): Promise<unknown>;
  /** What else an operator may remove, all snapshots included, by what that is called. */
  readonly removals: Readonly<Record<string, (server: EngineServer) => Promise<unknown>>>;
  /** From now on no snapshot can be saved. */
  refuseSnapshots(server: EngineServer): Promise<unknown>;
  /** What may happen to the newest snapshot, by what it is called. */
  readonly snapshotFaults: Readonly<Record<string, (server: EngineServer) => Promise<unknown>>>;
}

export interface StartOptions {
  readonly tls?: Certificates;
  /** Whether it keeps anything when it is killed, if the engine has a choice. Default true. */
  readonly isPersistent?: boolean;
}

const flipped = (bytes: Uint8Array | null | undefined): Buffer =>
  Buffer.from(Uint8Array.from(bytes ?? [], (byte, n) => (n === 500 ? byte ^ 1 : byte)));

/** The subject of the pieces of the newest object in the object store. */
async function newestPieces(url: string): Promise<string> {
  const manager = await managerOf(url);
  const { state } = await manager.streams.info('OBJ_test-snapshots', { subjects_filter: '$O.test-snapshots.M.>' });
  const subjects = Object.keys(state.subjects ?? {});
  const objects = await Promise.all(
    subjects.map(async (subject) => {
      const message = await manager.streams.getMessage('OBJ_test-snapshots', { last_by_subj: subject });
      return message?.json<{ name: string; nuid: string }>() ?? { name: '', nuid: '' };
    }),
  );
  const [newest] = objects.toSorted((a, b) => (a.name < b.name ? 1 : -1));
  return `$O.test-snapshots.C.${newest?.nuid}`;
}

const nats: RemoteEngine = {
  name: 'nats',
  title: 'NATS',
  knowsIds: true,
  codesWhenPaused: /^INDETERMINATE$/,
  start: ({ tls } = {}) =>
    startNats(
      tls
        ? { config: `tls { cert_file: "${tls.cert}", key_file: "${tls.key}", ca_file: "${tls.ca}", verify: true }` }
        : {},
    ),
  log: (servers, options = {}) => natsLog({ servers, stream: 'test', ...options }),
  losses: {
    'was deleted and created again': async ({ url }) => {
      const manager = await managerOf(url);
      const { config } = await manager.streams.info('test');
      await manager.streams.delete('test');
      await manager.streams.add(config);
    },
  },
  async appendForeign({ url }) {
    await (await managerOf(url)).jetstream().publish('test.commands', 'foreign');
    return 'foreign';
  },
  async resources({ url }) {
    const manager = await managerOf(url);
    return async () => (await manager.consumers.list('test').next()).length;
  },
  first: async ({ url }) => (await (await managerOf(url)).streams.info('test')).state.first_seq,
  async snapshotCount({ url }) {
    const pieces = { subjects_filter: '$O.test-snapshots.C.>' };
    const { state } = await (await managerOf(url)).streams.info('OBJ_test-snapshots', pieces);
    return Object.keys(state.subjects ?? {}).length;
  },
  purge: async ({ url }) => (await managerOf(url)).streams.purge('test'),
  removals: {
    'purges the stream': async ({ url }) => {
      const { streams } = await managerOf(url);
      await streams.purge('OBJ_test-snapshots');
      await streams.purge('test');
    },
    'purges a part of the stream and deletes the bucket of the snapshots': async ({ url }) => {
      const { streams } = await managerOf(url);
      await streams.delete('OBJ_test-snapshots');
      await streams.purge('test', { seq: 9 });
    },
    'limits the size of the stream': async ({ url }) => {
      const { streams } = await managerOf(url);
      await streams.purge('OBJ_test-snapshots');
      const { config } = await streams.info('test');
      await streams.update('test', { ...config, max_bytes: 12_000 });
      await streams.update('test', { ...config, max_bytes: 10_000_000 });
    },
  },
  async refuseSnapshots({ url }) {
    const { streams } = await managerOf(url);
    await streams.delete('OBJ_test-snapshots').catch(() => {});
    await streams.add({ name: 'OBJ_test-snapshots', subjects: ['elsewhere'], allow_direct: true });
  },
  snapshotFaults: {
    'is damaged': async ({ url }) => {
      const manager = await managerOf(url);
      const pieces = await newestPieces(url);
      const piece = await manager.streams.getMessage('OBJ_test-snapshots', { last_by_subj: pieces });
      await manager.streams.purge('OBJ_test-snapshots', { filter: pieces });
      await manager.jetstream().publish(pieces, flipped(piece?.data));
    },
    'has lost its pieces': async ({ url }) =>
      (await managerOf(url)).streams.purge('OBJ_test-snapshots', { filter: await newestPieces(url) }),
  },
};

function clientOf(server: EngineServer): Redis {
  if (server instanceof RedisServer) return server.client();
  throw new TypeError('this is no Redis');
}

const snapshotLists = async (server: EngineServer): Promise<string[]> =>
  (await clientOf(server).keys('{test}:snapshot:*')).toSorted();

const newestList = async (server: EngineServer): Promise<string> => (await snapshotLists(server)).at(-1) ?? '';

const redisWith = (start: StartRedis): RemoteEngine => ({
  name: 'redis',
  title: 'Redis',
  knowsIds: false,
  codesWhenPaused: /^(INDETERMINATE|ENGINE_UNAVAILABLE)$/,
  start: (options) => start(options),
  log: (url, options = {}) => redisLog({ url, stream: 'test', ...options }),
  losses: {
    'has kept nothing': (server) => server.kill().then(() => server.start()),
    'was emptied': (server) => clientOf(server).flushall(),
    'has lost the stream': (server) => clientOf(server).del(KEYS.commands),
  },
  async appendForeign(server) {
    const client = clientOf(server);
    await client.xadd(KEYS.commands, `${await client.get(KEYS.epoch)}-*`, 'foreign', 'x');
    return '';
  },
  async resources(server) {
    const client = clientOf(server);
    return async () => String(await client.call('CLIENT', 'LIST')).match(/ name=seamline /g)?.length ?? 0;
  },
  async first(server) {
    const [first] = await clientOf(server).xrange(KEYS.commands, '-', '+', 'COUNT', 1);
    return Number(first?.[0].split('-')[1]);
  },
  purge: async (server) => clientOf(server).xtrim(KEYS.commands, 'MAXLEN', 0),
  removals: {
    'trims the stream and deletes the snapshots': async (server) => {
      const client = clientOf(server);
      await client.del(KEYS.snapshots, ...(await snapshotLists(server)));
      await client.xtrim(KEYS.commands, 'MAXLEN', 0);
    },
    'trims a part of the stream and renames the snapshots': async (server) => {
      const client = clientOf(server);
      await client.rename(KEYS.snapshots, 'elsewhere');
      await client.xtrim(KEYS.commands, 'MAXLEN', 3);
    },
    'deletes the pieces of the snapshots after the stream was trimmed': async (server) => {
      const client = clientOf(server);
      await client.xtrim(KEYS.commands, 'MAXLEN', 3);
      await client.del(...(await snapshotLists(server)));
    },
    'deletes an entry from the middle': async (server) => {
      const client = clientOf(server);
      await client.del(KEYS.snapshots);
      await client.xdel(KEYS.commands, `${await client.get(KEYS.epoch)}-5`);
    },
    'deletes the newest entry': async (server) => {
      const client = clientOf(server);
      const [[id] = ['']] = await client.xrevrange(KEYS.commands, '+', '-', 'COUNT', 1);
      await client.xdel(KEYS.commands, id);
    },
  },
  refuseSnapshots: async (server) => clientOf(server).set(KEYS.snapshots, 'not a hash'),
  snapshotCount: async (server) => (await snapshotLists(server)).length,
  snapshotFaults: {
    'is damaged': async (server) => {
      const client = clientOf(server);
      const list = await newestList(server);
      await client.lset(list, 0, flipped(await client.lindexBuffer(list, 0)));
    },
    'has lost its pieces': async (server) => clientOf(server).del(await newestList(server)),
  },
});

/** Defines the same tests for every engine that nodes share. */
export function describeRemoteLogs(title: string, define: (engine: RemoteEngine) => void): void {
  describeWithNats(`on NATS: ${title}`, () => define(nats));
  describeWithRedis(`on Redis: ${title}`, (start) => define(redisWith(start)));
}

/** Open, and closed when the test ends. */
export async function openLog(
  engine: RemoteEngine,
  url: string,
  options: Partial<RemoteLogOptions> = {},
): Promise<OrderedLog> {
  const log = engine.log(url, options);
  onTestFinished(() => log.close());
  await log.open();
  return log;
}
