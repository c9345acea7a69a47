/** The segments of an open log. Sequences are dense within each of them and from one to the next. */
import { existsSync } from 'node:fs';
import type { LogEntry } from '../../core/replication/ordered-log.ts';
import type { Epoch } from '../../core/model/position.ts';
import type { OpenDatabase } from './disk/database.ts';
import { damaged } from './disk/errors.ts';
import { listSegments, moveAside, type NumberedFile, removeSegment, segmentPath } from './disk/names.ts';
import { Segment } from './disk/segment.ts';
import { gone, isMeddling } from './disk/untouched.ts';
import type { HeldFiles } from './held-files.ts';

export class SegmentList {
  readonly #directory: string;
  readonly #openDatabase: OpenDatabase;
  readonly #held: HeldFiles;
  /** Oldest first. Entries are appended to the last one. */
  #files: NumberedFile[] = [];
  /** The last one. Undefined while it was deleted or changed by somebody else, and there is no other yet. */
  #current: Segment | undefined;
  /** The one before the last one, while it couldn't be sealed. It may be closed. */
  #unsealed: { readonly path: string; readonly open: Segment | undefined } | undefined;
  /** The sealed segment that is being read. */
  #reading: Segment | undefined;

  constructor(directory: string, openDatabase: OpenDatabase, held: HeldFiles) {
    this.#directory = directory;
    this.#openDatabase = openDatabase;
    this.#held = held;
  }

  /** The first sequence. */
  get first(): number {
    return this.#files[0]?.sequence ?? 1;
  }

  /** Returns the last one. Throws `damaged`. */
  open(): Segment {
    this.#files = listSegments(this.#directory);
    const newest = this.#files.at(-1);
    if (!newest) throw new Error('there is no segment');
    const current = Segment.openForAppending(newest.path, this.#openDatabase);
    this.#current = current;
    for (const [at, { sequence: first, path }] of this.#files.entries()) {
      const segment = path === newest.path ? current : Segment.openSealed(path, this.#openDatabase);
      try {
        if (segment.first !== first || segment.epoch !== current.epoch) throw damaged(path, 'it belongs elsewhere');
        const next = this.#files[at + 1]?.sequence;
        if (next !== undefined && segment.last() !== next - 1)
          throw damaged(path, `it ends at sequence ${segment.last()}, but the next one begins with ${next}`);
      } finally {
        if (segment !== current) segment.close();
      }
    }
    this.#held.add(this.#files.slice(0, -1).map(({ path }) => path));
    return current;
  }

  /** The last one. Throws `gone` when somebody else has deleted or changed it. */
  untouched(): Segment {
    if (!this.#current) throw gone(this.#directory, 'lost its newest entries');
    this.#current.assertUntouched();
    return this.#current;
  }

  checkpointIfDue(): void {
    this.#current?.checkpointIfDue();
  }

  /** The segment of a sequence, which is not after the last one. */
  holding(sequence: number): Segment {
    const { path } = this.#files.findLast((file) => file.sequence <= sequence) ?? { path: '' };
    if (this.#current && path === this.#current.path) return this.#current;
    if (this.#reading?.path === path) return this.#reading;
    if (this.#unsealed?.path === path) this.sealPrevious();
    this.#stopReading();
    return (this.#reading = Segment.openSealed(path, this.#openDatabase));
  }

  /** Appends go to another segment, from `sequence` on. When it can't be created nothing has changed. */
  openNext(sequence: number, epoch: Epoch): void {
    const next = { sequence, path: segmentPath(this.#directory, sequence) };
    const before = this.#current;
    try {
      Segment.create(next.path, { epoch, first: sequence }, this.#openDatabase);
      this.#current = Segment.openForAppending(next.path, this.#openDatabase);
    } catch (error) {
      removeSegment(next.path);
      throw error;
    }
    this.#files.push(next);
    if (before) this.#unsealed = { path: before.path, open: before };
  }

  /** Seals the segment before the last one. When it can't be sealed it can be tried again. */
  sealPrevious(): void {
    if (!this.#unsealed) return;
    const { path, open } = this.#unsealed;
    this.#unsealed = { path, open: undefined };
    (open ?? Segment.openForAppending(path, this.#openDatabase)).seal();
    this.#held.add([path]);
    this.#unsealed = undefined;
  }

  /** Deletes the segments whose entries are all before `sequence`. */
  trim(sequence: number): void {
    while ((this.#files[1]?.sequence ?? Infinity) <= sequence) {
      const dropped = this.#files.shift();
      if (this.#reading?.path === dropped?.path) this.#stopReading();
      if (dropped) this.#remove([dropped]);
    }
  }

  /** Gives up the last segment if somebody else has deleted or changed it. Returns for the operator what it did. */
  settle(areGone: boolean): readonly string[] {
    if (!this.#current || (!areGone && isUntouched(this.#current))) return [];
    const { path } = this.#current;
    const isThere = !areGone && existsSync(path);
    if (isThere) moveAside(path);
    // After the move, because SQLite removes the write-ahead log by its name as it closes.
    this.#current.abandon();
    this.#current = undefined;
    return isThere ? [`moved ${path} aside`] : [];
  }

  /** After `settle`: the log begins with the newest entry at the latest, and all segments before the last one are deleted. */
  restart(newest: LogEntry, epoch: Epoch): void {
    this.#stopReading();
    this.#unsealed?.open?.abandon();
    this.#unsealed = undefined;
    if (!this.#current || this.#current.first > newest.sequence) {
      this.#current?.abandon();
      this.#current = undefined;
      const path = segmentPath(this.#directory, newest.sequence);
      Segment.create(path, { epoch, first: newest.sequence, entries: [newest] }, this.#openDatabase);
      this.#current = Segment.openForAppending(path, this.#openDatabase);
      this.#files = [...this.#files.filter((file) => file.path !== path), { sequence: newest.sequence, path }];
    }
    const { path } = this.#current;
    this.#remove(this.#files.filter((file) => file.path !== path));
    this.#files = this.#files.filter((file) => file.path === path);
  }

  close(): void {
    this.#stopReading();
    this.#unsealed?.open?.close();
    this.#current?.close();
  }

  #remove(files: readonly NumberedFile[]): void {
    this.#held.forget(files.map(({ path }) => path));
    for (const { path } of files) removeSegment(path);
  }

  #stopReading(): void {
    this.#reading?.close();
    this.#reading = undefined;
  }
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
