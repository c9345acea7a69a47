/**
 * Appends what this node was given, and what transactions have left in the outbox, in one command that PostgreSQL executes without a
 * round trip: a node that stops in the middle holds no lock.
 *
 * Nobody is told that a transaction has committed, because NOTIFY would make writers wait for each other. So nodes look: one of them, the
 * leader, all the time, the others now and then. A follower that finds work that nobody else has done looks as often as a leader does,
 * because the leader may have stopped with its lock held.
 */
import type { Sequence } from '../../core/model/position.ts';
import { LogGoneError } from '../remote/driver.ts';
import type { Query } from './connection.ts';
import type { Stream } from './stream.ts';

/** Between two looks of the leader: after one that has found changes, at most, and at most after a minute without a change. */
const [BUSY_MS, IDLE_MS, QUIET_MS] = [5, 25, 50];
const QUIET_AFTER_MS = 60_000;
/** Between two looks of a follower, and between its attempts to lead. */
const [FOLLOWER_MS, LEAD_MS] = [250, 1000];

const TURN = 'select seen::text, last, moved from seamline.append($1, $2, $3, $4::integer[], $5::text::pg_snapshot)';

export interface SequencerOptions {
  readonly connection: { readonly query: Query };
  readonly stream: () => Stream;
  /** The log holds entries up to this one. `isNew`: other nodes may not know yet. */
  readonly onLast: (last: Sequence, isNew: boolean) => void;
}

interface Commands {
  readonly data: Buffer;
  readonly lengths: readonly number[];
}

/** What is known about one connection to a server. */
class Session {
  /** The snapshot of the last turn, from which the next one continues. Null: the next one looks at everything. */
  seen: string | null = null;
  /** Holds the lock, which ends with the connection. */
  isLeader = false;
  /** Does the work of a leader that may have stopped. */
  isDeputy = false;
  triedToLeadAt = -Infinity;
  /** The last sequence that a turn has found. */
  last = 0;
  /** Whether this node has appended commands since the look began that is under way. */
  hasAppended = false;
}

export class Sequencer {
  readonly #options: SequencerOptions;
  #session = new Session();
  #pauseMs = BUSY_MS;
  #changedAt = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #appends = 0;
  #isLooking = false;
  #isStopped = false;

  constructor(options: SequencerOptions) {
    this.#options = options;
  }

  /** To be called when the log has been opened, and each time that the connection is new. */
  start(): void {
    this.#session = new Session();
    this.#schedule(0);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  /** All or none of them. Resolves with the sequence of the last one. Throws `LogGoneError`. */
  async append(group: readonly Buffer[]): Promise<Sequence> {
    const session = this.#session;
    // An append empties the outbox as well, so no look is needed until some time after it.
    clearTimeout(this.#timer);
    this.#appends++;
    try {
      session.hasAppended = true;
      const { last } = await this.#turn(session, {
        data: Buffer.concat(group),
        lengths: group.map(({ length }) => length),
      });
      if (last !== undefined) return last;
      throw new LogGoneError('the log in PostgreSQL is gone, or another one has taken its place');
    } finally {
      this.#appends--;
      this.#scheduleNext();
    }
  }

  /** `last` is undefined when there is no such log. */
  async #turn(session: Session, commands?: Commands): Promise<{ last: Sequence | undefined; moved: number }> {
    const { connection, stream, onLast } = this.#options;
    const { id, epoch } = stream();
    const { data = null, lengths = null } = commands ?? {};
    const values = [id, epoch, data, lengths, session.seen];
    const [[seen, found, moved] = []] = await connection.query(TURN, values, 'turn');
    if (found === null || found === undefined) return { last: undefined, moved: 0 };
    const [last, count] = [found as Sequence, Number(moved)];
    session.seen = String(seen);
    if (last !== session.last) this.#changedAt = performance.now();
    session.last = last;
    if (count > 0) this.#pauseMs = BUSY_MS;
    onLast(last, count > 0 || commands !== undefined);
    return { last, moved: count };
  }

  async #look(): Promise<void> {
    if (this.#isLooking || this.#isStopped) return;
    this.#isLooking = true;
    const session = this.#session;
    try {
      if (!session.isLeader && performance.now() - session.triedToLeadAt > LEAD_MS) await this.#tryToLead(session);
      const before = session.last;
      session.hasAppended = false;
      const { last, moved } = await this.#turn(session);
      if (moved === 0) this.#pauseMs = Math.min(this.#idleMs, this.#pauseMs * 2);
      // What another node has appended meanwhile shows that it works.
      if (last !== undefined && last !== before && !session.hasAppended)
        session.isDeputy = moved > 0 && last === before + moved;
    } catch {
      // The log's health and its appends say what is wrong.
      this.#pauseMs = FOLLOWER_MS;
    } finally {
      this.#isLooking = false;
    }
    this.#scheduleNext();
  }

  async #tryToLead(session: Session): Promise<void> {
    session.triedToLeadAt = performance.now();
    const { connection, stream } = this.#options;
    const [[isLeader] = []] = await connection.query(
      "select pg_try_advisory_lock(hashtext('seamline'), $1)",
      [stream().id],
      'lead',
    );
    session.isLeader = isLeader === true;
  }

  get #idleMs(): number {
    return performance.now() - this.#changedAt > QUIET_AFTER_MS ? QUIET_MS : IDLE_MS;
  }

  #scheduleNext(): void {
    const { isLeader, isDeputy } = this.#session;
    if (this.#appends === 0) this.#schedule(isLeader || isDeputy ? this.#pauseMs : FOLLOWER_MS);
  }

  #schedule(ms: number): void {
    clearTimeout(this.#timer);
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => void this.#look(), ms);
    this.#timer.unref();
  }
}
