/**
 * Delivers to all subscribers of a map from their positions, without a generator, promise or execution for each:
 *
 *     head ──▶ sweep   each outlet whose subscribers are near the head: one write each
 *     slot ──▶ replay  one subscriber: one chunk
 *
 * Both share the time with the generators' subscribers (core/subscriptions/scheduler.ts). A sweep begins when everything that this
 * iteration of the event loop brings has been applied. It stops when its time is over and continues in its next slot; a subscriber that
 * is reached late gets more at once.
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
import { KeptTexts } from './kept-texts.ts';
import { Selections } from './selections.ts';
import { type Ended, type SubscriberHost, type Reader, Subscriber } from './subscriber.ts';

/** Of rendered pages: mostly some 50 KB each, a few hundred KB at the most. */
const MAX_KEPT_PAGES = 256;
/**
 * Limits of what outlets gather before the first of them writes. A batch is rendered before it is written, because interleaved writes
 * evict subscribers from the CPU cache; and writes that follow each other closely wake up fewer readers.
 */
const [MAX_OUTLETS_AT_ONCE, MAX_BYTES_AT_ONCE] = [256, 1024 * 1024];

export interface FanOutOptions {
  readonly schema: GraphQLSchema;
  readonly source: Source<unknown>;
  /** The JSON of a result, its errors as clients see them. */
  readonly format: (result: ExecutionResult) => string;
  /** In a user's schema: see `SelectionParts`. */
  readonly isShared?: IsShared | undefined;
}

export interface Subscription {
  readonly stream: StreamRequest;
  readonly operation: Operation;
  readonly outlet: Outlet;
  readonly framing: Framing;
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
  readonly ended: Ended;
}

export class FanOut implements SubscriberHost {
  readonly source: Source<unknown>;
  readonly replaying = new Set<Subscriber>();
  readonly #selections: Selections;
  readonly #groups = new Map<string, Group>();
  readonly #texts = new KeptTexts();
  readonly #slot: DeliverySlot;
  /** Outlets with subscribers near the head. */
  readonly #live = new Set<Outlet>();
  /** The live outlets that need not wait until the head moves. */
  readonly #fresh = new Set<Outlet>();
  /** Visits all live outlets, once for each head that a sweep finds. */
  #round = this.#live.values();
  #swept: Place | undefined;
  #isSweeping = false;
  #kept = 0;

  constructor({ schema, source, format, isShared }: FanOutOptions) {
    this.source = source;
    this.#selections = new Selections(schema, format, isShared);
    this.#slot = new DeliverySlot(source.scheduler);
  }

  /**
   * Resolves when the subscriber is at the position where it was asked to start. Rejects as the request's `start` does, and when the groups
   * keep too much of clients' texts.
   */
  async subscribe({ stream, operation, outlet, framing, signal, ended }: Subscription): Promise<Subscriber> {
    const { counters } = this.source;
    counters.subscriptions++;
    let [reader, group]: [Reader?, Group?] = [];
    try {
      reader = await this.#start(stream, signal);
      // One synchronous block from here on, so that no move of the head goes unseen.
      group = this.#groupOf(stream, operation);
    } catch (error) {
      counters.subscriptions--;
      throw error;
    }
    const subscriber = new Subscriber(this, { outlet, group, reader, framing, ended });
    group.size++;
    outlet.subscribers.add(subscriber);
    if (signal.aborted) subscriber.leave();
    else subscriber.goOn(0);
    return subscriber;
  }

  serve(outlet: Outlet): void {
    this.#live.add(outlet);
    this.#fresh.add(outlet);
    this.#wake();
  }

  remove(subscriber: Subscriber): void {
    const { outlet, group } = subscriber;
    outlet.subscribers.delete(subscriber);
    if (outlet.subscribers.size === 0) {
      this.#live.delete(outlet);
      this.#fresh.delete(outlet);
    }
    if (--group.size === 0) this.#drop(group);
    if (this.#groups.size === 0) this.source.heads.removeEventListener('head', this.#onHead);
    this.source.counters.subscriptions--;
  }

  async #start({ kind, request }: StreamRequest, signal: AbortSignal): Promise<Reader> {
    return kind === 'items'
      ? request.start(signal, (resumed) => new ItemsReader(this.source, request, resumed))
      : request.start(signal, (resumed) => new ChangesReader(this.source, resumed));
  }

  #groupOf(stream: StreamRequest, operation: Operation): Group {
    const name = this.#selections.name(stream, operation);
    let group = this.#groups.get(name);
    if (!group) {
      const render = this.#selections.render(operation);
      this.#texts.add(name, operation, stream.request.filter);
      const { kind, request } = stream;
      const { filter } = request;
      group = new Group({ name, kind, source: this.source, filter, render, onKept: this.#noteKept });
      // A fan-out without subscribers must not keep the map alive.
      if (this.#groups.size === 0) this.source.heads.addEventListener('head', this.#onHead);
      this.#groups.set(name, group);
    }
    return group;
  }

  #drop({ name }: Group): void {
    this.#groups.delete(name);
    this.#texts.remove(name);
  }

  readonly #onHead = (): void => {
    // A closed map announces the same head once more, and all outlets must hear it.
    if (this.source.isClosed) this.#swept = undefined;
    this.#wake();
  };

  #wake(): void {
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    // Everything else that this iteration of the event loop brings goes out in the same writes.
    setImmediate(() => this.#slot.ask(true, 0, this.#sweep));
  }

  readonly #sweep = (until: number): void => {
    for (let outlets = this.#gather(until); outlets.length > 0; outlets = this.#gather(until)) {
      for (const outlet of outlets) this.#write(outlet);
      if (performance.now() >= until) return this.#slot.ask(true, 0, this.#sweep);
    }
    this.#isSweeping = false;
    // No subscriber needs what was rendered.
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
    if (++this.#kept > MAX_KEPT_PAGES) this.#forget();
  };

  #forget(): void {
    this.#kept = 0;
    for (const group of this.#groups.values()) group.forget();
  }

  /** Outlets that have gathered what they are sent next: at least one while any waits. */
  #gather(until: number): Outlet[] {
    const outlets: Outlet[] = [];
    let bytes = 0;
    do {
      const outlet = this.#next();
      if (!outlet) break;
      outlets.push(outlet);
      this.#deliver(outlet);
      bytes += outlet.size;
    } while (outlets.length < MAX_OUTLETS_AT_ONCE && bytes < MAX_BYTES_AT_ONCE && performance.now() < until);
    return outlets;
  }

  #write(outlet: Outlet): void {
    outlet.flush();
    // The outlet returns when it has drained.
    if (outlet.isFull) this.#live.delete(outlet);
  }

  #deliver(outlet: Outlet): void {
    let [isLive, isCaughtUp] = [false, true];
    for (const subscriber of outlet.subscribers) {
      if (!subscriber.isLive) continue;
      isLive = true;
      // The rest follows when the outlet has drained.
      if (outlet.isFull) break;
      subscriber.deliver();
      isCaughtUp &&= subscriber.isCaughtUp;
    }
    if (!isLive) return void this.#live.delete(outlet);
    if (isCaughtUp) return;
    // More is to come for this outlet, so its chunk goes out now, and it continues before the others.
    this.#write(outlet);
    if (!outlet.isFull) this.#fresh.add(outlet);
  }
}
