/**
 * Makes one snapshot: loads the newest one that the log agrees with, replays the log on top of it, saves that, and lets go what is
 * older than those two. It is told on stdin which log: credentials are nobody else's business.
 */
import { text } from 'node:stream/consumers';
import { type JetStreamManager, jetstreamManager, type StreamInfo } from '@nats-io/jetstream';
import { DEFAULT_BOUNDS } from '../core/building.ts';
import { idOf } from '../core/command.ts';
import { SILENT } from '../core/logger.ts';
import type { LogEntry } from '../core/ordered-log.ts';
import type { Epoch, Sequence } from '../core/position.ts';
import { Replica } from '../core/replica.ts';
import { exportChunks, importChunks } from '../core/state.ts';
import { Connection } from './nats-log-connection.ts';
import { Follow } from './nats-log-follow.ts';
import { connectionOptions, NATS_DEFAULTS, type NatsLogOptions } from './nats-log-options.ts';
import { SnapshotStore, type StoredSnapshot } from './nats-log-snapshots.ts';
import { epochOf } from './nats-log-stream.ts';
import { applyTo, makeAside } from './snapshot-making.ts';

export interface SnapshotOrder {
  readonly options: Omit<NatsLogOptions, 'logger'>;
  readonly epoch: Epoch;
}

const TIMEOUT_MS = 10_000;

await makeAside(async () => {
  const { options, epoch } = JSON.parse(await text(process.stdin)) as SnapshotOrder;
  const connection = await Connection.open(connectionOptions(options), TIMEOUT_MS, SILENT);
  try {
    const jsm = await jetstreamManager(connection.client, { timeout: TIMEOUT_MS, checkAPI: false });
    await make(connection, jsm, options, epoch);
  } finally {
    await connection.close();
  }
});

async function make(
  connection: Connection,
  jsm: JetStreamManager,
  { stream = NATS_DEFAULTS.stream, replicas = 1 }: NatsLogOptions,
  epoch: Epoch,
): Promise<void> {
  const info = await jsm.streams.info(stream);
  if (epochOf(info) !== epoch) throw new Error('the stream was made anew');
  const store = await SnapshotStore.open(connection.client, stream, replicas);
  const { base, before, replica, useless } = await newestReplica(jsm, stream, store, epoch);
  if (replica.sequence >= info.state.last_seq) return;
  await replay(connection, jsm, info, replica, before);
  const { sequence, commandId } = replica;
  await store.save(epoch, { sequence, commandId, chunks: exportChunks(replica) });
  // Both have been read back: this one just now, and the other one to make it.
  if (base && base.sequence > 1) await jsm.streams.purge(stream, { seq: base.sequence });
  for (const snapshot of useless) await store.remove(snapshot);
  await store.tidy(epoch);
}

interface Base {
  readonly base: StoredSnapshot | undefined;
  /** The log's entry there. */
  readonly before: LogEntry | undefined;
  readonly replica: Replica<unknown>;
  /** Newer ones, which can't be read, or are of a history that the log has lost. */
  readonly useless: readonly StoredSnapshot[];
}

async function newestReplica(jsm: JetStreamManager, stream: string, store: SnapshotStore, epoch: Epoch): Promise<Base> {
  const useless: StoredSnapshot[] = [];
  for (const base of await store.list(epoch)) {
    const entry = await jsm.streams.getMessage(stream, { seq: base.sequence });
    if (entry && idOf(entry.data) === base.commandId) {
      try {
        const before = { sequence: base.sequence, time: entry.time.getTime(), data: entry.data };
        return { base, before, replica: await importChunks(store.read(base)), useless };
      } catch {
        // The one before will do. Who opens the log is told.
      }
    }
    useless.push(base);
  }
  return { base: undefined, before: undefined, replica: new Replica<unknown>(epoch, DEFAULT_BOUNDS), useless };
}

async function replay(
  connection: Connection,
  jsm: JetStreamManager,
  info: StreamInfo,
  onto: Replica<unknown>,
  before: LogEntry | undefined,
): Promise<void> {
  const { last_seq: upTo } = info.state;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const follow = new Follow({
    connection,
    jsm,
    stream: info.config.name,
    created: info.created,
    from: (onto.sequence + 1) as Sequence,
    before,
    follower: {
      entries(batch) {
        try {
          for (const entry of batch) if (entry.sequence <= upTo) applyTo(onto, entry);
        } catch (error) {
          reject(error);
        }
        if (onto.sequence >= upTo) resolve();
      },
      broken: (reason) => reject(new Error(reason)),
    },
  });
  connection.onUp = () => void follow.restart();
  try {
    await follow.restart();
    await promise;
  } finally {
    follow.stop();
  }
}
