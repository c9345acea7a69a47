/**
 * One listener of a remote log. It hands on dense sequences only, and breaks as soon as the log is another one than it was:
 * replaced, trimmed beyond the listener, or without its newest part.
 */
import type { LogEntry, LogListener, LogSnapshot } from '../../core/replication/ordered-log.ts';
import type { Epoch, Sequence } from '../../core/model/position.ts';
import { missing } from './missing.ts';
import type { EntryReceiver, EntrySource, LogState, RemoteLogSession } from './driver.ts';

export interface SubscriptionOptions {
  readonly session: RemoteLogSession;
  readonly epoch: Epoch;
  readonly from: Sequence;
  /** The entry before `from`, if it is still there. */
  readonly previous: LogEntry | undefined;
  readonly listener: LogListener;
  readonly staleLooks: number;
}

/** Why a listener breaks whose log was deleted and created again. */
export const ANOTHER_LOG = 'another log has taken its place';

/** A listener lags when an entry has not arrived so long after it was seen in the log, in ms. */
const LAG_MS = 3000;

export class RemoteSubscription implements EntryReceiver {
  readonly epoch: Epoch;
  next: Sequence;
  previous: LogEntry | undefined;
  readonly #options: SubscriptionOptions;
  readonly #source: EntrySource;
  #bytes = 0;
  #nextAtLastCheck = 0;
  #staleLooks = 0;
  /** The last entry of the log at some time, and when it had arrived. */
  #mark: { readonly last: number; readonly setAt: number; reachedAt: number | undefined };
  #isLagging = false;
  /** Why no entries come: the log has not got them, or hands none out. */
  #lack: string | undefined;
  #refusal: string | undefined;
  #isStopped = false;

  constructor(options: SubscriptionOptions) {
    this.epoch = options.epoch;
    this.#options = options;
    this.next = options.from;
    this.previous = options.previous;
    const now = performance.now();
    this.#mark = { last: this.next - 1, setAt: now, reachedAt: now };
    this.#source = options.session.follow(this);
  }

  /** The average size of the entries that have come. */
  get meanBytes(): number {
    return this.#bytes / Math.max(1, this.next - this.#options.from);
  }

  /** Why no entries come: none will, until somebody changes that. */
  get lack(): string | undefined {
    return this.#isStopped ? undefined : (this.#refusal ?? this.#lack);
  }

  lacks(last: Sequence): void {
    this.#lack = `${missing(this.next, last)} in the log, though it has counted as far`;
  }

  refused(reason: string): void {
    this.#refusal = reason;
  }

  /** What has not arrived in time, or why nothing arrives. Undefined while the listener keeps up. */
  get lag(): string | undefined {
    if (this.#isStopped) return undefined;
    if (this.#source.trouble !== undefined) return this.#source.trouble;
    if (!this.#isLagging) return undefined;
    return `this node lags: it has sequence ${this.next - 1} of ${Math.max(this.#mark.last, this.next)}`;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Whether the listener has a state of its own. */
  get hasState(): boolean {
    return this.#options.listener.snapshot !== undefined;
  }

  /** The listener's state; undefined if it has none. */
  async snapshot(): Promise<LogSnapshot | undefined> {
    return this.#options.listener.snapshot?.();
  }

  async start(): Promise<void> {
    await this.#source.start();
  }

  stop(): void {
    this.#isStopped = true;
    this.#source.stop();
  }

  receive(entries: readonly LogEntry[]): void {
    if (this.#isStopped) return;
    this.#refusal = undefined;
    const expected = this.next;
    const gap = entries.findIndex(({ sequence }, at) => sequence !== expected + at);
    const dense = gap < 0 ? entries : entries.slice(0, gap);
    const last = dense.at(-1);
    if (last) {
      this.#lack = undefined;
      this.next = (last.sequence + 1) as Sequence;
      this.previous = last;
      if (last.sequence >= this.#mark.last) this.#mark.reachedAt ??= performance.now();
      this.#bytes += dense.reduce((sum, { data }) => sum + data.length, 0);
      this.#options.listener.entries(dense);
    }
    if (gap < 0) return;
    const found = entries[gap]?.sequence ?? 0;
    this.break(
      found > this.next
        ? `${missing(this.next, found - 1)} in the log: the next entry is ${found}`
        : `expected sequence ${this.next}, got ${found}`,
    );
  }

  verify({ time, data }: LogEntry): boolean {
    const { previous } = this;
    const isSame = !previous || (previous.time === time && Buffer.compare(previous.data, data) === 0);
    if (!isSame) this.break(`entry ${previous.sequence} differs from the one that was delivered`);
    return isSame;
  }

  missesPrevious(state: LogState): void {
    const sequence = this.next - 1;
    const isRemoved = state.epoch === this.epoch && state.last >= sequence && state.first <= this.next;
    if (isRemoved) this.previous = undefined;
    else this.check(state, this.next);
  }

  /** `next` is what `this.next` was before the engine was asked for its state. */
  check({ epoch, first, last }: LogState, next: number): void {
    if (this.#isStopped) return;
    if (epoch !== this.epoch) return this.break(epoch ? ANOTHER_LOG : 'the log is gone');
    if (first > this.next) return this.break(`${missing(this.next, first - 1)} in the log, which begins with ${first}`);
    this.#staleLooks = last < next - 1 ? this.#staleLooks + 1 : 0;
    if (this.#staleLooks > this.#options.staleLooks)
      return this.break(`the log has lost entries: it ends at ${last}, and ${next - 1} had been delivered`);
    const isStalled = last >= this.next && this.next === this.#nextAtLastCheck;
    this.#nextAtLastCheck = this.next;
    if (last < this.next) this.#lack = undefined;
    this.#measure(last);
    if (isStalled || this.#staleLooks > 0) this.#source.restart();
  }

  /** One that lagged has caught up when the end of the log arrives in time again. */
  #measure(last: number): void {
    const now = performance.now();
    // The end of the log may have been taken back.
    if (last < this.next) this.#mark.reachedAt ??= now;
    const { setAt, reachedAt } = this.#mark;
    this.#isLagging = (reachedAt ?? now) - setAt > LAG_MS || (this.#isLagging && reachedAt === undefined);
    if (reachedAt !== undefined) this.#mark = { last, setAt: now, reachedAt: last < this.next ? now : undefined };
  }

  break(reason: string): void {
    if (this.#isStopped) return;
    this.stop();
    this.#options.listener.broken(reason);
  }
}
