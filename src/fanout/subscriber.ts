import { ChangesReader, type Sent } from '../core/subscriptions/item-changes.ts';
import { closedError, ItemsReader, type Source } from '../core/subscriptions/items.ts';
import { isCaughtUp, isNearHead } from '../core/replica/read.ts';
import { DeliverySlot } from '../core/subscriptions/scheduler.ts';
import { ORIGIN, type Place } from '../core/model/position.ts';
import type { Framing } from './framing.ts';
import type { Group } from './group.ts';
import type { RenderedPage } from './rendered-page.ts';
import type { Outlet, OutletSubscriber } from './outlet.ts';
import type { Member } from './settled.ts';

export type Reader = ItemsReader<unknown> | ChangesReader<unknown>;

/** The owner of a subscriber. An object, because a function for each would take more memory. */
export interface SubscriberOwner {
  /** Called once. `error`: why the subscription failed; undefined when it has completed or the client has left. */
  ended(error: unknown, deliveries: number): void;
}

/** The fan-out, as its subscribers see it. */
export interface SubscriberHost {
  readonly source: Source<unknown>;
  /** Subscribers that are far from the head: the next one needs what was rendered for the one before. */
  readonly replaying: Set<Subscriber>;
  /** To be called when a subscriber near the head has a position of its own. */
  visit(subscriber: Subscriber): void;
  /** To be called when texts were gathered for an outlet. */
  gathered(outlet: Outlet, bytes: number): void;
  /** To be called once for each subscriber. */
  remove(subscriber: Subscriber): void;
}

export interface SubscriberParts {
  readonly outlet: Outlet;
  readonly group: Group;
  readonly reader: Reader;
  readonly framing: Framing;
  readonly owner: SubscriberOwner;
}

/**
 * One subscription, and the outlet of its client. It has a position of its own until it is settled:
 *
 *     replays ──(near the head)──▶ visited ──(at the head)──▶ settled with its group
 *        ▲                            ▲                          │
 *        └────────────────────────────┴──(its outlet is full, lag, another replica …)
 */
export class Subscriber implements OutletSubscriber, Member {
  /** Whether the group has its position. */
  isSettled = false;
  place: Place | undefined;
  period = 0;
  readonly group: Group;
  readonly outlet: Outlet;
  readonly #host: SubscriberHost;
  readonly #reader: Reader;
  readonly #framing: Framing;
  readonly #owner: SubscriberOwner;
  #slot: DeliverySlot | undefined;
  #deliveries = 0;
  #isOver = false;

  constructor(host: SubscriberHost, { outlet, group, reader, framing, owner }: SubscriberParts) {
    this.#host = host;
    this.outlet = outlet;
    this.group = group;
    this.#reader = reader;
    this.#framing = framing;
    this.#owner = owner;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get isCaughtUp(): boolean {
    return isCaughtUp(this.#host.source.replica, this.#reader.readPosition);
  }

  /** How many items the limit still allows; undefined without a limit. */
  get remaining(): number | undefined {
    return this.#reader instanceof ItemsReader ? this.#reader.remaining : undefined;
  }

  /** The place of a mirror's last message. */
  get toldAt(): Place {
    return this.#reader instanceof ChangesReader ? this.#reader.toldAt : ORIGIN;
  }

  /** Goes on from a position of its own, near the head or in a slot of its own. `spent`: how many log entries the last delivery covered. */
  goOn(spent: number): void {
    if (this.#isOver || this.isSettled) return;
    if (this.outlet.isFull) {
      this.#host.replaying.delete(this);
      return this.outlet.block(this);
    }
    const { source } = this.#host;
    if (isNearHead(source.replica, this.#reader.readPosition)) {
      this.#slot?.leave();
      this.#slot = undefined;
      this.#host.replaying.delete(this);
      this.#host.visit(this);
    } else {
      this.#slot ??= new DeliverySlot(source.scheduler);
      this.#host.replaying.add(this);
      this.#slot.ask(false, spent, () => this.#replay());
    }
  }

  /** Is not settled any more. It has everything up to the place. */
  goOnAt(place: Place): void {
    this.isSettled = false;
    this.#reader.standAt(place);
    this.goOn(0);
  }

  /** Reads its next page, and gathers it. Returns how many log entries it covers. */
  deliver(): number {
    let page: RenderedPage | undefined;
    const { remaining } = this;
    try {
      page = this.#next();
    } catch (error) {
      this.#end(error);
      return 0;
    }
    if (page && page.count > 0) this.#gather(page, remaining);
    if (page && this.remaining === 0) this.#end();
    else this.#endIfClosed();
    return page?.changes.length ?? 0;
  }

  /** Gathers a page that its group has read for all settled members. */
  take(page: RenderedPage, sent: Sent): void {
    const reader = this.#reader;
    this.#gather(page, this.remaining);
    if (reader instanceof ChangesReader) reader.delivered(sent);
    else if (page.last) reader.delivered(page.count, page.last);
    if (this.remaining === 0) this.#end();
  }

  leave(): void {
    this.#end();
  }

  #replay(): void {
    if (this.#isOver || this.outlet.isFull) return this.goOn(0);
    const spent = this.deliver();
    this.outlet.flush();
    this.goOn(spent);
  }

  #gather(page: RenderedPage, remaining: number | undefined): void {
    const text = this.#framing.text(page, remaining);
    this.outlet.gather(text);
    this.#host.gathered(this.outlet, text.length);
    this.#deliveries += page.count;
  }

  #next(): RenderedPage | undefined {
    const { group } = this;
    const reader = this.#reader;
    if (reader instanceof ChangesReader) return reader.next(group);
    const page = reader.next(group);
    if (page.last) reader.delivered(page.count, page.last);
    return page;
  }

  /** Fails, so that the client resumes elsewhere and does not take this for the end of the stream. */
  #endIfClosed(): void {
    if (this.#host.source.isClosed && this.isCaughtUp) this.#end(closedError());
  }

  #end(error?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#slot?.leave();
    this.#host.replaying.delete(this);
    this.#host.remove(this);
    try {
      this.#owner.ended(error, this.#deliveries);
    } catch (thrown) {
      // The others' deliveries go on: a sweep that throws would never be asked for again.
      setImmediate(() => {
        throw thrown;
      });
    }
  }
}
