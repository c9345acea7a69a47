/**
 * Who delivers next. A subscriber that never has to wait (a long snapshot, a fast socket) would starve everything else, and
 * 2,000 of them after a reconnect would starve those who only wait for what is new. So each takes a turn for every delivery:
 *
 *   live      near the head: goes first
 *   begun     replays that were let in, and newcomers for their first entries
 *   waiting   replays that have used up their stint, oldest first: one is let in whenever none that has begun is ready
 *
 * Nothing is held by who doesn't ask: a slow reader keeps its stint, but others are let in while it reads. Both kinds have
 * a bounded time in each turn of the event loop, of which the replays' can't be taken from them, so that all get on when there
 * is more to deliver than can be.
 */

/**
 * Of each turn of the event loop, in ms. What a single delivery takes comes on top. Short, for libuv accepts one connection a
 * turn: with turns of 12 ms a herd of 2,000 needs minutes to get in.
 */
const LIVE_MS = 2;
const REPLAY_MS = 1;
/** Entries. Small maps needn't wait behind large ones, and still few replays are at work at a time. */
const STINT = 10_000;
/** What a newcomer gets at once; a mirror, its first message. */
const FIRST_STINT = 100;

/** What is to be done in a turn; `until`: when it should be over (`performance.now()`), for who can stop earlier. */
export type Come = (until: number) => void;

/** One subscriber's turns. */
export class DeliverySlot {
  readonly #scheduler: DeliveryScheduler;
  #stint = FIRST_STINT;
  #lane: Lane<DeliverySlot> | undefined;
  #come: Come = () => {};

  constructor(scheduler: DeliveryScheduler) {
    this.#scheduler = scheduler;
  }

  /** Calls `come` when it is this subscriber's turn. `spent`: how many entries it delivered in its last one. */
  ask(isLive: boolean, spent: number, come: Come): void {
    if (!isLive) this.#stint -= spent;
    this.#lane?.delete(this);
    this.#come = come;
    this.#lane = this.#scheduler.queue(this, isLive ? 'live' : this.#stint > 0 ? 'begun' : 'waiting');
  }

  /** Whoever waits for it, waits no longer. */
  leave(): void {
    this.#lane?.delete(this);
  }

  /** Called by `DeliveryScheduler`, once for each time in the queue. */
  come(until: number): void {
    if (this.#stint <= 0) this.#stint = STINT;
    this.#come(until);
  }
}

/** Slots that are awaited: until it is this subscriber's, or it has left. */
export class AwaitedSlot {
  readonly #turn: DeliverySlot;
  readonly #signal: AbortSignal;
  #resolve: () => void = () => {};
  readonly #leave = (): void => {
    this.#turn.leave();
    this.#resolve();
  };

  constructor(scheduler: DeliveryScheduler, signal: AbortSignal) {
    this.#turn = new DeliverySlot(scheduler);
    this.#signal = signal;
    signal.addEventListener('abort', this.#leave);
  }

  async take(isLive: boolean, spent: number): Promise<void> {
    if (this.#signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.#resolve = resolve;
      this.#turn.ask(isLive, spent, () => resolve());
    });
  }

  release(): void {
    this.#signal.removeEventListener('abort', this.#leave);
  }
}

/** First in, first out, but any may leave. */
class Lane<Member> {
  readonly #members = new Set<Member>();
  /** Everything before it has gone, so it never looks at a place twice. */
  #next = this.#members.values();

  get size(): number {
    return this.#members.size;
  }

  add(member: Member): void {
    this.#members.add(member);
  }

  delete(member: Member): void {
    this.#members.delete(member);
  }

  shift(): Member | undefined {
    if (this.#members.size === 0) return undefined;
    let { value } = this.#next.next();
    if (!value) {
      // An iterator that has come to the end stays there.
      this.#next = this.#members.values();
      ({ value } = this.#next.next());
    }
    if (value) this.#members.delete(value);
    return value;
  }
}

/** The turns of all subscribers of one map. */
export class DeliveryScheduler {
  readonly #lanes = {
    live: new Lane<DeliverySlot>(),
    begun: new Lane<DeliverySlot>(),
    waiting: new Lane<DeliverySlot>(),
  };
  /** When this turn of the event loop made its first delivery; undefined until then. */
  #openedAt: number | undefined;
  #hasReplayed = false;
  #isTicking = false;

  queue(turn: DeliverySlot, name: 'live' | 'begun' | 'waiting'): Lane<DeliverySlot> {
    this.#lanes[name].add(turn);
    this.#tick();
    return this.#lanes[name];
  }

  /** A tick comes when everything that the last delivery has set off is done: so time is looked at after each. */
  #tick(): void {
    if (this.#isTicking) return;
    this.#isTicking = true;
    // A tick asked for by another would come before what that one has set off.
    queueMicrotask(() =>
      process.nextTick(() => {
        this.#isTicking = false;
        this.#go();
      }),
    );
  }

  #go(): void {
    const now = performance.now();
    this.#openedAt ??= this.#open(now);
    const spent = now - this.#openedAt;
    const { live, begun, waiting } = this.#lanes;
    const isLive = live.size > 0 && spent < LIVE_MS;
    // One at least, however long the live ones took.
    if (!isLive && this.#hasReplayed && spent >= LIVE_MS + REPLAY_MS) return;
    const turn = isLive ? live.shift() : (begun.shift() ?? waiting.shift());
    if (!turn) return;
    this.#hasReplayed ||= !isLive;
    turn.come(this.#openedAt + (isLive ? LIVE_MS : LIVE_MS + REPLAY_MS));
    this.#tick();
  }

  #open(now: number): number {
    this.#hasReplayed = false;
    setImmediate(() => {
      this.#openedAt = undefined;
      if (Object.values(this.#lanes).some(({ size }) => size > 0)) this.#go();
    });
    return now;
  }
}
