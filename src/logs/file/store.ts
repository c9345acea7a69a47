/**
 * The directory of a log: its lock, its segments and its mark. All calls are synchronous, in a thread of its own
 * (store-worker.ts).
 *
 * Invariant: sequences are dense within each segment and from one to the next, and the mark is not ahead of them. A directory
 * that breaks the invariant is damaged, and is not opened.
 */
import type { LogEntry } from '../../core/replication/ordered-log.ts';
import { type Epoch, newEpoch, type Sequence } from '../../core/model/position.ts';
import { isFull, type OpenDatabase, openDatabase } from './disk/database.ts';
import { damaged, FileLogError, textOf } from './disk/errors.ts';
import { Mark, type MarkState, readMark } from './disk/mark.ts';
import { listSegments, listSnapshots, makeDirectory, markPath, removeUnfinished, segmentPath } from './disk/names.ts';
import { HeldFiles } from './held-files.ts';
import { repair } from './repair.ts';
import { sealUnsealed, Segment } from './disk/segment.ts';
import { isMeddling } from './disk/untouched.ts';
import { SegmentList } from './segment-list.ts';

export interface Opened {
  readonly epoch: Epoch;
  readonly first: Sequence;
  readonly last: Sequence;
  /** For the operator. */
  readonly notes: readonly string[];
}

const READ_BYTES = 512 * 1024;
const READ_ENTRIES = 4096;

export class Store {
  readonly #directory: string;
  readonly #openDatabase: OpenDatabase;
  /** The lock, and what somebody else could do to the files. */
  #held: HeldFiles | undefined;
  #mark: Mark | undefined;
  #segments: SegmentList | undefined;
  #epoch = '' as Epoch;
  #last = 0;
  /** The entry at `#last`, unless it was written before the log was opened. */
  #newest: LogEntry | undefined;
  /** Why no more is written. */
  #broken: FileLogError | undefined;

  constructor(directory: string, open: OpenDatabase = openDatabase) {
    this.#directory = directory;
    this.#openDatabase = open;
  }

