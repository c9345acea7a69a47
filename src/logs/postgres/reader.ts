/**
 * Reads the entries for one listener, on a connection of its own, which is woken when there are new ones.
 *
 * Each read asks for the digest of the last entry that was delivered as well, which must be unchanged: so a log that has lost its newest
 * part is noticed before any entry of its new part is delivered.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Sequence } from '../../core/model/position.ts';
import { answerUnlessSilent } from '../remote/deadline.ts';
import {
  EngineRefusalError,
  type EntryReceiver,
  type EntrySource,
  LogGoneError,
  type LogState,
} from '../remote/driver.ts';
import { MAX_READ_BYTES, ReadSize } from '../remote/read-size.ts';
import { type Connection, isRefusal, type Query, refusalOf } from './connection.ts';
import { entryOf, STREAM_ID, type Stream } from './stream.ts';

/** A wake-up may be lost with the node that would send it. */
const WAIT_MS = 1000;
/** The connection may be silent for so long before it is replaced. */
const SILENT_MS = 3000;
const [RETRY_MS, REFUSED_MS] = [100, 1000];

export interface ReaderOptions {
  readonly stream: Stream;
  readonly receiver: EntryReceiver;
  readonly open: (
    prepare: (query: Query) => Promise<unknown>,
    onNotification: (payload: string) => void,
  ) => Promise<Connection>;
  readonly look: () => Promise<LogState>;
  readonly onStop: () => void;
}

export class Reader implements EntrySource {
  readonly #options: ReaderOptions;
  readonly #size = new ReadSize();
  #connection: Connection | undefined;
  #wake = (): void => {};
  /** The log holds entries up to here, as far as this node knows. */
  #last = 0;
  #isSuspect = false;
  /** Digest of the data of `receiver.previous` as the server has it. */
  #known: { readonly sequence: Sequence; readonly digest: Buffer } | undefined;
  #isStopped = false;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  get trouble(): string | undefined {
    const { isUp = true, reason = '' } = this.#connection ?? {};
    return isUp ? undefined : `the connection to PostgreSQL for reading is lost${reason && `: ${reason}`}`;
  }

  async start(): Promise<void> {
    const { stream, open } = this.#options;
    const listen = (query: Query): Promise<unknown> => query(`listen "${channelOf(stream)}"`);
    this.#connection = await open(listen, (payload) => this.reached(Number(payload)));
    await this.#assertReadable(this.#connection);
    if (this.#isStopped) this.#connection.close();
    else void this.#run(this.#connection);
  }

  /** The log holds entries up to this one. */
  reached(last: number): void {
    // Any role may notify, and of anything.
    if (!(last > this.#last)) return;
    this.#last = last;
    this.#wake();
  }

  /** There are entries that have not come. */
  restart(): void {
    this.#isSuspect = true;
    this.#wake();
  }

  stop(): void {
    this.#isStopped = true;
    this.#options.onStop();
    this.#connection?.close();
    this.#wake();
  }

  async #run(connection: Connection): Promise<void> {
    while (!this.#isStopped) {
      try {
        while (!this.#isStopped) await this.#read(connection);
      } catch (error) {
        // There is no connection, no answer, or no right to read any more: the health of the log says so.
        const refusal = isRefusal(error) ? error : undefined;
        if (refusal) this.#options.receiver.refused(refusalOf(refusal));
        const isAnswer = refusal !== undefined || error instanceof LogGoneError;
        if (!isAnswer) this.#size.failed();
        if (!isAnswer && connection.isUp) connection.restart();
        await sleep(isAnswer ? REFUSED_MS : RETRY_MS, undefined, { ref: false });
      }
    }
  }

  /** A user may lack the right to read, of which nothing else would tell. */
  async #assertReadable(connection: Connection): Promise<void> {
    try {
      await answerUnlessSilent(
        connection.query('select from seamline.entries, seamline.streams limit 0'),
        SILENT_MS,
        () => connection.heard,
      );
    } catch (error) {
      if (isRefusal(error)) throw new EngineRefusalError(refusalOf(error), { cause: error });
    }
  }

  async #read(connection: Connection): Promise<void> {
    const { receiver, stream, look } = this.#options;
    const { next, previous } = receiver;
    // The server that is asked now has counted these entries: what a later read of it does not find is missing.
    const counted = this.#isSuspect ? (await look()).last : 0;
    const from = previous ? next - 1 : next;
    const known = previous && this.#known?.sequence === previous.sequence ? this.#known : undefined;
    // The first time, the previous entry is read alone.
    const limit = known ? this.#size.entries + 1 : previous ? 1 : this.#size.entries;
    const announced = this.#last;
    const rows = await answerUnlessSilent(
      connection.query(
        `select sequence, time, command_id, case when sequence = $5 then sha256(data) else data end
         from (
           select sequence, time, command_id, data, coalesce(
             sum(case when sequence = $5 then 0 else octet_length(data) end) over (order by sequence rows between unbounded preceding and 1 preceding),
             0) as bytes_before
           from seamline.entries where stream_id = ${STREAM_ID} and sequence >= $3 order by sequence limit $4
         ) as found
         where bytes_before < $6 order by sequence`,
        [stream.id, stream.epoch, from, limit, known?.sequence ?? 0, MAX_READ_BYTES],
        'read',
      ),
      SILENT_MS,
      () => connection.heard,
    );
    if (this.#isStopped) return;
    if (previous) {
      const again = rows[0]?.[0] === from ? rows[0] : undefined;
      if (!again) return receiver.missesPrevious(await look());
      const isSame = known?.digest.equals(again[3] as Buffer) === true;
      const { time, data } = isSame ? { time: Number(again[1]), data: previous.data } : entryOf(again);
      if (!receiver.verify({ sequence: previous.sequence, time, data })) return;
    }
    const entries = rows.slice(previous ? 1 : 0).map(entryOf);
    this.#remember(known ? rows.slice(1) : rows);
    if (entries.length === 0 && this.#isSuspect && counted > 0) {
      this.#isSuspect = false;
      if (counted >= next) return receiver.lacks(counted as Sequence);
    }
    if (entries.length > 0) this.#isSuspect = false;
    this.#size.arrived(entries);
    // Also when nothing has come: the receiver learns that reads are answered.
    receiver.receive(entries);
    // What was announced and isn't there was lost with a server, or never kept. Without this the reader would ask for it without a pause.
    if (entries.length === 0 && rows.length < limit && this.#last === announced) this.#last = receiver.next - 1;
    const isAll = rows.length < limit && bytesOf(rows) < MAX_READ_BYTES && receiver.next > this.#last;
    if (isAll && !this.#isSuspect && !this.#isStopped) await this.#woken();
  }

  #remember(rows: readonly (readonly unknown[])[]): void {
    const [sequence, , , data] = rows.at(-1) ?? [];
    if (sequence === undefined) return;
    const digest = createHash('sha256')
      .update(data as Buffer)
      .digest();
    this.#known = { sequence: sequence as Sequence, digest };
  }

  /** Resolves when there may be more. */
  async #woken(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, WAIT_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = () => {};
  }
}

const bytesOf = (rows: readonly (readonly unknown[])[]): number =>
  rows.reduce((sum, [, , , data]) => sum + (data as Buffer).length, 0);

/** The channel on which nodes tell each other of new entries. */
export const channelOf = ({ id }: Stream): string => `seamline.${id}`;
