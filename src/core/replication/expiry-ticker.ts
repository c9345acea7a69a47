/**
 * Appends a tick when something is overdue and no command comes. Every node has one, so each waits a random delay first, and
 * what is due is judged by the log's time plus the monotonic time since, never by a node's own wall clock.
 */
const TICK_MS = 250;
/** The longest that a timer can wait. */
const MAX_DELAY_MS = 0x7fffffff;

export class Ticker {
  readonly #tick: () => Promise<unknown>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #fireAt = Infinity;
  #due: { at: number; logTime: number; since: number } | undefined;
  #isTicking = false;
  #isStopped = false;

  constructor(tick: () => Promise<unknown>) {
    this.#tick = tick;
  }

  /** `dueAt`: when the first item expires, in log time; `logTime`: the log's time now. Called after every command. */
  arm(dueAt: number | undefined, logTime: number): void {
    this.#due = dueAt === undefined ? undefined : { at: dueAt, logTime, since: performance.now() };
    // While a tick is under way the next one is up to `#fire`.
    if (!this.#isTicking) this.#schedule(Math.random() * TICK_MS);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #schedule(delay: number): void {
    if (!this.#due || this.#isStopped) return;
    const now = performance.now();
    const fireAt = Math.max(now, this.#overdueAt()) + delay;
    // An armed timer that fires early finds nothing due and is set again: cheaper than setting it anew for each command.
    if (this.#fireAt <= fireAt) return;
    clearTimeout(this.#timer);
    this.#fireAt = fireAt;
    this.#timer = setTimeout(() => void this.#fire(), Math.min(fireAt - now, MAX_DELAY_MS));
    this.#timer.unref?.();
  }

  #overdueAt(): number {
    return this.#due ? this.#due.since + this.#due.at - this.#due.logTime : Infinity;
  }

  async #fire(): Promise<void> {
    this.#fireAt = Infinity;
    if (performance.now() < this.#overdueAt()) return this.#schedule(Math.random() * TICK_MS);
    this.#isTicking = true;
    const isAppended = await this.#tick().then(
      () => true,
      () => false,
    );
    this.#isTicking = false;
    // A tick expires so many at the most. Whose tick it was goes on at once with the rest; the other nodes wait.
    const isMoreDue = performance.now() >= this.#overdueAt();
    this.#schedule(isAppended && isMoreDue ? 0 : Math.random() * TICK_MS);
  }
}
