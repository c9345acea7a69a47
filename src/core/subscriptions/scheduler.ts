/**
 * Decides which subscription delivers next. A subscription that never waits (a long snapshot, a fast socket) would starve everything else,
 * and 2,000 of them after a reconnect would starve those that wait for new changes. So each asks for a slot for every delivery:
 *
 *   live      near the head: served first
 *   begun     replays with quantum left, and new subscriptions for their first entries
 *   waiting   replays that have used up their quantum, oldest first: one begins when no begun replay is ready
 *
 * A subscription that doesn't ask holds up no other: a slow reader keeps its quantum while others begin. Live subscriptions and replays each
 * have a bounded time per turn of the event loop, and live ones can't use up that of the replays, so both progress under overload.
 */

import { performance } from 'node:perf_hooks';

/**
 * Times per turn of the event loop, in ms; the last delivery may exceed them. They are short because libuv accepts one connection per turn:
 * with turns of 12 ms, 2,000 reconnecting clients need minutes.
 */
const LIVE_MS = 2;
const REPLAY_MS = 1;
/** Entries of one replay before another one begins. Small maps need no second quantum, and few replays are active at a time. */
const QUANTUM = 10_000;
/** Entries that a new subscription gets at once; for a mirror, its first message. */
const FIRST_QUANTUM = 100;

/** Delivers. `until`: the time (`performance.now()`) at which a delivery that can pause should do so. */
export type Run = (until: number) => void;

/** The slots of one subscription. */
export class DeliverySlot {
  readonly #scheduler: DeliveryScheduler;
  /** Entries that are left of the quantum. */
  #quantum = FIRST_QUANTUM;
  #queue: Queue<DeliverySlot> | undefined;
  #run: Run = () => {};

  constructor(scheduler: DeliveryScheduler) {
    this.#scheduler = scheduler;
  }

  /** Calls `run` once, when it is this subscription's turn. `spent`: how many entries its last slot delivered. */
  ask(isLive: boolean, spent: number, run: Run): void {
    if (!isLive) this.#quantum -= spent;
    this.#queue?.delete(this);
    this.#run = run;
    this.#queue = this.#scheduler.enqueue(this, isLive ? 'live' : this.#quantum > 0 ? 'begun' : 'waiting');
  }

  /** Withdraws the last `ask`. */
  leave(): void {
    this.#queue?.delete(this);
  }

  /** Called by `DeliveryScheduler`, once per `ask`. */
  run(until: number): void {
    if (this.#quantum <= 0) this.#quantum = QUANTUM;
    this.#run(until);
  }
}

/** A slot for `await`, withdrawn when `signal` aborts. */
export class AwaitedSlot {
  readonly #slot: DeliverySlot;
  readonly #signal: AbortSignal;
  #resolve: () => void = () => {};
  readonly #leave = (): void => {
    this.#slot.leave();
    this.#resolve();
  };

  constructor(scheduler: DeliveryScheduler, signal: AbortSignal) {
    this.#slot = new DeliverySlot(scheduler);
    this.#signal = signal;
    signal.addEventListener('abort', this.#leave);
  }

  /** Resolves when it is this subscription's turn, or `signal` aborts. */
  async take(isLive: boolean, spent: number): Promise<void> {
    if (this.#signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.#resolve = resolve;
      this.#slot.ask(isLive, spent, () => resolve());
    });
  }

  release(): void {
    this.#signal.removeEventListener('abort', this.#leave);
  }
}

/** First in, first out, with deletion from anywhere. */
export class Queue<Member extends object> {
  /** The only member. A set that becomes empty and is filled again makes a table each time, and the old ones keep the new ones alive. */
  #only: Member | undefined;
  /** The members when there are several. */
  readonly #members = new Set<Member>();
  /** Members before it have been deleted, so finding the first one takes O(1). */
  #next = this.#members.values();

  get size(): number {
    return this.#only === undefined ? this.#members.size : 1;
  }

