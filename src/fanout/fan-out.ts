/**
 * Delivers to the subscribers of a map that a change concerns, without a generator, promise or execution for each:
 *
 *     change ──▶ interest ──▶ group ──▶ sweep   its settled members: one page, one write for each outlet
 *                                       slot ──▶ replay   one subscriber far from the head: one chunk
 *
 * Both share the time with the generators' subscribers (core/subscriptions/scheduler.ts). A sweep begins when everything that this
 * iteration of the event loop brings has been applied. It stops when its time is over and continues in its next slot. Subscribers that no
 * change concerns are not visited: `settled.ts`.
 */
import type { ExecutionResult, GraphQLSchema } from 'graphql';
import type { Operation, StreamRequest } from '../../schema/request/context.ts';
import { filterName } from '../core/interest/watch.ts';
import { ChangesReader } from '../core/subscriptions/item-changes.ts';
import { ItemsReader, type Source } from '../core/subscriptions/items.ts';
import { DeliverySlot, Queue } from '../core/subscriptions/scheduler.ts';
import type { Framing } from './framing.ts';
import { Group, type GroupHost } from './group.ts';
import type { Outlet } from './outlet.ts';
import type { IsShared } from './selection/selection.ts';
import { KeptTexts } from './kept-texts.ts';
import { type Selection, Selections } from './selection/selections.ts';
import type { Settled } from './settled.ts';
import { type Reader, Subscriber, type SubscriberHost, type SubscriberOwner } from './subscriber.ts';

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
  /** The fan-outs of one server share it, so that its bound holds for all of them. @default one of its own */
  readonly texts?: KeptTexts | undefined;
}

export interface Subscription {
  readonly stream: StreamRequest;
  readonly operation: Operation;
  readonly outlet: Outlet;
  readonly framing: Framing;
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
  readonly owner: SubscriberOwner;
}

export class FanOut implements SubscriberHost, GroupHost {
  readonly source: Source<unknown>;
  readonly replaying = new Set<Subscriber>();
  readonly #selections: Selections;
  /** By the names of their filters. */
  readonly #groups = new Map<Selection, Map<string, Group>>();
  readonly #texts: KeptTexts;
  readonly #slot: DeliverySlot;
  /** Subscribers near the head that have positions of their own. */
  readonly #apart = new Queue<Subscriber>();
  /** Groups whose members have something to get. */
  readonly #concerned = new Queue<Settled>();
  /** The group whose members have their turns. */
  #current: Settled | undefined;
  /** Whether the last step was one of a group. */
  #wasGroup = false;
  /** Outlets with gathered texts, and how many bytes these have. */
  readonly #gathered: Outlet[] = [];
  #bytes = 0;
  #isSweeping = false;
  /** Groups that keep pages, and how many pages. */
  readonly #keeping = new Set<Group>();
  #kept = 0;

  constructor({ schema, source, format, isShared, texts = new KeptTexts() }: FanOutOptions) {
    this.source = source;
    this.#texts = texts;
    this.#selections = new Selections(schema, format, isShared);
    this.#slot = new DeliverySlot(source.scheduler);
  }

  /**
   * Resolves when the subscriber is at the position where it was asked to start. Rejects as the request's `start` does, and when the groups
   * keep too much of clients' texts.
   */
  async subscribe({ stream, operation, outlet, framing, signal, owner }: Subscription): Promise<Subscriber> {
    const { counters } = this.source;
    counters.subscriptions++;
    let [reader, group]: [Reader?, Group?] = [];
    try {
      reader = await this.#start(stream, signal);
      // One synchronous block from here on, so that no move of the head goes unseen.
      group = this.#groupOf(stream, operation);
      if (group.size === 0) this.#texts.add(group, operation, stream.request.filter);
    } catch (error) {
      counters.subscriptions--;
      if (group?.size === 0) this.#drop(group);
      throw error;
    }
    const subscriber = new Subscriber(this, { outlet, group, reader, framing, owner });
    group.size++;
    outlet.add(subscriber);
    if (signal.aborted) subscriber.leave();
    else subscriber.goOn(0);
    return subscriber;
  }

  visit(subscriber: Subscriber): void {
    this.#apart.add(subscriber);
    this.#wake();
  }

  concerned(settled: Settled): void {
    this.#concerned.add(settled);
    this.#wake();
  }

