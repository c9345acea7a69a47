/**
 * A log in a directory, for one process: what is answered has been flushed to the disk. Entries are in SQLite files, written
 * by a thread of its own (file-log-store.ts); from time to time another one makes a snapshot of them (file-log-snapshots.ts),
 * so that what is on the disk follows what is in the map, and not its history.
 *
 * A full disk refuses appends until there is room. A write or a flush that failed otherwise refuses them for good: what a disk
 * has lost it may also say to have. Either way nothing that was refused ever shows.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { EngineUnavailableError, IndeterminateError } from '../../core/model/errors.ts';
import { errorFields, type Logger, SILENT } from '../../core/model/logger.ts';
import type { LogEntry, LogListener, LogHealth, LogSnapshot, OrderedLog } from '../../core/replication/ordered-log.ts';
import type { Epoch, Sequence } from '../../core/model/position.ts';
import { FileLogError, textOf } from './disk/errors.ts';
import { Loading } from './loading.ts';
import { listSnapshots } from './disk/names.ts';
import { readSnapshot, readSnapshotHead, SnapshotWriter } from './disk/snapshot.ts';
import { Snapshots } from './snapshots.ts';
import { StoreThread } from './thread.ts';
import { GroupCommit, type GroupedEntry } from '../group-commit.ts';

export interface FileLogOptions {
  /** Made if it isn't there. One process has it at a time. */
  readonly directory: string;
  /** Wall-clock ms. Default `Date.now`. */
  readonly clock?: (() => number) | undefined;
  /** Cuts off what is damaged, and what is behind it, instead of refusing to open. Default false. */
  readonly repair?: boolean | undefined;
  /** How much may be written before the next snapshot is made. Default 16 MiB, or a sixteenth of the last one if that is more. */
  readonly snapshotBytes?: number | undefined;
  /** How much of it has been loaded, from 0 to 1, until the first follower has it all. */
  readonly onLoading?: ((share: number) => void) | undefined;
  /** Default: silent. */
  readonly logger?: Logger | undefined;
}

/** Opened by whoever follows it. `open` rejects when the directory is in use, or damaged. */
export function fileLog(options: FileLogOptions): OrderedLog {
  return new FileLog(options);
}

const PROBE_MS = 1000;
const CLOSED = 'the log is closed';

/** What an open log has. */
interface Parts {
  readonly epoch: Epoch;
  readonly thread: StoreThread;
  readonly group: GroupCommit;
  readonly snapshots: Snapshots;
}

export class FileLog implements OrderedLog {
  readonly engine = 'file';
  readonly #options: FileLogOptions;
  readonly #directory: string;
  readonly #logger: Logger;
  readonly #worker: URL | undefined;
  readonly #followers = new Set<LogListener>();
  readonly #loading: Loading;
  #parts: Promise<Parts> | undefined;
  #group: GroupCommit | undefined;
  #first = 1;
  /** The newest sequence that is there. */
  #last = 0 as Sequence;
  /** Why appends are refused: for now, or for good. */
  #full: NodeJS.Timeout | undefined;
  #broken: string | undefined;

  /** `worker`: what runs in the thread of the store. */
  constructor(options: FileLogOptions, worker?: URL) {
    const { directory, onLoading, logger = SILENT } = options;
    this.#options = options;
    this.#directory = directory;
    this.#logger = logger;
    this.#worker = worker;
    this.#loading = new Loading(directory, onLoading);
  }

