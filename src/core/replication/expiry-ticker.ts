/**
 * Appends a tick command when an item is overdue and no other command comes. Every node has a ticker, so each waits a random delay first.
 * Items are due by the log's time plus the monotonic time since, never by the wall clock of a node.
 */
const TICK_MS = 250;
/** The longest delay of a timer. */
const MAX_DELAY_MS = 0x7fffffff;

export class ExpiryTicker {
  readonly #tick: () => Promise<unknown>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #fireAt = Infinity;
  #due: { at: number; logTime: number; since: number } | undefined;
  #isTicking = false;
  #isStopped = false;

  constructor(tick: () => Promise<unknown>) {
    this.#tick = tick;
  }

  /** Called after every command. `dueAt`: the log time at which the first item expires; `logTime`: the log's time now. */
  arm(dueAt: number | undefined, logTime: number): void {
    this.#due = dueAt === undefined ? undefined : { at: dueAt, logTime, since: performance.now() };
    // While a tick is under way, `#fire` schedules the next one.
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
    // A timer that fires too early is set again: cheaper than setting a timer for every command.
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
    // A tick expires a limited number of items. The node whose tick it was goes on at once; the other nodes wait.
    const isMoreDue = performance.now() >= this.#overdueAt();
    this.#schedule(isAppended && isMoreDue ? 0 : Math.random() * TICK_MS);
  }
}