  add(member: Member): void {
    if (this.size === 0) this.#only = member;
    if (this.#only === member) return;
    if (this.#only) this.#members.add(this.#only);
    this.#only = undefined;
    this.#members.add(member);
  }

  shift(): Member | undefined {
    const first = this.#only ?? this.#first();
    if (first) this.delete(first);
    return first;
  }

  /** An iterator keeps the members that the set held when it was used last. */
  delete(member: Member): void {
    if (this.#only === member) this.#only = undefined;
    else if (this.#members.delete(member) && this.#members.size === 0) this.#next = this.#members.values();
  }

  #first(): Member | undefined {
    if (this.#members.size === 0) return undefined;
    const { value } = this.#next.next();
    if (value) return value;
    // An iterator that has reached the end stays there.
    this.#next = this.#members.values();
    return this.#next.next().value;
  }
}

/** Counts the turns of the event loop. */
const turnOfEventLoop = (): number => performance.nodeTiming.uvMetricsInfo.loopCount;

/** The slots of all subscriptions of one map, or of all maps of one server. */
export class DeliveryScheduler {
  readonly #queues = {
    live: new Queue<DeliverySlot>(),
    begun: new Queue<DeliverySlot>(),
    waiting: new Queue<DeliverySlot>(),
  };
  /** When the current turn of the event loop made its first delivery, and the number of that turn. */
  #openedAt = -Infinity;
  #turn = -1;
  #hasReplayed = false;
  #isTicking = false;
  #isContinued = false;
  #isHeld = (): boolean => false;
  /** The turn of the event loop in which deliveries wait. */
  #heldTurn: number | undefined;

  /** `isHeld`: asked before each delivery, whether deliveries should wait for the next turn of the event loop. */
  holdWhile(isHeld: () => boolean): void {
    this.#isHeld = isHeld;
  }

  /**
   * Makes a function that calls a slice of a long work later, before the live deliveries or among the replays. `isOver` tells the slice when
   * its time is over.
   */
  deferSlices(isLive: boolean): (slice: (isOver: () => boolean) => void) => void {
    const slot = new DeliverySlot(this);
    return (slice) => slot.ask(isLive, 0, (until) => slice(() => performance.now() >= until));
  }

  enqueue(slot: DeliverySlot, name: 'live' | 'begun' | 'waiting'): Queue<DeliverySlot> {
    this.#queues[name].add(slot);
    this.#tick();
    return this.#queues[name];
  }

  /** Runs after everything that the last delivery has set off, so that its time counts. */
  #tick(): void {
    if (this.#isTicking) return;
    this.#isTicking = true;
    // Without the microtask, a tick requested within a tick would run before what that tick has set off.
    queueMicrotask(() =>
      process.nextTick(() => {
        this.#isTicking = false;
        this.#runNext();
      }),
    );
  }

  #runNext(): void {
    if (this.#mustWait()) return this.#goOnInNextTurn();
    const now = performance.now();
    if (now - this.#openedAt >= LIVE_MS) this.#openInNewTurn(now);
    const spent = now - this.#openedAt;
    const { live, begun, waiting } = this.#queues;
    const isLive = live.size > 0 && spent < LIVE_MS;
    // At least one replay per turn, however long the live ones took.
    const isOver = !isLive && this.#hasReplayed && spent >= LIVE_MS + REPLAY_MS;
    const slot = isLive ? live.shift() : isOver ? undefined : (begun.shift() ?? waiting.shift());
    if (!slot) return this.#goOnInNextTurn();
    this.#hasReplayed ||= !isLive;
    slot.run(this.#openedAt + (isLive ? LIVE_MS : LIVE_MS + REPLAY_MS));
    if (this.#isAwaited) this.#tick();
  }

  /** Whether any slot was asked for. */
  get #isAwaited(): boolean {
    const { live, begun, waiting } = this.#queues;
    return live.size > 0 || begun.size > 0 || waiting.size > 0;
  }

  /** An immediate may still belong to the turn that is held. */
  #mustWait(): boolean {
    if (this.#isHeld()) this.#heldTurn = turnOfEventLoop();
    else if (this.#heldTurn !== undefined && this.#heldTurn !== turnOfEventLoop()) this.#heldTurn = undefined;
    return this.#heldTurn !== undefined;
  }

  /**
   * The times of a turn begin with its first delivery. They are compared only when they seem to be over: an immediate that ends each turn would
   * cost the event loop another round for each change.
   */
  #openInNewTurn(now: number): void {
    const turn = turnOfEventLoop();
    if (turn === this.#turn) return;
    [this.#turn, this.#openedAt, this.#hasReplayed] = [turn, now, false];
  }

  #goOnInNextTurn(): void {
    if (this.#isContinued || !this.#isAwaited) return;
    this.#isContinued = true;
    setImmediate(() => {
      this.#isContinued = false;
      [this.#openedAt, this.#turn] = [-Infinity, -1];
      this.#runNext();
    });
  }
}
