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
import { answerWithin, isDoneWithin } from '../remote/deadline.ts';
import { codeOf, isRefusal, LOCK_TIMEOUT, type Query } from './connection.ts';
import { REPLACED, type Stream } from './stream.ts';

/** Between two looks of the leader: after one that has found changes, at most, and at most after a minute without a change. */
const [BUSY_MS, IDLE_MS, QUIET_MS] = [5, 25, 50];
const QUIET_AFTER_MS = 60_000;
/** Between two looks of a follower, and between its attempts to lead. */
const [FOLLOWER_MS, LEAD_MS] = [250, 1000];

const ALL_MS = 60_000;

/** How long a turn waits for the lock that another node holds, and how much earlier than the deadline of its append it ends. */
const [LOCK_MS, MARGIN_MS] = [5000, 200];
/** How long the move of a large transaction may take at first. */
const DRAIN_MS = 60_000;

const TURN =
  'select seen::text, last, moved from seamline.append($1, $2, $3, $4::integer[], $5::integer, $6::text::pg_snapshot)';

/** Nothing was sent, because the turn before takes too long. */
export class BusyError extends Error {}

export interface SequencerOptions {
  readonly connection: { readonly query: Query; readonly isUp: boolean; restart(): void };
  readonly stream: () => Stream;
  /** The log holds entries up to this one. `isNew`: other nodes may not know yet. */
  readonly onLast: (last: Sequence, isNew: boolean) => void;
  /** How often a look is at the whole outbox. @default each minute */
  readonly lookAtAllMs?: number;
}

interface Commands {
  readonly data: Buffer | null;
  readonly lengths: readonly number[] | null;
}

const LOOK: Commands = { data: null, lengths: null };
/** Moves what the outbox holds, however much it is. */
const DRAIN: Commands = { data: Buffer.alloc(0), lengths: [] };

/** What is known about one connection to a server. */
class Session {
  /** The snapshot of the last turn, from which the next one continues. Null: the next one looks at everything. */
  seen: string | null = null;
  /** Holds the lock, which ends with the connection. */
  isLeader = false;
  /** Does the work of a leader that may have stopped. */
  isDeputy = false;
  triedToLeadAt = -Infinity;
  /** When a turn has last looked at everything. */
  lookedAtAllAt = -Infinity;
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
  #draining: Promise<void> | undefined;
  #drainMs = DRAIN_MS;
  /** What PostgreSQL has said against the move of a large transaction. Undefined once nothing large is pending. */
  #drainFailure: string | undefined;
  /** What PostgreSQL has said against the last append. */
  #refusal: Error | undefined;
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

  /** Why nothing is appended, though PostgreSQL takes appends. */
  get trouble(): string | undefined {
    return this.#drainFailure && `a large transaction can't be appended: ${this.#drainFailure}`;
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  /**
   * All or none of them, in one attempt that ends before `deadline` on the monotonic clock. Resolves with the sequence of the last one.
   * Throws `LogGoneError`, and `BusyError` when nothing was written.
   */
  async append(group: readonly Buffer[], deadline = Infinity): Promise<Sequence> {
    const session = this.#session;
    const commands = { data: Buffer.concat(group), lengths: group.map(({ length }) => length) };
    // An append empties the outbox as well, so no look is needed until some time after it.
    clearTimeout(this.#timer);
    this.#appends++;
    try {
      for (;;) {
        const waitMs = Math.min(LOCK_MS, Math.floor(deadline - performance.now() - MARGIN_MS));
        const draining = this.#draining;
        const isFree = !draining || (await isDoneWithin(draining, waitMs));
        // What is left of the time is too short for another attempt: the last one has the reason.
        if (waitMs < 1 && !draining && this.#refusal) throw this.#refusal;
        if (waitMs < 1 || !isFree || (draining && this.#drainFailure))
          throw new BusyError(this.trouble ?? 'a large transaction is being appended');
        if (this.#draining) continue;
        session.hasAppended = true;
        const { last, moved } = await this.#turn(session, commands, waitMs);
        if (last === undefined) throw new LogGoneError(REPLACED);
        if (moved < 0) void this.#drain(session);
        else {
          this.#refusal = undefined;
          return last;
        }
      }
    } catch (error) {
      if (isRefusal(error)) this.#refusal = error;
      throw error;
    } finally {
      this.#appends--;
      this.#scheduleNext();
    }
  }

  /** `last` is undefined when there is no such log. `moved` is -1 when so much is pending that it needs a turn of its own. */
  async #turn(
    session: Session,
    { data, lengths }: Commands,
    waitMs = LOCK_MS,
  ): Promise<{ last: Sequence | undefined; moved: number }> {
    const { connection, stream, onLast } = this.#options;
    const { id, epoch } = stream();
    const values = [id, epoch, data, lengths, waitMs, session.seen];
    const [[seen, found, count] = []] = await connection.query(TURN, values, 'turn');
    if (found === null || found === undefined) return { last: undefined, moved: 0 };
    const [last, moved] = [found as Sequence, Number(count)];
    session.seen = seen as string | null;
    if (last !== session.last) this.#changedAt = performance.now();
    session.last = last;
    if (moved >= 0) this.#drainFailure = undefined;
    if (moved > 0) this.#pauseMs = BUSY_MS;
    onLast(last, moved > 0 || (moved === 0 && lengths !== null));
    return { last, moved };
  }

  /** Appends are not sent meanwhile: their time would be over before this is done, and a timeout ends the connection that does the work. */
  #drain(session: Session): Promise<void> {
    const { connection } = this.#options;
    this.#draining ??= answerWithin(this.#turn(session, DRAIN), this.#drainMs)
      .then(
        () => {},
        (error: unknown) => {
          // The watch tells of a lock that is held, and by whom.
          if (isRefusal(error) && codeOf(error) !== LOCK_TIMEOUT) this.#drainFailure = error.message;
          if (isRefusal(error) || !connection.isUp) return;
          this.#drainMs *= 2;
          connection.restart();
        },
      )
      .finally(() => (this.#draining = undefined));
    return this.#draining;
  }

  async #look(): Promise<void> {
    if (this.#isLooking || this.#isStopped) return;
    this.#isLooking = true;
    const session = this.#session;
    try {
      if (!session.isLeader && performance.now() - session.triedToLeadAt > LEAD_MS) await this.#tryToLead(session);
      // What was restored or copied into the outbox has the transaction ids of another time, which no snapshot shows as new.
      if (performance.now() - session.lookedAtAllAt > (this.#options.lookAtAllMs ?? ALL_MS)) {
        session.seen = null;
        session.lookedAtAllAt = performance.now();
      }
      const before = session.last;
      session.hasAppended = false;
      const { last, moved } = await this.#turn(session, LOOK);
      if (moved < 0) await this.#drain(session);
      if (this.#drainFailure) this.#pauseMs = FOLLOWER_MS;
      else if (moved === 0) this.#pauseMs = Math.min(this.#idleMs, this.#pauseMs * 2);
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
