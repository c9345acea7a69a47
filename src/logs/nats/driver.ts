import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { SILENT } from '../../core/model/logger.ts';
import type { Sequence } from '../../core/model/position.ts';
import { LogGoneError, type RemoteLogDriver, type RemoteLogSession, UnfitLogError } from '../remote/driver.ts';
import { REMOTE_DEFAULTS } from '../remote/options.ts';
import { Appender } from './append.ts';
import { Connection } from './connection.ts';
import { Consumer } from './consumer.ts';
import { connectionOptions, DEFAULT_MAX_COMMAND_BYTES, type NatsLogOptions } from './options.ts';
import { announcedClaims } from './snapshot-claims.ts';
import { objectStorage } from './snapshots.ts';
import { ensureStream, epochOf, infoOf, isMissing, troubleOf, unfitness, warnOfLimits } from './stream.ts';

const FLUSH_MS = 1000;
/** The remote log gives up a request earlier, unless bytes arrive: its answer may take long on a slow link. */
const REQUEST_MS = 60_000;

export function natsDriver(options: NatsLogOptions): RemoteLogDriver {
  const connecting = connectionOptions(options);
  const { engineTimeoutMs: timeoutMs = REMOTE_DEFAULTS.engineTimeoutMs, logger = SILENT } = options;
  return {
    engine: 'nats',
    title: 'NATS',
    staleLooks: 4,
    async connect(onUp) {
      const openAnother = (): Promise<Connection> => Connection.open(connecting, timeoutMs, SILENT);
      return openSession(options, timeoutMs, await Connection.open(connecting, timeoutMs, logger), openAnother, onUp);
    },
  };
}

async function openSession(
  options: NatsLogOptions,
  timeoutMs: number,
  connection: Connection,
  openAnother: () => Promise<Connection>,
  onUp: () => void,
): Promise<RemoteLogSession> {
  const { stream = REMOTE_DEFAULTS.stream, maxCommandBytes = DEFAULT_MAX_COMMAND_BYTES } = options;
  const { create = true, replicas, domain, logger = SILENT } = options;
  const { client } = connection;
  const jsm = await jetstreamManager(client, {
    timeout: REQUEST_MS,
    checkAPI: false,
    ...(domain !== undefined && { domain }),
  });
  const appender = new Appender({ connection, stream, domain, timeoutMs });
  const consumers = new Set<Consumer>();
  connection.onUp = () => {
    appender.resendAll();
    onUp();
  };
  return {
    connection,
    appender,
    claims: announcedClaims(client, stream),
    rescues: announcedClaims(client, stream, true),
    snapshots: objectStorage(jsm, stream, replicas ?? 1),

    async ensure(isFirst) {
      const info = await ensureStream(jsm, stream, { replicas, maxCommandBytes, mayCreate: create && isFirst });
      // Not awaited: a user may lack the right to ask.
      if (isFirst)
        void jsm.getAccountInfo().then(
          (account) => warnOfLimits(account, info, logger),
          () => {},
        );
      const most = client.info?.max_payload ?? Infinity;
      if (most < maxCommandBytes)
        throw new UnfitLogError(
          `NATS takes ${most} bytes (max_payload), less than the ${maxCommandBytes} that a command may have`,
        );
      return epochOf(info);
    },

    async look() {
      const askedAt = performance.now();
      const info = await infoOf(jsm, stream).catch((cause: unknown) => {
        throw isMissing(cause) ? new LogGoneError(`the stream ${stream} is gone`, { cause }) : cause;
      });
      appender.alive(askedAt);
      const { first_seq: first, last_seq: last, messages: count } = info.state;
      return {
        epoch: epochOf(info),
        first: first as Sequence,
        last: last as Sequence,
        count,
        trouble: troubleOf(info, appender.refusedBytes),
        unfit: unfitness(info, { replicas, maxCommandBytes }),
      };
    },

    async entryAt(sequence) {
      const stored = await jsm.streams.getMessage(stream, { seq: sequence });
      return stored ? { sequence, time: stored.time.getTime(), data: stored.data } : undefined;
    },

    follow(receiver) {
      const consumer = new Consumer({
        open: openAnother,
        stream,
        domain,
        receiver,
        onClosed: () => consumers.delete(consumer),
      });
      consumers.add(consumer);
      return consumer;
    },

    async trim(sequence) {
      await jsm.streams.purge(stream, { seq: sequence });
    },

    async close() {
      const flushed = connection.isUp ? client.flush() : Promise.resolve();
      const closed = [flushed, ...[...consumers].map((consumer) => consumer.closed)];
      await Promise.race([Promise.all(closed), sleep(FLUSH_MS, undefined, { ref: false })]).catch(() => {});
      await connection.close();
    },
  };
}
