/**
 * Appends what this node was given, and what transactions have left in the outbox, in one command that PostgreSQL executes without a
 * round trip: a node that stops in the middle holds no lock.
 *
 * Nobody is told that a transaction has committed, because NOTIFY would make writers wait for each other. So nodes look: one of them, the
 * leader, all the time, the others now and then in case the leader has stopped.
 */
import type { Sequence } from '../../core/model/position.ts';
import { LogGoneError } from '../remote/driver.ts';
import type { Query } from './connection.ts';
import type { Stream } from './stream.ts';

/** Between two looks of the leader: after one that has found changes, and at most. */
const [BUSY_MS, IDLE_MS] = [2, 25];
/** Between two looks of another node, and of its attempts to lead. */
const [FOLLOWER_MS, LEAD_MS] = [100, 1000];

export interface SequencerOptions {
  readonly connection: { readonly query: Query };
  readonly stream: () => Stream;
  /** The log holds entries up to this one. `isNew`: other nodes may not know yet. */
  readonly onLast: (last: Sequence, isNew: boolean) => void;
}

export class Sequencer {
  readonly #options: SequencerOptions;
  /** The snapshot of the last look, from which the next one continues. Null: looks at everything. */
  #seen: string | null = null;
  #pauseMs = BUSY_MS;
  #timer: NodeJS.Timeout | undefined;
  #isLeader = false;
  #triedToLeadAt = -Infinity;
  #isLooking = false;
  #isStopped = false;

  constructor(options: SequencerOptions) {
    this.#options = options;
  }

  /** To be called when the log has been opened, and each time that the connection is new. */
  start(): void {
    this.#seen = null;
    this.#isLeader = false;
    this.#triedToLeadAt = -Infinity;
    this.#schedule(0);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  /** All or none of them. Resolves with the sequence of the last one. Throws `LogGoneError`. */
  async append(group: readonly Buffer[]): Promise<Sequence> {
    const last = await this.#turn(
      Buffer.concat(group),
      group.map(({ length }) => length),
      group.length,
    );
    if (last === undefined) throw new LogGoneError('the log in PostgreSQL is gone, or another one has taken its place');
    return last;
  }

  async #turn(
    commands: Buffer | null,
    lengths: readonly number[] | null,
    count: number,
  ): Promise<Sequence | undefined> {
    const { connection, stream, onLast } = this.#options;
    const { id, epoch } = stream();
    const seen = this.#seen;
    // Unless this turn is answered, the next one looks at everything again.
    this.#seen = null;
    const [[looked, last, moved] = []] = await connection.query(
      'select seen::text, last, moved from seamline.append($1, $2, $3, $4::integer[], $5::text::pg_snapshot)',
      [id, epoch, commands, lengths, seen],
    );
    if (last === null || last === undefined) return undefined;
    this.#seen = String(looked);
    if (Number(moved) > 0) this.#pauseMs = BUSY_MS;
    else if (commands === null) this.#pauseMs = Math.min(IDLE_MS, this.#pauseMs * 2);
    onLast(last as Sequence, Number(moved) + count > 0);
    return last as Sequence;
  }

  async #look(): Promise<void> {
    if (this.#isLooking || this.#isStopped) return;
    this.#isLooking = true;
    try {
      if (!this.#isLeader && performance.now() - this.#triedToLeadAt > LEAD_MS) await this.#tryToLead();
      await this.#turn(null, null, 0);
    } catch {
      // The log's health and its appends say what is wrong.
      this.#pauseMs = FOLLOWER_MS;
    } finally {
      this.#isLooking = false;
    }
    this.#schedule(this.#isLeader ? this.#pauseMs : FOLLOWER_MS);
  }

  /** The lock ends with the connection. */
  async #tryToLead(): Promise<void> {
    this.#triedToLeadAt = performance.now();
    const { connection, stream } = this.#options;
    const [[isLeader] = []] = await connection.query("select pg_try_advisory_lock(hashtext('seamline'), $1)", [
      stream().id,
    ]);
    this.#isLeader = isLeader === true;
  }

  #schedule(ms: number): void {
    clearTimeout(this.#timer);
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => void this.#look(), ms);
    this.#timer.unref();
  }
}
