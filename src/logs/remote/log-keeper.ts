/**
 * Keeps the log readable for a node that starts, which needs a snapshot and every entry after it. An operator's command may have
 * removed one or the other. Then a node that has applied all of them saves its own state. Where no node can, the log says which
 * sequences are missing, and takes no appends: no node could read them later.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeCommand } from '../../core/model/command.ts';
import { errorFields, type Logger, messageOf } from '../../core/model/logger.ts';
import type { Epoch, Sequence } from '../../core/model/position.ts';
import type { LogSnapshot } from '../../core/replication/ordered-log.ts';
import type { LogState, RemoteLogSession, StoredSnapshot } from './driver.ts';
import { missing } from './missing.ts';
import type { SnapshotStore } from './snapshot-store.ts';
import type { RemoteSubscription } from './subscription.ts';

export interface LogKeeperOptions {
  readonly session: RemoteLogSession;
  readonly store: SnapshotStore;
  readonly logger: Logger;
  /** Whether the log has the entry that the snapshot was made of. */
  readonly hasEntryOf: (snapshot: StoredSnapshot) => Promise<boolean>;
  readonly save: (snapshot: LogSnapshot) => Promise<void>;
}

/** How often the snapshots are looked at, while nothing else has changed. */
const LIST_MS = 5000;
/** So that not all nodes claim at once. */
const MAX_DELAY_MS = 500;
const CLAIM_MS = 15_000;
/** How long another node may take to save its state. */
const GRACE_MS = 15_000;
const RETRY_MS = 5000;
/** How long this node may take to apply what the log holds. */
const REACH_MS = 5000;

