/**
 * Reads the stream for one listener, on a connection of its own, which waits for entries.
 *
 * After each read it requests the last entry that was delivered, which must be unchanged. A server may be replaced, or take over
 * another server's data, during a wait and on the same connection: so a log that has lost its newest part is noticed before
 * any entry of its new part is delivered.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Sequence } from '../../core/model/position.ts';
import type { LogEntry } from '../../core/replication/ordered-log.ts';
import { answerUnlessSilent } from '../remote/deadline.ts';
import { EngineRefusalError, type EntryReceiver, type EntrySource, type LogState } from '../remote/driver.ts';
import { ReadSize } from '../remote/read-size.ts';
import { type Connection, isRefusal, refusalOf } from './connection.ts';
import { entryIn, type RawEntry } from './entries.ts';
import { type Keys, numberOf, Scripts, sequenceIn } from './scripts.ts';

const BLOCK_MS = 1000;
/** The connection may be silent for so much longer than the wait before it is replaced. */
const GRACE_MS = 3000;
const RETRY_MS = 100;
const REFUSED_MS = 1000;

export class Reader implements EntrySource {
  readonly #open: () => Promise<Connection>;
  readonly #keys: Keys;
  readonly #receiver: EntryReceiver;
  readonly #epochNumber: string;
  readonly #size = new ReadSize();
  #connection: Connection | undefined;
  /** The log holds entries that the reads before did not find: another server may be at the end of this connection. */
  #isSuspect = false;
  #isStopped = false;

  constructor(open: () => Promise<Connection>, keys: Keys, receiver: EntryReceiver) {
    this.#open = open;
    this.#keys = keys;
    this.#receiver = receiver;
    this.#epochNumber = numberOf(receiver.epoch);
  }

  get trouble(): string | undefined {
    const { isUp = true, reason = '' } = this.#connection ?? {};
    return isUp ? undefined : `the connection to Redis for reading is lost${reason && `: ${reason}`}`;
  }

  async start(): Promise<void> {
    this.#connection = await this.#open();
    await this.#assertReadable(this.#connection);
    if (this.#isStopped) this.#connection.close();
    else void this.#run(this.#connection);
  }

  /** A read that is under way may still be answered. One that begins from now on must find the entries. */
  restart(): void {
    this.#isSuspect = true;
  }

  stop(): void {
    this.#isStopped = true;
    this.#connection?.close();
  }

  async #run(connection: Connection): Promise<void> {
    while (!this.#isStopped) {
      try {
        while (!this.#isStopped) await this.#read(connection);
      } catch (error) {
        // There is no connection, no answer, or no right to read any more: the health of the log says so.
        const isRefused = isRefusal(error);
        if (isRefused) this.#receiver.refused(refusalOf(error));
        if (!isRefused) this.#size.failed();
        if (!isRefused && connection.isUp) connection.restart();
        await sleep(isRefused ? REFUSED_MS : RETRY_MS, undefined, { ref: false });
      }
    }
  }

  /** A user may lack the right to read, of which nothing else would tell. */
  async #assertReadable(connection: Connection): Promise<void> {
    const { client } = connection;
    const { commands } = this.#keys;
    const both = Promise.all([client.xread('COUNT', 1, 'STREAMS', commands, '$'), client.xrange(commands, '+', '+')]);
    try {
      await answerUnlessSilent(both, GRACE_MS, () => connection.heard);
    } catch (error) {
      if (isRefusal(error)) throw new EngineRefusalError(refusalOf(error), { cause: error });
    }
  }

  /** Redis answers the second request after the first: a replacement of the stream before the read shows in it. */
  async #read(connection: Connection): Promise<void> {
    const { client } = connection;
    const receiver = this.#receiver;
    // The server that is asked now has counted these entries: what a later read of it does not find is missing.
    const counted = this.#isSuspect ? (await this.#look(connection)).last : 0;
    const at = `${this.#epochNumber}-${receiver.next - 1}`;
    const heard = (): number => connection.heard;
    const both = Promise.all([
      client.xreadBuffer('COUNT', this.#size.entries, 'BLOCK', BLOCK_MS, 'STREAMS', this.#keys.commands, at),
      client.xrangeBuffer(this.#keys.commands, at, at),
    ]);
    const [streams, [again]] = await answerUnlessSilent(both, BLOCK_MS + GRACE_MS, heard);
    const { previous } = receiver;
    if (previous && !again) receiver.missesPrevious(await this.#look(connection));
    else if (!previous || !again || receiver.verify(entryIn(again, previous.sequence, previous.time)))
      this.#take(streams?.[0]?.[1] ?? [], counted);
  }

  #look(connection: Connection): Promise<LogState> {
    return answerUnlessSilent(new Scripts(connection.client, this.#keys).look(), GRACE_MS, () => connection.heard);
  }

  #take(raws: readonly RawEntry[], counted: number): void {
    if (raws.length === 0 && this.#isSuspect && counted > 0) {
      this.#isSuspect = false;
      if (counted < this.#receiver.next) throw new Error('the server holds less than the log');
      return this.#receiver.lacks(counted as Sequence);
    }
    if (raws.length > 0) this.#isSuspect = false;
    const batch: LogEntry[] = [];
    let time = this.#receiver.previous?.time;
    for (const raw of raws) {
      const sequence = sequenceIn(raw[0].toString('latin1'), this.#epochNumber);
      if (sequence === undefined) break;
      const entry = entryIn(raw, sequence, time);
      ({ time } = entry);
      batch.push(entry);
    }
    this.#size.arrived(batch);
    this.#receiver.receive(batch);
    if (batch.length < raws.length) this.#receiver.break('another log has taken its place');
  }
}
