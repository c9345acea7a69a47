import type { Socket } from 'node:net';
import { Account, type Ledger } from './account.ts';
import type { Turns } from '../protocol/turns.ts';

export interface AnswerLimits {
  /** Of all connections, in bytes. */
  readonly total: number;
  /** The part of `total` that only connections with little to read may take, in bytes. */
  readonly reserve: number;
  /** What a connection with little to read takes at most, in bytes. */
  readonly small: number;
  /** What a connection may take besides the answer that is being made, in bytes. */
  readonly perConnection: number;
  /** Time without progress after which a connection is cut while answers are refused, in ms. */
  readonly patienceMs: number;
  /** The same for a connection with little to read, and for one that only subscriptions have written to. */
  readonly smallPatienceMs: number;
  /** The same beyond `total` for a connection that only subscriptions have written to. Beyond half as much again none is needed. */
  readonly relievedAfterMs: number;
  /** Time without progress after which a connection is cut in any case, in ms. */
  readonly maxSilenceMs: number;
}

const MIB = 1024 * 1024;

const LIMITS: AnswerLimits = {
  total: 128 * MIB,
  reserve: 8 * MIB,
  small: 32 * 1024,
  perConnection: 4 * MIB,
  patienceMs: 30_000,
  smallPatienceMs: 2000,
  relievedAfterMs: 1000,
  maxSilenceMs: 60_000,
};

/** Interval at which connections are looked at, in ms. */
const LOOK_EVERY_MS = 1000;

/** The share of `total` down to which connections are cut. */
const RELIEVED = 0.5;

/** The share of `total` beyond which connections are cut that still make progress. */
const EXCESS = 1.5;

const ACCOUNT = Symbol('account');

type Accounted = Socket & { [ACCOUNT]?: Account };

/** A listener that all sockets share. */
function closeAccount(this: Accounted): void {
  this[ACCOUNT]?.close();
}

/**
 * The memory that answers take until their clients have read them, of all connections of one server. An answer takes its memory before it is
 * made. Beyond the total it is refused.
 *
 * A reserve keeps small answers going while large ones fill the rest. Clients that read nothing would fill both for ever, so while answers
 * are refused, connections that make no progress are cut, the longest silent first.
 *
 * Results of subscriptions are not refused, because many clients share them. Beyond the total the connections with most of them are cut at
 * once: their clients resume.
 */
export class UnreadAnswers implements Ledger {
  readonly limits: AnswerLimits;
  readonly turns: Turns;
  /** Taken by all accounts. */
  bytes = 0;
  /** Accounts that have taken something since the last look. A set that becomes empty with each answer makes a table each time. */
  readonly #accounts = new Set<Account>();
  /** Whether an answer was refused since the last look. */
  #isShort = false;
  /** Whether a relief is scheduled for the end of this turn of the event loop. */
  #isRelieving = false;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(turns: Turns, limits: Partial<AnswerLimits> = {}, lookEveryMs = LOOK_EVERY_MS) {
    this.turns = turns;
    this.limits = { ...LIMITS, ...limits };
    this.#timer = setInterval(() => this.#look(performance.now()), lookEveryMs);
    this.#timer.unref();
  }

  /** The account of a connection, which ends with it. */
  accountOf(socket: Accounted): Account {
    let account = socket[ACCOUNT];
    if (!account) {
      account = new Account(this, socket);
      socket[ACCOUNT] = account;
      // Not `once`, whose wrapper takes 200 bytes.
      socket.on('close', closeAccount);
      if (socket.destroyed) account.close();
    }
    return account;
  }

  admits(account: Account, bytes: number): boolean {
    const { total, reserve, small } = this.limits;
    const limit = account.held + bytes <= small ? total : total - reserve;
    if (this.bytes + bytes <= limit) return true;
    this.#isShort = true;
    return false;
  }

  changed(account: Account, bytes: number): void {
    this.bytes += bytes;
    if (bytes > 0 && account.held === bytes) this.#accounts.add(account);
    if (bytes <= 0 || this.#isRelieving || this.bytes <= this.limits.total) return;
    this.#isRelieving = true;
    setImmediate(() => this.#relieve(performance.now()));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #relieve(now: number): void {
    const { total, relievedAfterMs } = this.limits;
    this.#isRelieving = false;
    const written = [...this.#accounts]
      .filter(({ isWritten, held }) => isWritten && held > 0)
      .sort((a, b) => b.held - a.held);
    for (const account of written) {
      if (this.bytes <= total) return;
      if (account.silence(now) >= relievedAfterMs || this.bytes > total * EXCESS) account.cut();
    }
  }

  #look(now: number): void {
    const { total, reserve, small, patienceMs, smallPatienceMs, maxSilenceMs } = this.limits;
    const isShort = this.#isShort || this.bytes > total;
    this.#isShort = false;
    const silent: { account: Account; ms: number }[] = [];
    for (const account of this.#accounts) {
      if (account.held === 0) {
        this.#accounts.delete(account);
        continue;
      }
      const ms = account.silence(now);
      const isSmall = account.held <= small || account.isWritten;
      const patience = isSmall && this.bytes > total - reserve ? smallPatienceMs : patienceMs;
      if (ms >= maxSilenceMs || (isShort && ms >= patience)) silent.push({ account, ms });
    }
    silent.sort((a, b) => b.ms - a.ms);
    for (const { account, ms } of silent) if (ms >= maxSilenceMs || this.bytes > total * RELIEVED) account.cut();
  }
}
