/**
 * A stretch of the log in one SQLite file: entries from `first` on, dense, each with a CRC over all it says.
 *
 * The newest segment is appended to: it has a write-ahead log beside it, flushed at each commit. The others are sealed: plain
 * files that never change again, so that a snapshot can be made from them while the log goes on, and letting old entries go is
 * deleting a file.
 */
import { closeSync, openSync, readSync, rmSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import type { LogEntry } from '../../../core/replication/ordered-log.ts';
import { type Epoch, parseEpoch, type Sequence } from '../../../core/model/position.ts';
import { type OpenDatabase, transaction } from './database.ts';
import { damaged, FileLogError, reading } from './errors.ts';
import { renameDurably, sync } from './names.ts';
import { assertUntouched, type FileState, stateOf } from './untouched.ts';

interface Row {
  readonly sequence: number;
  readonly time: number;
  readonly crc: number;
  readonly data: Uint8Array;
}

const FORMAT = 1;

const SCHEMA = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
  CREATE TABLE entries (sequence INTEGER PRIMARY KEY, time INTEGER NOT NULL, crc INTEGER NOT NULL, data BLOB NOT NULL);`;

/** Node 22 binds an empty array as NULL. */
const INSERT = "INSERT INTO entries (sequence, time, crc, data) VALUES (?, ?, ?, ifnull(?, x''))";

/** Of entries in the write-ahead log. */
const CHECKPOINT_BYTES = 4 * 1024 * 1024;
const PROBE_BYTES = 64 * 1024;

export interface SegmentContent {
  readonly epoch: Epoch;
  readonly first: number;
  readonly entries?: Iterable<LogEntry>;
}

export class Segment {
  readonly path: string;
  readonly epoch: Epoch;
  readonly first: Sequence;
  /** The files as this process has left them. Undefined when that couldn't be found out. */
  #left: readonly FileState[] | undefined;
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync | undefined;
  readonly #select: StatementSync;
  #sinceCheckpoint = 0;

  private constructor(path: string, database: DatabaseSync, isForAppending: boolean) {
    this.path = path;
    this.#database = database;
    const meta = database.prepare('SELECT name, value FROM meta').all() as { name: string; value: unknown }[];
    const named = Object.fromEntries(meta.map(({ name, value }) => [name, value]));
    if (named['format'] !== FORMAT)
      throw damaged(path, `its format is ${String(named['format'])}; this version reads format ${FORMAT}`);
    this.epoch = parseEpoch(String(named['epoch']));
    this.first = Number(named['first']) as Sequence;
    this.#select = database.prepare(
      'SELECT sequence, time, crc, data FROM entries WHERE sequence >= ? ORDER BY sequence',
    );
    this.#insert = isForAppending ? database.prepare(INSERT) : undefined;
    this.#left = this.#files();
  }

  /** Creates a sealed segment, as a whole or not at all. */
  static create(path: string, { epoch, first, entries = [] }: SegmentContent, openDatabase: OpenDatabase): void {
    const unfinished = `${path}.new`;
    rmSync(unfinished, { force: true });
    const database = openDatabase(unfinished);
    try {
      database.exec('PRAGMA synchronous=OFF');
      transaction(database, () => {
        database.exec(SCHEMA);
        const note = database.prepare('INSERT INTO meta (name, value) VALUES (?, ?)');
        for (const [name, value] of Object.entries({ format: FORMAT, epoch, first })) note.run(name, value);
        const insert = database.prepare(INSERT);
        for (const entry of entries) insert.run(entry.sequence, entry.time, crcOf(entry), entry.data);
      });
    } finally {
      database.close();
    }
    sync(unfinished, 'r+');
    renameDurably(unfinished, path);
  }

  static openSealed(path: string, openDatabase: OpenDatabase): Segment {
    return reading(path, () =>
      opened(openDatabase(path, { readOnly: true }), (database) => new Segment(path, database, false)),
    );
  }

  static openForAppending(path: string, openDatabase: OpenDatabase): Segment {
    return reading(path, () => {
      return opened(openDatabase(path), (database) => {
        // With exclusive access SQLite needs no shared memory, whose file a full disk could not hold.
        database.exec('PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL');
        database.exec('PRAGMA wal_autocheckpoint=0');
        return new Segment(path, database, true);
      });
    });
  }

  /** The newest sequence in it; `first - 1` when it is empty. */
  last(): Sequence {
    return reading(this.path, () => {
      const row = this.#database.prepare('SELECT max(sequence) AS last FROM entries').get();
      return (typeof row?.['last'] === 'number' ? row['last'] : this.first - 1) as Sequence;
    });
  }

  /** Throws `damaged` unless the entries are dense and as they were appended. `from` is at most one past the last. */
  *read(from: number): Generator<LogEntry, void, void> {
    let expected = from;
    const rows = reading(this.path, () => this.#select.iterate(from) as Iterator<unknown> as Iterator<Row>);
    try {
      for (;;) {
        const { value: row, done } = reading(this.path, () => rows.next());
        if (done === true) return;
        const { sequence, time, data, crc } = row;
        const entry: LogEntry = { sequence: sequence as Sequence, time, data };
        if (sequence !== expected) throw damaged(this.path, `sequence ${expected} is missing`);
        if (crcOf(entry) !== crc) throw damaged(this.path, `the CRC of sequence ${sequence} differs`);
        yield entry;
        expected++;
      }
    } finally {
      // An open statement would keep the write-ahead log from being moved into the file.
      rows.return?.();
    }
  }

  /** Throws `gone` if somebody else has deleted, replaced or changed a file: it accepts everything, and keeps nothing. */
  assertUntouched(): void {
    if (this.#left) assertUntouched(this.#left);
    else this.#left = this.#files();
  }

  /** All or none, flushed when it returns. Throws `gone`. */
  append(entries: readonly LogEntry[]): void {
    this.assertUntouched();
    this.#noting(() =>
      transaction(this.#database, () => {
        for (const entry of entries) {
          this.#insert?.run(entry.sequence, entry.time, crcOf(entry), entry.data);
          this.#sinceCheckpoint += entry.data.length;
        }
      }),
    );
  }

  /** Removes the entries after a sequence. */
  cut(last: number): void {
    const remove = this.#database.prepare('DELETE FROM entries WHERE sequence > ?');
    this.#noting(() => transaction(this.#database, () => remove.run(last)));
  }

  /** Moves the write-ahead log into the file when it has grown. */
  checkpointIfDue(): void {
    if (this.#sinceCheckpoint >= CHECKPOINT_BYTES) this.checkpoint();
  }

  checkpoint(): void {
    this.#sinceCheckpoint = 0;
    this.#noting(() => this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)'));
  }

  /** Whether there is room again: throws `full` when there is none. */
  probe(): void {
    this.#noting(() => {
      transaction(this.#database, () =>
        this.#database.prepare("REPLACE INTO meta (name, value) VALUES ('probe', zeroblob(?))").run(PROBE_BYTES),
      );
      transaction(this.#database, () => this.#database.exec("DELETE FROM meta WHERE name = 'probe'"));
    });
  }

  /** The segment never changes again. It is closed, also when it can't be sealed. */
  seal(): void {
    try {
      const mode = this.#database.prepare('PRAGMA journal_mode=DELETE').get()?.['journal_mode'];
      if (mode !== 'delete') throw new Error(`${this.path} can't be sealed`);
    } finally {
      this.close();
    }
  }

  /** Closes it, whatever became of its files. */
  abandon(): void {
    try {
      this.close();
    } catch {
      // There is nothing left to lose in them.
    }
  }

  close(): void {
    this.#database.close();
  }

  #files(): readonly FileState[] {
    return [this.path, `${this.path}-wal`].map(stateOf);
  }

  /** A write, also a failed one, may change the files' sizes. */
  #noting(write: () => void): void {
    try {
      write();
    } finally {
      this.#left = undefined;
      try {
        this.#left = this.#files();
      } catch {
        // The write has its own outcome. The next look finds out.
      }
    }
  }
}

/** Closes the database if it can't be used. */
function opened(database: DatabaseSync, use: (database: DatabaseSync) => Segment): Segment {
  try {
    return use(database);
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Seals a segment that its process had no time to seal. What can't be read is left to whoever reads it. */
export function sealUnsealed(path: string, openDatabase: OpenDatabase): void {
  if (!isUnsealed(path)) return;
  try {
    Segment.openForAppending(path, openDatabase).seal();
  } catch (error) {
    if (!(error instanceof FileLogError)) throw error;
  }
}

/** By the file format of SQLite: the version that is needed to write it is 2 as long as it has a write-ahead log. */
function isUnsealed(path: string): boolean {
  const [version, at] = [Buffer.alloc(1), 18];
  const file = openSync(path, 'r');
  try {
    return readSync(file, version, 0, 1, at) === 1 && version[0] === 2;
  } finally {
    closeSync(file);
  }
}

function crcOf({ sequence, time, data }: LogEntry): number {
  const head = Buffer.allocUnsafe(16);
  head.writeDoubleBE(sequence, 0);
  head.writeDoubleBE(time, 8);
  return crc32(data, crc32(head));
}
