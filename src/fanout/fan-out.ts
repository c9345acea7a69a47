/**
 * Delivers to all subscribers of a map from their positions, without a generator, promise or execution for each:
 *
 *     head ──▶ sweep   each outlet whose subscribers are near the head: one write each
 *     turns ─▶ replay  one subscriber: one chunk
 *
 * Both take turns with the generators' subscribers (core/turns.ts). A sweep begins when everything that this turn of the event
 * loop brings has been applied, and goes on where it stopped when its time is over; who is served late gets more at once.
 */
import type { ExecutionResult, GraphQLSchema } from 'graphql';
import type { Operation, StreamRequest } from '../../schema/request/context.ts';
import { ChangesReader } from '../core/subscriptions/item-changes.ts';
import { ItemsReader, type Source } from '../core/subscriptions/items.ts';
import type { Place } from '../core/model/position.ts';
import { DeliverySlot } from '../core/subscriptions/scheduler.ts';
import type { Framing } from './framing.ts';
import { Group } from './group.ts';
import type { Outlet } from './outlet.ts';
import type { IsShared } from './selection.ts';
import { Selections } from './selections.ts';
import { type Ended, type SubscriberHost, type Reader, Subscriber } from './subscriber.ts';

/** How many rendered passages are kept at a time: a few hundred KB each at the most, mostly some 50 KB. */
const MAX_KEPT = 256;
/**
 * How many outlets gather what they are sent before the first of them writes it, and how much. Between the kernel's writes each
 * subscriber would have to come from afar; and writes that follow each other closely wake up fewer readers.
 */
const [AT_ONCE, AT_ONCE_BYTES] = [256, 1024 * 1024];

export interface FanOutOptions {
  readonly schema: GraphQLSchema;
  readonly source: Source<unknown>;
  /** The JSON of a result, its errors as clients see them. */
  readonly format: (result: ExecutionResult) => string;
  /** Where the schema isn't ours: see `SelectionParts`. */
  readonly isShared?: IsShared | undefined;
}

export interface Subscription {
  readonly stream: StreamRequest;
  readonly operation: Operation;
  readonly outlet: Outlet;
  readonly framing: Framing;
  /** Aborts when the client has gone. */
  readonly left: AbortSignal;
  readonly ended: Ended;
}

export class FanOut implements SubscriberHost {
  readonly source: Source<unknown>;
  readonly replaying = new Set<Subscriber>();
  readonly #selections: Selections;
  readonly #groups = new Map<string, Group>();
  readonly #turn: DeliverySlot;
  /** Those that have subscribers near the head. */
  readonly #live = new Set<Outlet>();
  /** Of these, who need not wait until the head moves. */
  readonly #fresh = new Set<Outlet>();
  /** Goes through all, once for each head that a sweep finds. */
  #round = this.#live.values();
  #swept: Place | undefined;
  #isSweeping = false;
  #kept = 0;

  constructor({ schema, source, format, isShared }: FanOutOptions) {
    this.source = source;
    this.#selections = new Selections(schema, format, isShared);
    this.#turn = new DeliverySlot(source.scheduler);
  }