  /** Throws `in use`, `damaged`, and errors of the file system. `isRepair`: cuts off damaged entries first. */
  open(isRepair: boolean): Opened {
    makeDirectory(this.#directory);
    this.#held = new HeldFiles(this.#directory, this.#openDatabase);
    removeUnfinished(this.#directory);
    for (const { path } of listSegments(this.#directory).slice(0, -1)) sealUnsealed(path, this.#openDatabase);
    const notes = isRepair ? repair(this.#directory, this.#openDatabase) : [];
    const mark = readMark(this.#directory);
    if (mark === null) notes.push(`${markPath(this.#directory)} can't be read, and was written again`);
    if (listSegments(this.#directory).length === 0) this.#create(isRepair ? 0 : (mark?.sequence ?? 0));
    this.#segments = new SegmentList(this.#directory, this.#openDatabase, this.#held);
    const current = this.#segments.open();
    this.#last = current.last();
    if (mark && !isRepair) assertComplete(current, this.#last, markPath(this.#directory), mark);
    if (mark?.isSealed && mark.epoch === current.epoch && this.#last > mark.sequence) {
      current.cut(mark.sequence);
      this.#last = mark.sequence;
    }
    this.#newest = this.entryAt(this.#last);
    this.#epoch = current.epoch;
    this.#renewMark();
    return { epoch: current.epoch, first: this.#first, last: this.#last as Sequence, notes };
  }

  /** All or none, flushed when it returns. Throws `gone`, `away`, `full`, `broken` or `uncertain`. */
  append(entries: readonly LogEntry[]): void {
    if (this.#broken) throw this.#broken;
    try {
      this.#held?.assertReachable();
      this.#opened().untouched().append(entries);
    } catch (error) {
      throw isFull(error) || isMeddling(error) ? error : this.#distrust(error);
    }
    this.#last += entries.length;
    this.#newest = entries.at(-1) ?? this.#newest;
    this.#note();
  }

  /**
   * Looks for what somebody else has done to the files, and mends what needs only what is here. Throws `gone` when answered entries would be
   * lost at the next start, `away` as long as nothing can be said, and `broken` when another process has taken the directory.
   */
  look(): void {
    if (this.#broken) throw this.#broken;
    try {
      this.#held?.look(this.#first);
    } catch (error) {
      throw error instanceof FileLogError && error.trouble === 'in use' ? this.#distrust(error) : error;
    }
    this.#opened().untouched();
    if (this.#held?.isMarkThere() === false) this.#renewMark();
  }

  /** After `gone`: makes the directory fit to save a snapshot in it. Files that were changed are moved aside. Returns for the operator what it did. */
  settle(): readonly string[] {
    if (this.#broken) throw this.#broken;
    const { notes, areGone } = this.#held?.settle() ?? { notes: [], areGone: false };
    return [...notes, ...this.#opened().settle(areGone)];
  }

  /** After `settle`, and after the state at `sequence` was saved: the log begins there. */
  restart(sequence: number): void {
    if (this.#broken) throw this.#broken;
    if (sequence !== this.#last || !this.#newest)
      throw new Error(`the log is at sequence ${this.#last}, not ${sequence}`);
    this.#opened().restart(this.#newest, this.#epoch);
    this.#renewMark();
  }

  /** Called after the answer, when nothing waits. A full disk only postpones it. */
  tidy(): void {
    if (this.#broken) return;
    try {
      this.#segments?.checkpointIfDue();
    } catch (error) {
      if (!isFull(error)) this.#distrust(error);
    }
  }

  /** The next entries from a sequence on; none at the end. Throws `damaged`. */
  read(from: number): LogEntry[] {
    const entries: LogEntry[] = [];
    let bytes = 0;
    if (from > this.#last) return entries;
    for (const entry of this.#opened().holding(from).read(from)) {
      entries.push(entry);
      bytes += entry.data.length;
      if (bytes >= READ_BYTES || entries.length >= READ_ENTRIES) break;
    }
    if (entries.length === 0) throw damaged(this.#opened().holding(from).path, `sequence ${from} is missing`);
    return entries;
  }

  entryAt(sequence: number): LogEntry | undefined {
    if (sequence < this.#first || sequence > this.#last) return undefined;
    for (const entry of this.#opened().holding(sequence).read(sequence)) return entry;
    throw damaged(this.#opened().holding(sequence).path, `sequence ${sequence} is missing`);
  }

  /**
   * Seals the newest segment, so that other processes can read it. Returns its last sequence. Throws as `append` does, and any error of the file
   * system, as when no file descriptor is free: then it can be called again, and appends go on.
   */
  rotate(): Sequence {
    if (this.#broken) throw this.#broken;
    this.look();
    const segments = this.#opened();
    segments.sealPrevious();
    const before = segments.untouched();
    if (this.#last < before.first) return this.#last as Sequence;
    try {
      before.checkpoint();
    } catch (error) {
      throw isFull(error) ? error : this.#distrust(error);
    }
    segments.openNext(this.#last + 1, this.#epoch);
    segments.sealPrevious();
    return this.#last as Sequence;
  }

  /** Deletes the segments whose entries are all before `sequence`. Returns the first sequence of the log. */
  trim(sequence: number): Sequence {
    this.#segments?.trim(sequence);
    return this.#first;
  }

  /** Throws `full` as long as there is no room, and `broken` when no more is written. */
  probe(): void {
    if (this.#broken) throw this.#broken;
    this.#opened().untouched().probe();
  }

  close(): void {
    this.#segments?.close();
    this.#mark?.close();
    this.#held?.release();
  }

  get #first(): Sequence {
    return (this.#segments?.first ?? 1) as Sequence;
  }

  #opened(): SegmentList {
    if (!this.#segments) throw new Error('the log is not open');
    return this.#segments;
  }

  #renewMark(): void {
    // In this order, because there may be no file descriptor for another one.
    const before = this.#mark;
    this.#mark = new Mark(this.#directory, this.#epoch, this.#last);
    before?.close();
    this.#held?.add([markPath(this.#directory)]);
  }

  #create(answered: number): void {
    if (answered > 0 || listSnapshots(this.#directory).length > 0)
      throw damaged(this.#directory, 'its entries are gone. Move the rest away to begin a new log');
    Segment.create(segmentPath(this.#directory, 1), { epoch: newEpoch(), first: 1 }, this.#openDatabase);
  }

  /** A flushed entry is answered even if the mark can't be written. */
  #note(): void {
    try {
      this.#mark?.note(this.#last);
    } catch (error) {
      if (!isFull(error)) this.#distrust(error);
    }
  }

  /** The entries that failed may be on the disk or not. Once the mark is sealed, the next `open` cuts them off. */
  #distrust(cause: unknown): FileLogError {
    if (this.#broken) return this.#broken;
    const isTaken = cause instanceof FileLogError && cause.trouble === 'in use';
    const why = isTaken ? textOf(cause) : `a write to ${this.#directory} failed`;
    const what = `${why}, so no more is written until a restart${isTaken ? '' : `: ${textOf(cause)}`}`;
    this.#broken = new FileLogError('broken', what, { cause });
    try {
      this.#mark?.seal(this.#last);
    } catch {
      return new FileLogError('uncertain', what, { cause });
    }
    return this.#broken;
  }
}

/** Throws `damaged` when there is less than had been answered. */
function assertComplete({ epoch, path }: Segment, last: number, marked: string, mark: MarkState): void {
  if (mark.epoch !== epoch) throw damaged(marked, 'it belongs to another log');
  if (last < mark.sequence) throw damaged(path, `it ends at sequence ${last}, but ${mark.sequence} had been answered`);
}
