import { IndeterminateError } from '../../core/model/errors.ts';
import { SILENT } from '../../core/model/logger.ts';
import type { Sequence } from '../../core/model/position.ts';
import { EngineRefusalError, LogGoneError, type RemoteLogDriver, type RemoteLogSession } from '../remote/driver.ts';
import { GroupAppender } from '../remote/group-appender.ts';
import { REMOTE_DEFAULTS } from '../remote/options.ts';
import { Connection, isRefusal, refusalOf } from './connection.ts';
import { entryIn } from './entries.ts';
import { connectionOptions, type RedisLogOptions } from './options.ts';
import { Reader } from './reader.ts';
import { claimsOn, keysOf, numberOf, Scripts } from './scripts.ts';
import { ServerWatch } from './server.ts';
import { listStorage } from './snapshots.ts';

/** So that Redis itself answers before the deadline. */
const WAIT_MARGIN_MS = 100;

export function redisDriver(options: RedisLogOptions): RemoteLogDriver {
  const connecting = connectionOptions(options);
  const { engineTimeoutMs: timeoutMs = REMOTE_DEFAULTS.engineTimeoutMs, logger = SILENT } = options;
  const open = (): Promise<Connection> => Connection.open(connecting, timeoutMs, logger);
  return {
    engine: 'redis',
    title: 'Redis',
    showsEarly: (options.wait ?? 0) > 0,
    async connect(onUp) {
      const connection = await open();
      try {
        const watch = new ServerWatch(connection.client, logger);
        await watch.assertFit();
        const session = sessionOn(connection, await open(), open, watch, options, timeoutMs);
        connection.onUp = onUp;
        return session;
      } catch (error) {
        connection.close();
        throw error;
      }
    },
  };
}

/** Appends have a connection of their own, because WAIT holds up everything that comes after it. */
function sessionOn(
  connection: Connection,
  appending: Connection,
  open: () => Promise<Connection>,
  watch: ServerWatch,
  { stream = REMOTE_DEFAULTS.stream, wait = 0 }: RedisLogOptions,
  timeoutMs: number,
): RemoteLogSession {
  const keys = keysOf(stream);
  const { client } = connection;
  const scripts = new Scripts(client, keys);
  const appendingScripts = new Scripts(appending.client, keys);
  let epochNumber = '';

  const send = async (group: readonly Buffer[], deadline: number): Promise<Sequence> => {
    const last = await appendingScripts.append(epochNumber, group);
    if (last === undefined) throw new LogGoneError('the log in Redis is gone, or another one has taken its place');
    if (wait === 0) return last;
    const remainingMs = Math.max(1, Math.floor(deadline - performance.now() - WAIT_MARGIN_MS));
    const replicas = await appending.client.wait(wait, remainingMs).catch((cause: unknown) => {
      // The refusal itself would mean that nothing was written.
      throw new Error('Redis does not say which replicas have it', { cause });
    });
    if (replicas >= wait) return last;
    throw new IndeterminateError(`${replicas} of ${wait} replicas of Redis have it: it may be lost`);
  };

  return {
    connection,
    appender: new GroupAppender({ title: 'Redis', timeoutMs, connection: appending, send, isRefusal }),
    claims: claimsOn(client, keys.claim),
    rescues: claimsOn(client, keys.rescue),
    snapshots: listStorage(client, keys),

    /** A server that holds no log, or has lost it, gets another one. */
    async ensure() {
      const epoch = await scripts.ensure();
      epochNumber = numberOf(epoch);
      return epoch;
    },

    async look() {
      try {
        const [state, unfit] = await Promise.all([scripts.look(), watch.unfitness()]);
        return { ...state, unfit };
      } catch (error) {
        throw isRefusal(error) ? new EngineRefusalError(refusalOf(error), { cause: error }) : error;
      }
    },

    async entryAt(sequence) {
      const id = `${epochNumber}-${sequence}`;
      const [raw] = await client.xrangeBuffer(keys.commands, id, id);
      return raw && entryIn(raw, sequence);
    },

    follow: (receiver) => new Reader(open, keys, receiver),
    trim: (sequence) => scripts.trim(epochNumber, sequence),

    async close() {
      appending.close();
      connection.close();
    },
  };
}
