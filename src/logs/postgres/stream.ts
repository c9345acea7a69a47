/** The requests about one log. */
import { newEpoch, parseEpoch, type Epoch, type Sequence } from '../../core/model/position.ts';
import { frameOf } from '../../core/model/command.ts';
import type { LogEntry } from '../../core/replication/ordered-log.ts';
import { LogGoneError, type LogState, type SnapshotClaims, UnfitLogError } from '../remote/driver.ts';
import type { Query } from './connection.ts';
import { isMissing } from './install.ts';
import { POSTGRES_DEFAULTS, type PostgresLogOptions } from './options.ts';

/** A log in the database. Another one of the same name has another id. */
export interface Stream {
  readonly id: number;
  readonly epoch: Epoch;
}

const GONE = (name: string): string =>
  `the log ${name} in PostgreSQL is gone: restore it, or restart the nodes to create another one`;

/** What a log says whose row is not there any more, or has another epoch. */
export const REPLACED = 'the log in PostgreSQL is gone, or another one has taken its place';

/**
 * Entries between the first and the last are counted when some were deleted by hand, and so often: as long as none is missing, and while
 * some are. Counting 100,000 takes some 20 ms.
 */
const [COUNT_EVERY_MS, COUNT_MISSING_EVERY_MS] = [60_000, 5000];

export async function ensureStream(
  query: Query,
  name: string,
  { maxValueBytes = POSTGRES_DEFAULTS.maxValueBytes, ttl, shape }: PostgresLogOptions,
  isFirst: boolean,
): Promise<Stream> {
  if (isFirst)
    await query('insert into seamline.streams (name, epoch, shape) values ($1, $2, $3) on conflict (name) do nothing', [
      name,
      newEpoch(),
      shape && JSON.stringify(shape),
    ]);
  const found = await findStream(query, name);
  if (!found) throw new LogGoneError(GONE(name));
  // Another shape is set by `setShapes` only, once the items that are stored fit it.
  await query(
    `update seamline.streams set max_value_bytes = $2, default_ttl = $3, shape = case when $4 then null else shape end
     where id = $1 and ((max_value_bytes, default_ttl) is distinct from ($2::integer, $3::integer) or $4 and shape is not null)`,
    [found.id, maxValueBytes, ttl ?? null, isFirst && shape === undefined],
  );
  return found;
}

async function findStream(query: Query, name: string): Promise<Stream | undefined> {
  const [row] = await query('select id, epoch from seamline.streams where name = $1', [name]);
  return row && { id: Number(row[0]), epoch: parseEpoch(String(row[1])) };
}

/** Throws `UnfitLogError` when the server can't hold a log. */
export async function assertFit(query: Query, warn: (line: string) => void): Promise<void> {
  const names = ['server_version_num', 'server_encoding', 'fsync', 'synchronous_commit'];
  const rows = await query('select name, current_setting(name) from unnest($1::text[]) as setting (name)', [names]);
  const settings = Object.fromEntries(rows.map(([name, value]) => [String(name), String(value)]));
  const { server_version_num: version, server_encoding: encoding, fsync, synchronous_commit: commit } = settings;
  if (Number(version) < 130_000)
    throw new UnfitLogError(`PostgreSQL ${Number(version) / 10_000} is too old: version 13 or newer is required`);
  if (encoding !== 'UTF8')
    throw new UnfitLogError(`the database has the encoding ${encoding}: create one with the encoding UTF8`);
  if (fsync === 'off') warn('PostgreSQL flushes nothing: what it took may be lost in a loss of power. Set fsync to on');
  if (commit === 'off')
    warn(
      'PostgreSQL answers before it flushes: what it took last is lost when it is killed. Set synchronous_commit to on',
    );
}

/** `data` of a transaction is the body of a command: without its frame, whose CRC SQL can't compute. */
export function entryOf([sequence, time, commandId, data]: readonly unknown[]): LogEntry {
  const bytes = data as Buffer;
  return {
    sequence: Number(sequence) as Sequence,
    time: Number(time),
    data: typeof commandId === 'string' ? frameOf(commandId, bytes.toString('utf8')) : bytes,
  };
}

