/**
 * A thread of its own (store.ts) writes the entries to SQLite files. From time to time a process builds a snapshot of them
 * (snapshots.ts), so that the size of the directory follows the size of the map and not its history.
 *
 * A full disk makes the log refuse appends until there is room, and files that somebody else has deleted or changed until the state is saved
 * again (rescue.ts). After a failed write or flush it refuses them for good, because a disk may claim to hold what it has lost. A file
 * that can't be opened, as when no file descriptor is free, only postpones a snapshot. No refused append is ever visible.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { EngineUnavailableError, IndeterminateError } from '../../core/model/errors.ts';
import { errorFields, type Logger, SILENT } from '../../core/model/logger.ts';
import type { LogEntry, LogListener, LogHealth, LogSnapshot, OrderedLog } from '../../core/replication/ordered-log.ts';
import type { Epoch, Sequence } from '../../core/model/position.ts';
import { FileLogError, textOf } from './disk/errors.ts';
import { Loading } from './loading.ts';
import type { FileLogOptions } from './options.ts';
import { Rescue } from './rescue.ts';
import { listSnapshots } from './disk/names.ts';
import { readSnapshot, readSnapshotHead, writeSnapshot } from './disk/snapshot.ts';
import { isMeddling } from './disk/untouched.ts';
import { Snapshots } from './snapshots.ts';
import { StoreThread } from './thread.ts';
import { GroupCommit, type GroupedEntry } from '../group-commit.ts';

/**
 * A log in a directory, for one process. An insertion that is answered has been flushed to the disk.
 *
 * It opens when a map opens it: `open` rejects when another process uses the directory, and when its files are damaged.
 *
 * @example
 * ```ts
 * import { fileLog, StreamingMap } from 'seamline';
 *
 * const map = await StreamingMap.open({ log: fileLog({ directory: 'data' }) });
 * ```
 */
export function fileLog(options: FileLogOptions): OrderedLog {
  return new FileLog(options);
}

const PROBE_MS = 1000;
const CLOSED = 'the log is closed';

interface Parts {
  readonly epoch: Epoch;
  readonly thread: StoreThread;
  readonly group: GroupCommit;
  readonly snapshots: Snapshots;
  readonly rescue: Rescue;
}

export class FileLog implements OrderedLog {
  readonly engine = 'file';
  readonly now: (() => number) | undefined;
  readonly #options: FileLogOptions;
  readonly #directory: string;
  readonly #logger: Logger;
  readonly #worker: URL | undefined;
  readonly #listeners = new Set<LogListener>();
  readonly #loading: Loading;
  #parts: Promise<Parts> | undefined;
  #group: GroupCommit | undefined;
  #rescue: Rescue | undefined;
  #first = 1;
  #last = 0 as Sequence;
  /** Looks for room on the disk while that is full. */
  #full: NodeJS.Timeout | undefined;
  /** Why appends are refused for good. */
  #broken: string | undefined;