export class LogKeeper {
  readonly #options: LogKeeperOptions;
  /** Entries that are missing between others, and a sequence that all of them are at or before. */
  #gaps = { count: 0, upTo: 0 };
  /** The snapshot that a node would start from, when it was last looked at. */
  #base = { sequence: 0, at: -Infinity };
  /** On the monotonic clock: since when a node that starts could not read the log. */
  #unreadableSince: number | undefined;
  #reason = '';
  #failure: string | undefined;
  #notBefore = 0;
  /** What was needed at the last check. */
  #triedFor = 0;
  #running: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: LogKeeperOptions) {
    this.#options = options;
  }

  /** Why no node could read the log, when no node has been able to change that. */
  get trouble(): string | undefined {
    if (this.#unreadableSince === undefined) return undefined;
    if (this.#failure !== undefined) return `${this.#reason}: ${this.#failure}`;
    return performance.now() - this.#unreadableSince > GRACE_MS ? this.#reason : undefined;
  }

  /** A node reads all entries from `from` on: what is missing is before them. */
  follows(from: Sequence, state: LogState): void {
    this.#gaps = { count: gapsIn(state), upTo: from - 1 };
    this.#base = { sequence: 0, at: -Infinity };
  }

  /** Called each second. `subscription` has a state to save. */
  check(epoch: Epoch, state: LogState, subscription: RemoteSubscription): void {
    if (this.#isStopped || this.#running) return;
    const needed = this.#neededBy(state);
    if (needed !== this.#triedFor) this.#notBefore = 0;
    this.#triedFor = needed;
    if (this.#base.sequence >= needed && performance.now() - this.#base.at < LIST_MS) return;
    if (performance.now() < this.#notBefore) return;
    this.#running = this.#keep(epoch, state, needed, subscription)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => (this.#running = undefined));
  }

  /** What is under way ends when the session is closed. */
  stop(): void {
    this.#isStopped = true;
  }

  /** The least sequence of a snapshot from which a node can start; 0 if it needs none. */
  #neededBy(state: LogState): number {
    const count = gapsIn(state);
    if (count === 0) this.#gaps = { count, upTo: 0 };
    else if (count > this.#gaps.count) this.#gaps = { count, upTo: state.last };
    else this.#gaps = { ...this.#gaps, count };
    return state.first <= 1 && count === 0 ? 0 : Math.max(state.first, this.#gaps.upTo);
  }

  async #keep(epoch: Epoch, state: LogState, needed: number, subscription: RemoteSubscription): Promise<void> {
    const { session, logger } = this.#options;
    if ((await this.#isReadable(epoch, needed)) !== false) return;
    await sleep(Math.random() * MAX_DELAY_MS, undefined, { ref: false });
    if (this.#isStopped || !(await session.rescues.claim(CLAIM_MS))) return;
    try {
      if ((await this.#isReadable(epoch, needed)) !== false) return;
      logger.warn({ first: state.first, last: state.last }, `${this.#reason}: saving the state of this node`);
      await this.#save(subscription, needed, state.last);
      if (!(await this.#isReadable(epoch, needed))) throw new Error('the snapshot that this node has saved is gone');
      logger.info({ sequence: this.#base.sequence }, 'saved the state of this node as a snapshot');
    } finally {
      await session.rescues.release().catch(() => {});
    }
  }

  /** Whether a node that starts finds a snapshot, if it needs one; undefined when the snapshots can't be read now. */
  async #isReadable(epoch: Epoch, needed: number): Promise<boolean | undefined> {
    try {
      const base = await this.#findBase(epoch, needed);
      if (base === undefined) this.#unreadableSince ??= performance.now();
      else this.#found(base);
      return base !== undefined;
    } catch (error) {
      this.#unreadableSince ??= performance.now();
      const lost = needed > 0 ? `${missing(1, needed - 1)} in the log, and ` : '';
      this.#reason = `${lost}the snapshots can't be read: ${messageOf(error)}`;
      return undefined;
    }
  }

  /** The sequence of the snapshot that a node would start from. */
  async #findBase(epoch: Epoch, needed: number): Promise<number | undefined> {
    const { store, hasEntryOf } = this.#options;
    const stored = await store.list(epoch);
    if (needed === 0) return 0;
    for (const snapshot of stored)
      if (snapshot.sequence >= needed && (await store.isWhole(snapshot)) && (await hasEntryOf(snapshot)))
        return snapshot.sequence;
    const before = stored.find(({ sequence }) => sequence < needed)?.sequence ?? 0;
    const { count, upTo } = this.#gaps;
    const what = count > 0 && upTo >= needed ? `${count} entries up to sequence ${upTo} are missing` : '';
    this.#reason = `${what || missing(before + 1, needed - 1)} in the log, and no snapshot holds them`;
    return undefined;
  }

  async #save(subscription: RemoteSubscription, needed: number, end: Sequence): Promise<void> {
    const { session, save } = this.#options;
    await this.#reach(subscription, end);
    // A snapshot can be told from one of a log that has lost its newest part only if the log has the entry that it was made of.
    const last = subscription.next - 1;
    const hasLast = last >= needed && (await session.entryAt(last as Sequence)) !== undefined;
    const target = hasLast ? last : await this.#appendMark();
    await this.#reach(subscription, target);
    const snapshot = await subscription.snapshot();
    if (!snapshot) throw new Error('this node has no state to save');
    await save(snapshot);
  }

  async #reach(subscription: RemoteSubscription, sequence: number): Promise<void> {
    const deadline = performance.now() + REACH_MS;
    while (!subscription.isStopped && subscription.next <= sequence && performance.now() < deadline) await sleep(20);
    if (subscription.isStopped || subscription.next <= sequence)
      throw new Error(`${missing(subscription.next, sequence)} on this node as well`);
  }

  /** An entry that changes nothing. */
  #appendMark(): Promise<Sequence> {
    const id = `keep-${crypto.randomUUID()}`;
    return this.#options.session.appender.append(encodeCommand(id, { kind: 'tick' }), id);
  }

  #found(sequence: number): void {
    this.#base = { sequence, at: performance.now() };
    if (this.#unreadableSince !== undefined) this.#options.logger.info({}, 'a node that starts can read the log again');
    this.#unreadableSince = undefined;
    this.#failure = undefined;
  }

  #fail(error: unknown): void {
    if (this.#isStopped) return;
    this.#notBefore = performance.now() + RETRY_MS;
    this.#unreadableSince ??= performance.now();
    const failure = messageOf(error);
    if (failure !== this.#failure) this.#options.logger.warn(errorFields(error), `${this.#reason}: ${failure}`);
    this.#failure = failure;
  }
}

/** How many entries between the first and the last are missing. */
const gapsIn = ({ first, last, count }: LogState): number => Math.max(0, last - first + 1 - count);