  /** Resolves once the subscriber stands where it was asked to start. Rejects as the request's `start` does. */
  async subscribe({ stream, operation, outlet, framing, left, ended }: Subscription): Promise<Subscriber> {
    const { counters } = this.source;
    counters.subscriptions++;
    const reader = await this.#start(stream, left).catch((error: unknown) => {
      counters.subscriptions--;
      throw error;
    });
    // From here on in one synchronous block: no move of the head goes unseen.
    const group = this.#groupOf(stream, operation);
    const subscriber = new Subscriber(this, { outlet, group, reader, framing, ended });
    group.size++;
    outlet.subscribers.add(subscriber);
    if (left.aborted) subscriber.leave();
    else subscriber.goOn(0);
    return subscriber;
  }

  serve(outlet: Outlet): void {
    this.#live.add(outlet);
    this.#fresh.add(outlet);
    this.#wake();
  }

  left(subscriber: Subscriber): void {
    const { outlet, group } = subscriber;
    outlet.subscribers.delete(subscriber);
    if (outlet.subscribers.size === 0) {
      this.#live.delete(outlet);
      this.#fresh.delete(outlet);
    }
    if (--group.size === 0) this.#groups.delete(group.name);
    if (this.#groups.size === 0) this.source.heads.removeEventListener('head', this.#onHead);
    this.source.counters.subscriptions--;
  }

  async #start({ kind, request }: StreamRequest, left: AbortSignal): Promise<Reader> {
    return kind === 'items'
      ? request.start(left, (resumed) => new ItemsReader(this.source, request, resumed))
      : request.start(left, (resumed) => new ChangesReader(this.source, resumed));
  }

  #groupOf(stream: StreamRequest, operation: Operation): Group {
    const name = this.#selections.name(stream, operation);
    let group = this.#groups.get(name);
    if (!group) {
      const render = this.#selections.render(operation);
      const { kind, request } = stream;
      const { filter } = request;
      group = new Group({ name, kind, source: this.source, filter, render, onKept: this.#noteKept });
      // Who serves nobody keeps nobody's map.
      if (this.#groups.size === 0) this.source.heads.addEventListener('head', this.#onHead);
      this.#groups.set(name, group);
    }
    return group;
  }

  readonly #onHead = (): void => {
    // Where the map is closed, the head is the same, and is told to all once more.
    if (this.source.isClosed) this.#swept = undefined;
    this.#wake();
  };

  #wake(): void {
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    // What else this turn of the event loop brings goes out in the same writes.
    setImmediate(() => this.#turn.ask(true, 0, this.#sweep));
  }

  readonly #sweep = (until: number): void => {
    for (let outlets = this.#gather(until); outlets.length > 0; outlets = this.#gather(until)) {
      for (const outlet of outlets) this.#write(outlet);
      if (performance.now() >= until) return this.#turn.ask(true, 0, this.#sweep);
    }
    this.#isSweeping = false;
    // Nobody is left for whom it was rendered.
    if (this.replaying.size === 0) this.#forget();
  };

  #next(): Outlet | undefined {
    if (this.#fresh.size > 0) {
      const [fresh] = this.#fresh;
      if (fresh) this.#fresh.delete(fresh);
      return fresh;
    }
    const next = this.#round.next().value;
    const { head } = this.source.replica;
    if (next || this.#swept === head) return next;
    this.#swept = head;
    this.#round = this.#live.values();
    return this.#round.next().value;
  }

  readonly #noteKept = (): void => {
    if (++this.#kept > MAX_KEPT) this.#forget();
  };

  #forget(): void {
    this.#kept = 0;
    for (const group of this.#groups.values()) group.forget();
  }

  /** Some, one at least while there are any, with what they are sent next. */
  #gather(until: number): Outlet[] {
    const outlets: Outlet[] = [];
    let bytes = 0;
    do {
      const outlet = this.#next();
      if (!outlet) break;
      outlets.push(outlet);
      this.#deliver(outlet);
      bytes += outlet.size;
    } while (outlets.length < AT_ONCE && bytes < AT_ONCE_BYTES && performance.now() < until);
    return outlets;
  }

  #write(outlet: Outlet): void {
    outlet.flush();
    // It comes back when it has drained.
    if (outlet.isFull) this.#live.delete(outlet);
  }

  #deliver(outlet: Outlet): void {
    let [isLive, isCaughtUp] = [false, true];
    for (const subscriber of outlet.subscribers) {
      if (!subscriber.isLive) continue;
      isLive = true;
      // The rest when it has drained.
      if (outlet.isFull) break;
      subscriber.deliver();
      isCaughtUp &&= subscriber.isCaughtUp;
    }
    if (!isLive) return void this.#live.delete(outlet);
    if (isCaughtUp) return;
    // That was a chunk: it waits for nobody, and may go on.
    this.#write(outlet);
    if (!outlet.isFull) this.#fresh.add(outlet);
  }
}
