import { SILENT } from '../../core/model/logger.ts';
import { EngineRefusalError, type RemoteLogDriver, type RemoteLogSession, UnfitLogError } from '../remote/driver.ts';
import { GroupAppender } from '../remote/group-appender.ts';
import { REMOTE_DEFAULTS } from '../remote/options.ts';
import { AppendWatch } from './append-watch.ts';
import { Connection, isRefusal, lockTimeout, type Query, refusalOf } from './connection.ts';
import { ensureSchema } from './install.ts';
import { type PostgresLogOptions, serverAddresses } from './options.ts';
import { channelOf, Reader } from './reader.ts';
import { isForbidden, lackingRights } from './rights.ts';
import { BusyError, Sequencer } from './sequencer.ts';
import { rowStorage } from './snapshots.ts';
import { assertFit, claimsOn, ensureStream, readEntry, StateReader, type Stream } from './stream.ts';

type Open = (
  prepare?: (query: Query) => Promise<unknown>,
  onNotification?: (payload: string) => void,
  onNotice?: (routine: string | undefined) => void,
) => Promise<Connection>;

export function postgresDriver(options: PostgresLogOptions): RemoteLogDriver {
  const servers = serverAddresses(options);
  const { engineTimeoutMs: timeoutMs = REMOTE_DEFAULTS.engineTimeoutMs, logger = SILENT } = options;
  const open: Open = (prepare, onNotification, onNotice) =>
    Connection.open({ servers, timeoutMs, logger, prepare, onNotification, onNotice });
  return {
    engine: 'postgres',
    title: 'PostgreSQL',
    async connect(onUp) {
      const connection = await open();
      try {
        await assertFit(connection.query, (line) => logger.warn({}, line));
        const session = await sessionOn(connection, open, options, timeoutMs);
        connection.onUp = onUp;
        return session;
      } catch (error) {
        connection.close();
        throw error;
      }
    },
  };
}

/** Appends have a connection of their own, because they may wait for another node. */
async function sessionOn(
  connection: Connection,
  open: Open,
  options: PostgresLogOptions,
  timeoutMs: number,
): Promise<RemoteLogSession> {
  const { stream: name = REMOTE_DEFAULTS.stream } = options;
  const { query } = connection;
  const readers = new Set<Reader>();
  let opened: Stream | undefined;
  const stream = (): Stream => {
    if (!opened) throw new UnfitLogError('the log is not open');
    return opened;
  };

  /** Tells the other nodes, one request at a time. */
  let told = 0;
  let toTell = 0;
  let isTelling = false;
  const tell = async (): Promise<void> => {
    if (isTelling) return;
    isTelling = true;
    try {
      while (told !== toTell) {
        told = toTell;
        await query('select pg_notify($1, $2)', [channelOf(stream()), String(told)]);
      }
    } catch {
      // They look by themselves each second.
    } finally {
      isTelling = false;
    }
  };

  const watch = new AppendWatch({
    connection: () => appending,
    stream,
    timeoutMs,
    lockTimeoutMs: lockTimeout(timeoutMs),
  });
  const states = new StateReader(
    query,
    name,
    async () => (await lackingRights(query)) ?? (await watch.trouble(query)) ?? sequencer.trouble,
  );
  const appending: Connection = await open(
    (onNew) => watch.prepare(onNew),
    undefined,
    (routine) => watch.noticed(routine),
  );
  const sequencer = new Sequencer({
    connection: watch,
    stream,
    onLast(last, isNew) {
      for (const reader of readers) reader.reached(last);
      if (!isNew) return;
      // After a failover it may be less than before.
      toTell = last;
      void tell();
    },
  });
  appending.onUp = () => sequencer.start();

  return {
    connection,
    appender: new GroupAppender({
      title: 'PostgreSQL',
      timeoutMs,
      connection: appending,
      send: (group, deadline) => watch.append(() => sequencer.append(group, deadline), deadline),
      isRefusal: (error) => error instanceof BusyError || isRefusal(error),
    }),
    claims: claimsOn(query, stream, 'snapshot'),
    rescues: claimsOn(query, stream, 'rescue'),
    snapshots: rowStorage(query, stream),

    async ensure(isFirst) {
      if (isFirst) await ensureSchema(query);
      opened = await ensureStream(query, name, options, isFirst).catch((error: unknown) => {
        throw isFirst && isForbidden(error) ? new UnfitLogError(refusalOf(error), { cause: error }) : error;
      });
      sequencer.start();
      return opened.epoch;
    },

    async look() {
      try {
        return await states.look();
      } catch (error) {
        throw isRefusal(error) ? new EngineRefusalError(refusalOf(error), { cause: error }) : error;
      }
    },

    entryAt: (sequence) => readEntry(query, stream(), sequence),

    follow(receiver) {
      const reader: Reader = new Reader({
        stream: stream(),
        receiver,
        open,
        look: () => states.look(),
        onStop: () => readers.delete(reader),
      });
      readers.add(reader);
      return reader;
    },

    async trim(sequence) {
      const { id, epoch } = stream();
      // Each part is a transaction of its own: a long one would hold up appends and vacuum.
      for (let isDone: unknown = false; isDone !== true;)
        [[isDone] = [true]] = await query('select seamline.trim($1, $2, $3)', [id, epoch, sequence]);
    },

    async close() {
      sequencer.stop();
      appending.close();
      connection.close();
    },
  };
}