  /** `worker`: the module that runs in the thread of the store. */
  constructor(options: FileLogOptions, worker?: URL) {
    const { directory, onLoading, logger = SILENT } = options;
    this.now = options.clock;
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
    const refusal = this.#broken ?? this.#rescue?.reason;
    if (refusal !== undefined || !this.#group) return Promise.reject(new EngineUnavailableError(refusal ?? CLOSED));
    return this.#group.append(data);
  }

  async follow(from: Sequence, listener: LogListener): Promise<() => void> {
    const { thread, snapshots } = await this.#opened();
    if (from < this.#first || from > this.#last + 1)
      throw new RangeError(`sequence ${from} is not in the log, which has ${this.#first} to ${this.#last}`);
    let next = from;
    const read = (): Promise<LogEntry[]> | undefined => (next <= this.#last ? thread.call('read', next) : undefined);
    let reading = read();
    while (reading) {
      const entries: LogEntry[] = await reading;
      next = (next + entries.length) as Sequence;
      // The thread reads the next entries while the listener applies these.
      reading = read();
      listener.entries(entries);
      this.#loading.advance(entries.reduce((sum, { data }) => sum + data.length, 0));
    }
    // There was no `await` since `next` passed the end: no entry can be missing.
    this.#listeners.add(listener);
    this.#loading.end();
    snapshots.makeIfDue();
    return () => this.#listeners.delete(listener);
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
    await writeSnapshot(this.#directory, { epoch, sequence, commandId }, chunks);
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
    await thread.call('trim', this.#first);
  }

  health(): LogHealth {
    const reason = this.#broken ?? this.#rescue?.reason ?? (this.#full && `the disk of ${this.#directory} is full`);
    return reason === undefined ? { ok: true } : { ok: false, reason };
  }

  async close(): Promise<void> {
    const parts = await this.#parts?.catch(() => undefined);
    this.#broken ??= CLOSED;
    clearInterval(this.#full);
    if (!parts) return;
    const { thread, group, snapshots, rescue } = parts;
    await group.stop(new EngineUnavailableError(CLOSED));
    await rescue.stop();
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
      this.#rescue = new Rescue({
        directory: this.#directory,
        thread,
        state: () => this.#state(),
        save: ({ sequence, commandId, chunks }) =>
          writeSnapshot(this.#directory, { epoch, sequence, commandId }, chunks),
        restarted: (sequence) => (this.#first = sequence),
        broken: (error) => this.#break(error),
        logger: this.#logger,
      });
      return { epoch, thread, group: this.#group, snapshots, rescue: this.#rescue };
    } catch (error) {
      await thread.end();
      throw error;
    }
  }

  /** Resolves after the flush. Listeners get the entries before any append is answered. */
  async #commit(group: readonly GroupedEntry[], thread: StoreThread, snapshots: Snapshots): Promise<Sequence> {
    const first = (this.#last + 1) as Sequence;
    const entries = group.map(({ time, data }, at) => ({ sequence: (first + at) as Sequence, time, data }));
    try {
      await thread.call('append', entries.map(withOwnBuffer));
    } catch (error) {
      throw this.#rejectionOf(error, thread);
    }
    this.#last = (this.#last + entries.length) as Sequence;
    this.#hasRoom();
    for (const listener of this.#listeners) listener.entries(entries);
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
      return new EngineUnavailableError(`nothing was written: no room on the disk of ${this.#directory}`, {
        cause: error,
      });
    }
    if (isMeddling(error)) {
      this.#rescue?.found(error);
      return new EngineUnavailableError(`nothing was written: ${error.message}`, { cause: error });
    }
    const isKnown = this.#broken !== undefined || (error instanceof FileLogError && error.trouble === 'broken');
    const broken = this.#break(error);
    return isKnown
      ? new EngineUnavailableError(broken, { cause: error })
      : new IndeterminateError(broken, { cause: error });
  }

  #break(error: unknown): string {
    this.#broken ??= textOf(error);
    clearInterval(this.#full);
    return this.#broken;
  }

  /** The state of the map, which has applied all entries but those that are being written. */
  async #state(): Promise<LogSnapshot | undefined> {
    for (const listener of this.#listeners) if (listener.snapshot) return listener.snapshot();
    return undefined;
  }

  async #probe(thread: StoreThread): Promise<void> {
    try {
      await thread.call('probe');
      this.#hasRoom();
    } catch (error) {
      if (isMeddling(error) || !(error instanceof FileLogError && error.trouble === 'full'))
        this.#rejectionOf(error, thread);
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
      // `onLoading` may want to show something.
      await nextTurn();
    }
  }
}

/** A part of a bigger buffer would take all of that buffer to the other thread. */
function withOwnBuffer(entry: LogEntry): LogEntry {
  const { data } = entry;
  return data.byteLength === data.buffer.byteLength ? entry : { ...entry, data: data.slice() };
}