  async open(): Promise<Epoch> {
    this.#parts ??= this.#open();
    return (await this.#parts).epoch;
  }

  append(data: Uint8Array): Promise<Sequence> {
    if (this.#broken !== undefined || !this.#group)
      return Promise.reject(new EngineUnavailableError(this.#broken ?? CLOSED));
    return this.#group.append(data);
  }

  async follow(from: Sequence, follower: LogListener): Promise<() => void> {
    const { thread, snapshots } = await this.#opened();
    if (from < this.#first || from > this.#last + 1) throw new RangeError(`sequence ${from} is not in the log`);
    let next = from;
    const read = (): Promise<LogEntry[]> | undefined => (next <= this.#last ? thread.call('read', next) : undefined);
    let reading = read();
    while (reading) {
      const entries: LogEntry[] = await reading;
      next = (next + entries.length) as Sequence;
      // Those behind them are read while these are applied.
      reading = read();
      follower.entries(entries);
      this.#loading.advance(entries.reduce((sum, { data }) => sum + data.length, 0));
    }
    // No `await` since `next` was found to be the next one.
    this.#followers.add(follower);
    this.#loading.end();
    snapshots.makeIfDue();
    return () => this.#followers.delete(follower);
  }

  async last(): Promise<Sequence> {
    await this.#opened();
    return this.#last;
  }

  async entryAt(sequence: Sequence): Promise<LogEntry | undefined> {
    const { thread } = await this.#opened();
    return sequence < this.#first ? undefined : thread.call('entryAt', sequence);
  }

  async saveSnapshot({ sequence, commandId, chunks }: LogSnapshot): Promise<void> {
    const { epoch } = await this.#opened();
    const writer = new SnapshotWriter(this.#directory, { epoch, sequence, commandId });
    try {
      for await (const chunk of chunks) writer.write(chunk);
    } catch (error) {
      writer.abandon();
      throw error;
    }
    writer.finish();
  }

  async loadSnapshots(): Promise<readonly LogSnapshot[]> {
    const { epoch } = await this.#opened();
    return listSnapshots(this.#directory)
      .toReversed()
      .flatMap(({ path }) => {
        try {
          const head = readSnapshotHead(path);
          return head.epoch === epoch ? [{ ...head, chunks: this.#chunksOf(path) }] : [];
        } catch (error) {
          this.#logger.warn(errorFields(error), textOf(error));
          return [];
        }
      });
  }

  async trim(sequence: Sequence): Promise<void> {
    const { thread } = await this.#opened();
    this.#first = Math.max(this.#first, Math.min(sequence, this.#last + 1));
    await thread.call('trim', this.#first as Sequence);
  }

  health(): LogHealth {
    const reason = this.#broken ?? (this.#full && 'the disk is full');
    return reason === undefined ? { ok: true } : { ok: false, reason };
  }

  async close(): Promise<void> {
    const parts = await this.#parts?.catch(() => undefined);
    this.#broken ??= CLOSED;
    clearInterval(this.#full);
    if (!parts) return;
    const { thread, group, snapshots } = parts;
    await group.stop(new EngineUnavailableError(CLOSED));
    await snapshots.stop();
    await thread.call('close').catch((error: unknown) => this.#logger.warn(errorFields(error), textOf(error)));
    await thread.end();
  }

  async #open(): Promise<Parts> {
    const thread = new StoreThread(this.#directory, this.#worker);
    try {
      const { epoch, first, last, notes } = await thread.call('open', this.#options.repair ?? false);
      for (const note of notes) this.#logger.warn({ directory: this.#directory }, note);
      this.#first = first;
      this.#last = last;
      const snapshots = new Snapshots({
        directory: this.#directory,
        epoch,
        rotate: () => thread.call('rotate'),
        trim: (sequence) => this.trim(sequence),
        bytes: this.#options.snapshotBytes,
        logger: this.#logger,
      });
      this.#group = new GroupCommit({
        clock: this.#options.clock ?? Date.now,
        commit: (group) => this.#commit(group, thread, snapshots),
      });
      return { epoch, thread, group: this.#group, snapshots };
    } catch (error) {
      await thread.end();
      throw error;
    }
  }

  /** Flushed when it resolves. Followers have it before any of it is answered. */
  async #commit(group: readonly GroupedEntry[], thread: StoreThread, snapshots: Snapshots): Promise<Sequence> {
    const first = (this.#last + 1) as Sequence;
    const entries = group.map(({ time, data }, at) => ({ sequence: (first + at) as Sequence, time, data }));
    try {
      await thread.call('append', entries.map(alone));
    } catch (error) {
      throw this.#rejectionOf(error, thread);
    }
    this.#last = (this.#last + entries.length) as Sequence;
    this.#hasRoom();
    for (const follower of this.#followers) follower.entries(entries);
    snapshots.appended(entries.reduce((sum, { data }) => sum + data.length, 0));
    return first;
  }

  async #opened(): Promise<Parts> {
    if (!this.#parts) throw new Error('the log is not open');
    return this.#parts;
  }

  #rejectionOf(error: unknown, thread: StoreThread): Error {
    if (error instanceof FileLogError && error.trouble === 'full') {
      this.#full ??= setInterval(() => void this.#probe(thread), PROBE_MS).unref();
      return new EngineUnavailableError('the disk is full: nothing was written', { cause: error });
    }
    const isKnown = this.#broken !== undefined || (error instanceof FileLogError && error.trouble === 'broken');
    this.#broken ??= textOf(error);
    clearInterval(this.#full);
    return isKnown
      ? new EngineUnavailableError(this.#broken, { cause: error })
      : new IndeterminateError(this.#broken, { cause: error });
  }

  async #probe(thread: StoreThread): Promise<void> {
    try {
      await thread.call('probe');
      this.#hasRoom();
    } catch (error) {
      if (!(error instanceof FileLogError && error.trouble === 'full')) this.#rejectionOf(error, thread);
    }
  }

  #hasRoom(): void {
    clearInterval(this.#full);
    this.#full = undefined;
  }

  async *#chunksOf(path: string): AsyncGenerator<Uint8Array, void, void> {
    for (const chunk of readSnapshot(path)) {
      yield chunk;
      this.#loading.advance(chunk.length);
      // Whoever shows how far it is shall have a chance to.
      await turn();
    }
  }
}

/** Its bytes alone: of a part of a bigger buffer, all of that would be copied to the other thread. */
function alone(entry: LogEntry): LogEntry {
  const { data } = entry;
  return data.byteLength === data.buffer.byteLength ? entry : { ...entry, data: data.slice() };
}
