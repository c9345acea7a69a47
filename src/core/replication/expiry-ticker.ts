/**
 * Appends a tick command when an item is overdue and no other command comes. Every node has a ticker, so each waits a random delay first.
 *
 * Three clocks tell that an item is overdue, because each of them fails in its own way:
 *
 * - The monotonic clock since the newest entry. It is right while the log's clock is set back, which the tick then carries into the log
 *   (`at`). It stands still while the machine sleeps.
 * - The wall clock since the newest entry. It shows sleep, and jumps when it is set. So it only causes a tick, whose own time decides.
 * - The log's clock itself, where the log has one of its own (`OrderedLog.now`). Then it is the only one that counts.
 *
 * Timers follow the monotonic clock. So the clocks are looked at once a second, as long as an item has an expiry.
 */
import type { Command } from '../model/command.ts';
import { LEAST_FALL_MS, type LogClock } from '../replica/log-clock.ts';

/** A tick of `at` moves the log's clock forward to that time. */
type Tick = Extract<Command, { readonly kind: 'tick' }>;

export interface ExpiryTickerOptions {
  readonly submit: (tick: Tick) => Promise<unknown>;
  /** The log's clock, if it isn't that of a machine. */
  readonly now?: (() => number) | undefined;
}

interface Due {
  /** The time of the log's clock at which the first item expires. */
  readonly at: number;
  readonly clock: LogClock;
  /** When `clock` was set, by the monotonic clock and the wall clock of this machine. */
  readonly steady: number;
  readonly wall: number;
}

const TICK_MS = 250;
/** With the delay of a tick this is below a second. */
const LOOK_MS = 700;
/** The wall clock was set back if it lost so much to the monotonic clock. Drift never does, because an entry comes sooner. */
const SET_BACK_MS = 500;

export class ExpiryTicker {
  readonly #options: ExpiryTickerOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #fireAt = Infinity;
  #due: Due | undefined;
  #isTicking = false;
  #isStopped = false;

  constructor(options: ExpiryTickerOptions) {
    this.#options = options;
  }

  /** Called after every command. `dueAt`: the time at which the first item expires, by the log's clock. */
  arm(dueAt: number | undefined, clock: LogClock): void {
    this.#due = dueAt === undefined ? undefined : { at: dueAt, clock, steady: performance.now(), wall: Date.now() };
    // While a tick is under way, `#look` schedules the next one.
    if (!this.#isTicking) this.#schedule(this.#delay());
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  /** In ms: a random delay after the item is due, or the time until the next look at the clocks. */
  #delay(): number {
    const { now } = this.#options;
    const random = Math.random();
    const remaining = this.#due ? this.#due.at - (now ? this.#due.clock.at(now()) : this.#steadyTime(this.#due)) : 0;
    return Math.min(Math.max(0, remaining) + random * TICK_MS, LOOK_MS * (1 - random / 2));
  }

  #schedule(delay: number): void {
    if (!this.#due || this.#isStopped) return;
    const fireAt = performance.now() + delay;
    // A timer that fires too early is set again: cheaper than setting a timer for every command.
    if (this.#fireAt <= fireAt) return;
    clearTimeout(this.#timer);
    this.#fireAt = fireAt;
    this.#timer = setTimeout(() => void this.#look(), delay);
    this.#timer.unref?.();
  }

  async #look(): Promise<void> {
    this.#fireAt = Infinity;
    const tick = this.#due && this.#tickNow(this.#due);
    if (!tick) return this.#schedule(this.#delay());
    this.#isTicking = true;
    const isAppended = await this.#options.submit(tick).then(
      () => true,
      () => false,
    );
    this.#isTicking = false;
    // A tick expires a limited number of items. The node whose tick it was goes on at once; the other nodes wait.
    const isMoreDue = this.#due !== undefined && this.#tickNow(this.#due) !== undefined;
    this.#schedule(isMoreDue ? (isAppended ? 0 : Math.random() * TICK_MS) : this.#delay());
  }

  /** The tick that is to be appended now, if any. */
  #tickNow(due: Due): Tick | undefined {
    const { at, clock, steady, wall } = due;
    const { now } = this.#options;
    // A fall is noted at once, so that the log's clock goes on from there.
    if (now) return clock.at(now()) >= at || now() < clock.raw - LEAST_FALL_MS ? { kind: 'tick' } : undefined;
    const passed = Date.now() - wall;
    const steadyTime = this.#steadyTime(due);
    if (steadyTime >= at) return { kind: 'tick', at };
    if (passed < performance.now() - steady - SET_BACK_MS) return { kind: 'tick', at: steadyTime };
    return clock.at(clock.raw + passed) >= at ? { kind: 'tick' } : undefined;
  }

  /** The log's clock as it should be now. */
  #steadyTime({ clock, steady }: Due): number {
    return Math.floor(clock.at(clock.raw + performance.now() - steady));
  }
}
