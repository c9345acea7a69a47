/**
 * One follower of the stream, on a connection of its own that waits for entries, across everything that may become of the connection
 * and the server.
 *
 * Behind each read it asks for the last entry that was handed on, which must still be the same as then. A server may give way to another
 * one, or take over another one's data, behind the same connection and while it is waited for: so a log that has lost its newest part is
 * noticed before anything of its new part is handed on.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogEntry, LogListener } from '../../core/replication/ordered-log.ts';
import type { Epoch, Sequence } from '../../core/model/position.ts';
import type { Connection } from './connection.ts';
import { answered } from '../remote/in-time.ts';
import { entryIn, type RawEntry } from './entries.ts';
import { type Keys, type Look, numberOf, Scripts, sequenceIn } from './scripts.ts';

export interface FollowOptions {
  /** Its own: a wait holds up whatever else comes behind it. */
  readonly connection: Connection;
  readonly keys: Keys;
  readonly epoch: Epoch;
  readonly from: Sequence;
  /** The entry before `from`, if it is still there. */
  readonly before: LogEntry | undefined;
  readonly follower: LogListener;
}

const MAX_ENTRIES = 512;
const BLOCK_MS = 1000;
/** What an answer may take beyond that, before the connection is given up. */
const PATIENCE_MS = 3000;
const RETRY_MS = 100;

export class Follow {
  readonly #options: FollowOptions;
  readonly #epochNumber: string;
  readonly #scripts: Scripts;
  #next: number;
  /** The one before `#next`. */
  #last: LogEntry | undefined;
  #bytes = 0;
  #nextAtCheck = 0;
  #isStopped = false;

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#epochNumber = numberOf(options.epoch);
    this.#scripts = new Scripts(options.connection.client, options.keys);
    this.#next = options.from;
    this.#last = options.before;
    void this.#run();
  }

  get next(): number {
    return this.#next;
  }

  /** Of an entry, on an average of those that have come. */
  get meanBytes(): number {
    return this.#bytes / Math.max(1, this.#next - this.#options.from);
  }

  /** `next`: what `next` was before the server was asked for `look`. */
  check({ epoch, first, last }: Look, next: number): void {
    if (this.#isStopped) return;
    if (epoch !== this.#options.epoch) return this.#break(epoch ? 'the log was made anew' : 'the log is gone');
    if (first > this.#next) return this.#break(`sequence ${this.#next} is gone: the log begins with ${first}`);
    if (last < next - 1) return this.#break(`the log has lost what was behind ${last}: it had gone to ${next - 1}`);
    // Nothing has come though there is something.
    if (last >= this.#next && this.#next === this.#nextAtCheck) this.#options.connection.restart();
    this.#nextAtCheck = this.#next;
  }

  stop(): void {
    this.#isStopped = true;
    this.#options.connection.close();
  }

  async #run(): Promise<void> {
    const { connection } = this.#options;
    while (!this.#isStopped) {
      try {
        while (!this.#isStopped) await this.#goOn();
      } catch {
        // No connection, no answer, no right to read any more: the log's health says so.
        if (connection.isUp) connection.restart();
        await sleep(RETRY_MS, undefined, { ref: false });
      }
    }
  }

  /** What has come behind the entry before, as soon as there is any; and then that one: what may have replaced it, came first. */
  async #goOn(): Promise<void> {
    const { connection, keys } = this.#options;
    const at = `${this.#epochNumber}-${this.#next - 1}`;
    const both = Promise.all([
      connection.client.xreadBuffer('COUNT', MAX_ENTRIES, 'BLOCK', BLOCK_MS, 'STREAMS', keys.commands, at),
      connection.client.xrangeBuffer(keys.commands, at, at),
    ]);
    const [streams, [before]] = await answered(both, BLOCK_MS + PATIENCE_MS);
    const last = this.#last;
    if (last && !before) return this.#missing(last);
    if (last && before && !isSame(entryIn(before, last.sequence, last.time), last))
      return this.#break(`entry ${last.sequence} is another one than it was`);
    this.#take(streams?.[0]?.[1] ?? []);
  }

  /** What was let go can't be proven any more, and needn't be. */
  async #missing({ sequence }: LogEntry): Promise<void> {
    const look = await answered(this.#scripts.look(), PATIENCE_MS);
    if (look.epoch === this.#options.epoch && look.first > sequence && look.last >= sequence) this.#last = undefined;
    else this.check(look, sequence + 1);
  }

  #take(raws: readonly RawEntry[]): void {
    const batch: LogEntry[] = [];
    for (const raw of raws) {
      const sequence = sequenceIn(raw[0].toString('latin1'), this.#epochNumber);
      if (sequence !== this.#next) {
        this.#hand(batch);
        return this.#break(
          sequence === undefined ? 'the log was made anew' : `sequence ${this.#next} was to come, and ${sequence} has`,
        );
      }
      const entry = entryIn(raw, sequence, this.#last?.time);
      this.#last = entry;
      this.#next++;
      this.#bytes += entry.data.length;
      batch.push(entry);
    }
    this.#hand(batch);
  }

  #hand(batch: readonly LogEntry[]): void {
    if (batch.length > 0 && !this.#isStopped) this.#options.follower.entries(batch);
  }

  #break(reason: string): void {
    if (this.#isStopped) return;
    this.stop();
    this.#options.follower.broken(reason);
  }
}

const isSame = (one: LogEntry, other: LogEntry): boolean =>
  one.time === other.time && Buffer.compare(one.data, other.data) === 0;