const ENTRY = 'sequence, time, command_id, data';

/** Nothing where another log has the id: in a schema that was created again, or restored. */
export const STREAM_ID = '(select id from seamline.streams where id = $1 and epoch = $2)';

export async function readEntry(
  query: Query,
  { id, epoch }: Stream,
  sequence: Sequence,
): Promise<LogEntry | undefined> {
  const text = `select ${ENTRY} from seamline.entries where stream_id = ${STREAM_ID} and sequence = $3`;
  const [row] = await query(text, [id, epoch, sequence]);
  return row && entryOf(row);
}

/** How the log looks at one moment. */
export class StateReader {
  readonly #query: Query;
  readonly #name: string;
  readonly #trouble: () => Promise<string | undefined>;
  #counted = { at: -Infinity, missing: 0, deletions: 0 };

  /** `trouble`: why the log takes no appends, though PostgreSQL takes writes. */
  constructor(query: Query, name: string, trouble: () => Promise<string | undefined>) {
    this.#query = query;
    this.#name = name;
    this.#trouble = trouble;
  }

  /** Throws `LogGoneError`. */
  async look(): Promise<LogState> {
    const [[row], trouble] = await Promise.all([this.#read(), this.#trouble()]);
    if (!row) throw new LogGoneError(GONE(this.#name));
    const [epoch, found, last, deletions, isReadOnly] = row;
    const first = found === null ? Number(last) + 1 : Number(found);
    const dense = Number(last) - first + 1;
    await this.#countAgain(Number(deletions), first, Number(last));
    return {
      epoch: parseEpoch(String(epoch)),
      first: first as Sequence,
      last: Number(last) as Sequence,
      count: Math.max(0, dense - this.#counted.missing),
      trouble: isReadOnly === true ? 'PostgreSQL takes no writes: it is read-only' : trouble,
      unfit: undefined,
    };
  }

  async #countAgain(deletions: number, first: number, last: number): Promise<void> {
    const { at, missing, deletions: before } = this.#counted;
    const everyMs = missing > 0 ? COUNT_MISSING_EVERY_MS : COUNT_EVERY_MS;
    if (deletions === before && performance.now() - at < everyMs) return;
    const [[count] = []] = await this.#query(
      `select count(*) from seamline.entries
       where stream_id = (select id from seamline.streams where name = $1) and sequence between $2 and $3`,
      [this.#name, first, last],
    );
    this.#counted = { at: performance.now(), missing: last - first + 1 - Number(count), deletions };
  }

  async #read(): ReturnType<Query> {
    try {
      return await this.#query(
        `select epoch,
           (select sequence from seamline.entries where stream_id = id and sequence >= first_sequence order by sequence limit 1),
           seamline.last_sequence(id), deletions,
           current_setting('transaction_read_only') = 'on'
         from seamline.streams where name = $1`,
        [this.#name],
      );
    } catch (error) {
      if (isMissing(error)) throw new LogGoneError(GONE(this.#name), { cause: error });
      throw error;
    }
  }
}

/** Claimed by a row that expires. */
export function claimsOn(query: Query, stream: () => Stream, kind: string): SnapshotClaims {
  const node = crypto.randomUUID();
  return {
    async claim(forMs) {
      const rows = await query(
        `insert into seamline.claims as held (stream_id, kind, node, until)
         values ($1, $2, $3, clock_timestamp() + $4 * interval '1 millisecond')
         on conflict (stream_id, kind) do update set node = excluded.node, until = excluded.until
         where held.until < clock_timestamp() returning true`,
        [stream().id, kind, node, forMs],
      );
      return rows.length > 0;
    },
    async release() {
      await query('delete from seamline.claims where stream_id = $1 and kind = $2 and node = $3', [
        stream().id,
        kind,
        node,
      ]);
    },
  };
}