  keepsPage(group: Group): void {
    if (++this.#kept > MAX_KEPT_PAGES) this.#forget();
    this.#keeping.add(group);
  }

  gathered(outlet: Outlet, bytes: number): void {
    if (this.#gathered.at(-1) !== outlet) this.#gathered.push(outlet);
    this.#bytes += bytes;
  }

  remove(subscriber: Subscriber): void {
    const { outlet, group } = subscriber;
    outlet.remove(subscriber);
    this.#apart.delete(subscriber);
    group.settled.remove(subscriber);
    if (--group.size === 0) this.#drop(group);
    this.source.counters.subscriptions--;
  }

  async #start({ kind, request }: StreamRequest, signal: AbortSignal): Promise<Reader> {
    return kind === 'items'
      ? request.start(signal, (resumed) => new ItemsReader(this.source, request, resumed))
      : request.start(signal, (resumed) => new ChangesReader(this.source, resumed));
  }

  #groupOf({ kind, request }: StreamRequest, operation: Operation): Group {
    const { filter } = request;
    const selection = this.#selections.of(kind, operation);
    const groups = this.#groups.get(selection) ?? new Map<string, Group>();
    const name = filterName(filter);
    let group = groups.get(name);
    if (!group) {
      group = new Group({ kind, source: this.source, filter, name, selection, host: this });
      groups.set(name, group);
      this.#groups.set(selection, groups);
      selection.texts.isShared = groups.size > 1;
    }
    return group;
  }

  /** A fan-out without subscribers must not keep the map alive. */
  #drop(group: Group): void {
    const { selection } = group;
    group.close();
    this.#concerned.delete(group.settled);
    this.#keeping.delete(group);
    this.#texts.remove(group);
    const groups = this.#groups.get(selection);
    groups?.delete(group.name);
    selection.texts.isShared = (groups?.size ?? 0) > 1;
    if (groups?.size !== 0) return;
    this.#groups.delete(selection);
    this.#selections.drop(selection);
  }

  #wake(): void {
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    // Everything else that this iteration of the event loop brings goes out in the same writes.
    setImmediate(() => this.#slot.ask(true, 0, this.#sweep));
  }

  readonly #sweep = (until: number): void => {
    for (let isMore = true; isMore;) {
      isMore = this.#gather(until);
      // A full one is flushed when it has drained.
      for (const outlet of this.#gathered) if (!outlet.isFull) outlet.flush();
      this.#gathered.length = 0;
      this.#bytes = 0;
      if (isMore && performance.now() >= until) return this.#slot.ask(true, 0, this.#sweep);
    }
    this.#isSweeping = false;
    this.#selections.forget();
    // No subscriber needs what was rendered.
    if (this.replaying.size === 0) this.#forget();
  };

  #forget(): void {
    if (this.#keeping.size === 0) return;
    this.#kept = 0;
    for (const group of this.#keeping) group.forget();
    this.#keeping.clear();
  }

  /** Gathers what some outlets are sent next. Returns whether there is more. */
  #gather(until: number): boolean {
    do {
      if (!this.#step()) return false;
    } while (
      this.#gathered.length < MAX_OUTLETS_AT_ONCE &&
      this.#bytes < MAX_BYTES_AT_ONCE &&
      performance.now() < until
    );
    return true;
  }

  /** One delivery to one subscriber. Groups and subscribers apart alternate, so neither waits for the other. False: nobody has anything to get. */
  #step(): boolean {
    const apart = this.#wasGroup || !this.#hasGroup ? this.#apart.shift() : undefined;
    this.#wasGroup = apart === undefined && this.#hasGroup;
    if (apart) this.#deliver(apart);
    else if (this.#wasGroup) this.#goOnWithGroup();
    else return this.#apart.size > 0;
    return true;
  }

  get #hasGroup(): boolean {
    return this.#current !== undefined || this.#concerned.size > 0;
  }

  #goOnWithGroup(): void {
    this.#current ??= this.#concerned.shift();
    if (!this.#current?.next()) this.#current = undefined;
  }

  #deliver(subscriber: Subscriber): void {
    const { outlet, group } = subscriber;
    // The rest follows when the outlet has drained.
    if (outlet.isFull) return subscriber.goOn(0);
    subscriber.deliver();
    if (subscriber.isOver) return;
    if (subscriber.isCaughtUp) group.settled.add(subscriber);
    else subscriber.goOn(0);
  }
}
