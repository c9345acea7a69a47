import { ChangesReader } from '../core/subscriptions/item-changes.ts';
import { closedError, ItemsReader, type Source } from '../core/subscriptions/items.ts';
import { isCaughtUp, isNearHead } from '../core/replica/read.ts';
import { DeliverySlot } from '../core/subscriptions/scheduler.ts';
import type { Framing } from './framing.ts';
import type { Group, RenderedPage } from './group.ts';
import type { Outlet, OutletSubscriber } from './outlet.ts';

export type Reader = ItemsReader<unknown> | ChangesReader<unknown>;

/** Called once. `error`: why the subscription failed; undefined when it has completed or the client has left. */
export type Ended = (error: unknown, deliveries: number) => void;

/** The fan-out, as its subscribers see it. */
export interface SubscriberHost {
  readonly source: Source<unknown>;
  /** Subscribers that are far from the head: the next one needs what was rendered for the one before. */
  readonly replaying: Set<Subscriber>;
  /** To be called when the outlet has subscribers near the head. */
  serve(outlet: Outlet): void;
  /** To be called once for each subscriber. */
  remove(subscriber: Subscriber): void;
}

export interface SubscriberParts {
  readonly outlet: Outlet;
  readonly group: Group;
  readonly reader: Reader;
  readonly framing: Framing;
  readonly ended: Ended;
}

/**
 * One subscription: a read position and the outlet of its client.
 *
 *     replays ──(near the head)──▶ live
 *        ▲                          │
 *        └──(the outlet was full)───┘      after the drain it continues as its distance from the head says
 */
export class Subscriber implements OutletSubscriber {
  isLive = false;
  readonly group: Group;
  readonly outlet: Outlet;
  readonly #host: SubscriberHost;
  readonly #reader: Reader;
  readonly #framing: Framing;
  readonly #ended: Ended;
  #slot: DeliverySlot | undefined;
  #deliveries = 0;
  #isOver = false;

  constructor(host: SubscriberHost, { outlet, group, reader, framing, ended }: SubscriberParts) {
    this.#host = host;
    this.outlet = outlet;
    this.group = group;
    this.#reader = reader;
    this.#framing = framing;
    this.#ended = ended;
  }

  get isCaughtUp(): boolean {
    return isCaughtUp(this.#host.source.replica, this.#reader.readPosition);
  }

  goOn(spent: number): void {
    if (this.#isOver || this.outlet.isFull) return void this.#host.replaying.delete(this);
    const { source } = this.#host;
    this.isLive = isNearHead(source.replica, this.#reader.readPosition);
    if (this.isLive) {
      this.#slot?.leave();
      this.#slot = undefined;
      this.#host.replaying.delete(this);
      this.#host.serve(this.outlet);
    } else {
      this.#slot ??= new DeliverySlot(source.scheduler);
      this.#host.replaying.add(this);
      this.#slot.ask(false, spent, this.#replay);
    }
  }

  deliver(): number {
    let page: RenderedPage | undefined;
    const reader = this.#reader;
    const remaining = reader instanceof ItemsReader ? reader.remaining : undefined;
    try {
      page = this.#next();
    } catch (error) {
      this.#end(error);
      return 0;
    }
    if (!page) {
      this.#endIfClosed();
      return 0;
    }
    if (page.count > 0) this.outlet.gather(this.#framing.text(page, remaining));
    this.#deliveries += page.count;
    if (reader instanceof ItemsReader && reader.remaining === 0) this.#end();
    else this.#endIfClosed();
    return page.changes.length;
  }

  leave(): void {
    this.#end();
  }

  readonly #replay = (): void => {
    if (this.#isOver || this.outlet.isFull) return this.goOn(0);
    const spent = this.deliver();
    this.outlet.flush();
    this.goOn(spent);
  };

  #next(): RenderedPage | undefined {
    const { group } = this;
    const reader = this.#reader;
    if (reader instanceof ChangesReader) return reader.next(group);
    const page = reader.next(group);
    if (page.lastCursor) reader.delivered(page.count, page.lastCursor);
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
    this.#ended(error, this.#deliveries);
  }
}
