import type { Redis } from 'ioredis';
import { redisLog } from '../../../src/logs/redis/redis-log.ts';
import type { EngineServer } from '../engines/engine-server.ts';
import { RedisServer, type StartRedis } from '../engines/redis.ts';
import { KEYS } from '../engines/redis-logs.ts';
import { flipped, type RemoteEngine } from './remote-engine.ts';

function clientOf(server: EngineServer): Redis {
  if (server instanceof RedisServer) return server.client();
  throw new TypeError('this is no Redis');
}

const snapshotLists = async (server: EngineServer): Promise<string[]> =>
  (await clientOf(server).keys('{test}:snapshot:*')).toSorted();

const newestList = async (server: EngineServer): Promise<string> => (await snapshotLists(server)).at(-1) ?? '';

export const redisEngine = (start: StartRedis): RemoteEngine => ({
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
