/**
 * The directory of a log: its lock, its segments and its mark. All calls are synchronous, in a thread of its own
 * (store-worker.ts).
 *
 * Invariant: sequences are dense within each segment and from one to the next, and the mark is not ahead of them. A directory
 * that breaks the invariant is damaged, and is not opened.
 */
import { existsSync } from 'node:fs';
import type { LogEntry } from '../../core/replication/ordered-log.ts';
import { type Epoch, newEpoch, type Sequence } from '../../core/model/position.ts';
import { isFull, type OpenDatabase, openDatabase } from './disk/database.ts';
import { damaged, FileLogError, textOf } from './disk/errors.ts';
import { Mark, type MarkState, readMark } from './disk/mark.ts';
import type { NumberedFile } from './disk/names.ts';
import {
  listSegments,
  listSnapshots,
  makeDirectory,
  markPath,
  moveAside,
  removeSegment,
  removeUnfinished,
  segmentPath,
} from './disk/names.ts';
import { HeldFiles } from './held-files.ts';
import { repair } from './repair.ts';
import { sealUnsealed, Segment } from './disk/segment.ts';
import { gone, isMeddling } from './disk/untouched.ts';

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
  /** Oldest first. Entries are appended to the last one. */
  #segments: NumberedFile[] = [];
  #current: Segment | undefined;
  /** The path of the segment before the last one, while it couldn't be sealed. */
  #unsealed: string | undefined;
  /** The sealed segment that is being read. */
  #reading: Segment | undefined;
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
    const current = this.#openSegments();
    this.#last = current.last();
    if (mark && !isRepair) assertComplete(current, this.#last, markPath(this.#directory), mark);
    if (mark?.isSealed && mark.epoch === current.epoch && this.#last > mark.sequence) {
      current.cut(mark.sequence);
      this.#last = mark.sequence;
    }
    this.#newest = this.#last < current.first ? undefined : this.entryAt(this.#last);
    this.#epoch = current.epoch;
    this.#renewMark();
    this.#held.add(this.#sealedPaths());
    return { epoch: current.epoch, first: this.#first, last: this.#last as Sequence, notes };
  }

  /** All or none, flushed when it returns. Throws `gone`, `away`, `full`, `broken` or `uncertain`. */
  append(entries: readonly LogEntry[]): void {
    if (this.#broken) throw this.#broken;
    try {
      this.#held?.assertReachable();
      this.#untouched().append(entries);
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
      throw isMeddling(error) ? error : this.#distrust(error);
    }
    this.#untouched();
    if (this.#held?.isMarkThere() === false) this.#renewMark();
  }

  /** After `gone`: makes the directory fit to save a snapshot in it. Files that were changed are moved aside. Returns for the operator what it did. */
  settle(): readonly string[] {
    if (this.#broken) throw this.#broken;
    const { notes, areGone } = this.#held?.settle() ?? { notes: [], areGone: false };
    if (!this.#current || (!areGone && isUntouched(this.#current))) return notes;
    const { path } = this.#current;
    const isThere = existsSync(path);
    if (isThere) moveAside(path);
    // After the move, because SQLite removes the write-ahead log by its name as it closes.
    this.#current.abandon();
    this.#current = undefined;
    return isThere ? [...notes, `moved ${path} aside`] : notes;
  }

  /** After `settle`, and after the state at `sequence` was saved: the log begins there. */
  restart(sequence: number): void {
    if (this.#broken) throw this.#broken;
    if (sequence !== this.#last || !this.#newest)
      throw new Error(`the log is at sequence ${this.#last}, not ${sequence}`);
    const superseded = this.#segments.filter(({ path }) => path !== this.#current?.path);
    if (!this.#current) {
      const next = { sequence, path: segmentPath(this.#directory, sequence) };
      Segment.create(next.path, { epoch: this.#epoch, first: sequence, entries: [this.#newest] }, this.#openDatabase);
      this.#current = Segment.openForAppending(next.path, this.#openDatabase);
      this.#segments = [next];
    } else this.#segments = this.#segments.filter((segment) => !superseded.includes(segment));
    this.#stopReading();
    this.#unsealed = undefined;
    this.#held?.forget(superseded.map(({ path }) => path));
    for (const { path } of superseded) if (path !== this.#current.path) removeSegment(path);
    this.#renewMark();
  }

  /** Called after the answer, when nothing waits. A full disk only postpones it. */
  tidy(): void {
    if (this.#broken) return;
    try {
      this.#current?.checkpointIfDue();
    } catch (error) {
      if (!isFull(error)) this.#distrust(error);
    }
  }

  /** The next entries from a sequence on; none at the end. Throws `damaged`. */
  read(from: number): LogEntry[] {
    const entries: LogEntry[] = [];
    let bytes = 0;
    if (from > this.#last) return entries;
    for (const entry of this.#holding(from).read(from)) {
      entries.push(entry);
      bytes += entry.data.length;
      if (bytes >= READ_BYTES || entries.length >= READ_ENTRIES) break;
    }
    if (entries.length === 0) throw damaged(this.#holding(from).path, `sequence ${from} is missing`);
    return entries;
  }

  entryAt(sequence: number): LogEntry | undefined {
    if (sequence < this.#first || sequence > this.#last) return undefined;
    for (const entry of this.#holding(sequence).read(sequence)) return entry;
    throw damaged(this.#holding(sequence).path, `sequence ${sequence} is missing`);
  }

  /**
   * Seals the newest segment, so that other processes can read it. Returns its last sequence. Throws as `append` does, and any error of the file
   * system, as when no file descriptor is free: then it can be called again, and appends go on.
   */
  rotate(): Sequence {
    if (this.#broken) throw this.#broken;
    this.look();
    this.#seal();
    const before = this.#appending();
    if (this.#last < before.first) return this.#last as Sequence;
    try {
      before.checkpoint();
    } catch (error) {
      throw isFull(error) ? error : this.#distrust(error);
    }
    // Until the next segment is open, nothing has changed.
    this.#segments.push(this.#openNext(before.epoch));
    this.#unsealed = before.path;
    this.#seal(before);
    return this.#last as Sequence;
  }

  /** Deletes the segments whose entries are all before `sequence`. Returns the first sequence of the log. */
  trim(sequence: number): Sequence {
    while ((this.#segments[1]?.sequence ?? Infinity) <= sequence) {
      const dropped = this.#segments.shift();
      if (this.#reading?.path === dropped?.path) this.#stopReading();
      if (dropped) removeSegment(dropped.path);
      if (dropped) this.#held?.forget([dropped.path]);
    }
    return this.#first;
  }

  /** Throws `full` as long as there is no room, and `broken` when no more is written. */
  probe(): void {
    if (this.#broken) throw this.#broken;
    this.#appending().probe();
  }

  close(): void {
    this.#stopReading();
    this.#current?.close();
    this.#mark?.close();
    this.#held?.release();
  }

  get #first(): Sequence {
    return (this.#segments[0]?.sequence ?? 1) as Sequence;
  }

  #appending(): Segment {
    if (!this.#current) throw new Error('the log is not open');
    return this.#current;
  }

  #sealedPaths(): string[] {
    return this.#segments.map(({ path }) => path).filter((path) => path !== this.#current?.path);
  }

  #openNext(epoch: Epoch): NumberedFile {
    const next = { sequence: this.#last + 1, path: segmentPath(this.#directory, this.#last + 1) };
    try {
      Segment.create(next.path, { epoch, first: next.sequence }, this.#openDatabase);
      this.#current = Segment.openForAppending(next.path, this.#openDatabase);
    } catch (error) {
      removeSegment(next.path);
      throw error;
    }
    return next;
  }

  #seal(segment?: Segment): void {
    if (this.#unsealed === undefined) return;
    // A segment that failed to be sealed is closed, and is opened for another attempt.
    (segment ?? Segment.openForAppending(this.#unsealed, this.#openDatabase)).seal();
    this.#held?.add([this.#unsealed]);
    this.#unsealed = undefined;
  }

  /** Throws `gone`. */
  #untouched(): Segment {
    if (!this.#current) throw gone(this.#directory, 'lost its newest entries');
    this.#current.assertUntouched();
    return this.#current;
  }

  #renewMark(): void {
    this.#mark?.close();
    this.#mark = new Mark(this.#directory, this.#epoch, this.#last);
    this.#held?.add([markPath(this.#directory)]);
  }

  #create(answered: number): void {
    if (answered > 0 || listSnapshots(this.#directory).length > 0)
      throw damaged(this.#directory, 'its entries are gone. Move the rest away to begin a new log');
    Segment.create(segmentPath(this.#directory, 1), { epoch: newEpoch(), first: 1 }, this.#openDatabase);
  }

  #openSegments(): Segment {
    this.#segments = listSegments(this.#directory);
    const newest = this.#segments.at(-1);
    if (!newest) throw new Error('there is no segment');
    this.#current = Segment.openForAppending(newest.path, this.#openDatabase);
    for (const [at, { sequence: first, path }] of this.#segments.entries()) {
      const segment: Segment = path === newest.path ? this.#current : Segment.openSealed(path, this.#openDatabase);
      try {
        if (segment.first !== first || segment.epoch !== this.#current.epoch)
          throw damaged(path, 'it belongs elsewhere');
        const next = this.#segments[at + 1]?.sequence;
        if (next !== undefined && segment.last() !== next - 1)
          throw damaged(path, `it ends at sequence ${segment.last()}, but the next one begins with ${next}`);
      } finally {
        if (segment !== this.#current) segment.close();
      }
    }
    return this.#current;
  }

  /** The segment of a sequence, which is not after the last one. */
  #holding(sequence: number): Segment {
    const { path } = this.#segments.findLast((segment) => segment.sequence <= sequence) ?? { path: '' };
    if (path === this.#current?.path) return this.#appending();
    if (this.#reading?.path === path) return this.#reading;
    if (path === this.#unsealed) this.#seal();
    this.#stopReading();
    return (this.#reading = Segment.openSealed(path, this.#openDatabase));
  }

  #stopReading(): void {
    this.#reading?.close();
    this.#reading = undefined;
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

function isUntouched(segment: Segment): boolean {
  try {
    segment.assertUntouched();
    return true;
  } catch (error) {
    if (isMeddling(error)) return false;
    throw error;
  }
}
