/**
 * Reads the entries for one listener, on a connection of its own, which is woken when there are new ones.
 *
 * Each read asks for the last entry that was delivered as well, which must be unchanged: so a log that has lost its newest part is noticed
 * before any entry of its new part is delivered.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Sequence } from '../../core/model/position.ts';
import { answerUnlessSilent } from '../remote/deadline.ts';
import { EngineRefusalError, type EntryReceiver, type EntrySource, type LogState } from '../remote/driver.ts';
import { ReadSize } from '../remote/read-size.ts';
import { type Connection, isRefusal, type Query, refusalOf } from './connection.ts';
import { ENTRY, entryOf, type Stream } from './stream.ts';

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
  #isStopped = false;

  constructor(options: ReaderOptions) {
    this.#options = options;
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
    if (last <= this.#last) return;
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
        else this.#size.failed();
        if (!refusal && connection.isUp) connection.restart();
        await sleep(refusal ? REFUSED_MS : RETRY_MS, undefined, { ref: false });
      }
    }
  }

  /** A user may lack the right to read, of which nothing else would tell. */
  async #assertReadable(connection: Connection): Promise<void> {
    try {
      await answerUnlessSilent(
        connection.query(`select ${ENTRY} from seamline.entries limit 0`),
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
    const limit = this.#size.entries + 1;
    const rows = await answerUnlessSilent(
      connection.query(
        `select ${ENTRY} from seamline.entries where stream_id = $1 and sequence >= $2 order by sequence limit $3`,
        [stream.id, from, limit],
      ),
      SILENT_MS,
      () => connection.heard,
    );
    if (this.#isStopped) return;
    const entries = rows.map(entryOf);
    if (previous) {
      const again = entries[0]?.sequence === from ? entries.shift() : undefined;
      if (!again) return receiver.missesPrevious(await look());
      if (!receiver.verify(again)) return;
    }
    if (entries.length === 0 && this.#isSuspect && counted > 0) {
      this.#isSuspect = false;
      if (counted >= next) return receiver.lacks(counted as Sequence);
    }
    if (entries.length > 0) {
      this.#isSuspect = false;
      this.#size.arrived(entries);
      receiver.receive(entries);
    }
    const isAll = rows.length < limit && receiver.next > this.#last;
    if (isAll && !this.#isSuspect && !this.#isStopped) await this.#woken();
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

/** The channel on which nodes tell each other of new entries. */
export const channelOf = ({ id }: Stream): string => `seamline.${id}`;
