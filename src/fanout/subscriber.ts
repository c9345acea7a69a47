import { ChangesReader } from '../core/subscriptions/item-changes.ts';
import { closedError, ItemsReader, type Source } from '../core/subscriptions/items.ts';
import { isCaughtUp, isNearHead } from '../core/replica/read.ts';
import { DeliverySlot } from '../core/subscriptions/scheduler.ts';
import type { Framing } from './framing.ts';
import type { Group, RenderedPage } from './group.ts';
import type { Outlet, OutletSubscriber } from './outlet.ts';

export type Reader = ItemsReader<unknown> | ChangesReader<unknown>;

/** Called once: `error` is why it failed; undefined when it is done, or the client has left. */
export type Ended = (error: unknown, deliveries: number) => void;

/** Where subscribers are served. */
export interface SubscriberHost {
  readonly source: Source<unknown>;
  /** Those that are on their way to the head: what is rendered for one of them the next one will need. */
  readonly replaying: Set<Subscriber>;
  /** The outlet has subscribers near the head. */
  serve(outlet: Outlet): void;
  /** To be called once for each subscriber. */
  left(subscriber: Subscriber): void;
}

export interface SubscriberParts {
  readonly outlet: Outlet;
  readonly group: Group;
  readonly reader: Reader;
  readonly framing: Framing;
  readonly ended: Ended;
}

/**
 * One subscription: a position, and the way to its client.
 *
 *     replays ──(near the head)──▶ live
 *        ▲                          │
 *        └──(the outlet was full)───┘      whoever is parked there goes on where it belongs by then
 */
export class Subscriber implements OutletSubscriber {
  isLive = false;
  readonly group: Group;
  readonly outlet: Outlet;
  readonly #home: SubscriberHost;
  readonly #reader: Reader;
  readonly #framing: Framing;
  readonly #ended: Ended;
  #turn: DeliverySlot | undefined;
  #deliveries = 0;
  #isOver = false;

  constructor(home: SubscriberHost, { outlet, group, reader, framing, ended }: SubscriberParts) {
    this.#home = home;
    this.outlet = outlet;
    this.group = group;
    this.#reader = reader;
    this.#framing = framing;
    this.#ended = ended;
  }

  get isCaughtUp(): boolean {
    return isCaughtUp(this.#home.source.replica, this.#reader.readPosition);
  }

  goOn(spent: number): void {
    if (this.#isOver || this.outlet.isFull) return void this.#home.replaying.delete(this);
    const { source } = this.#home;
    this.isLive = isNearHead(source.replica, this.#reader.readPosition);
    if (this.isLive) {
      this.#turn?.leave();
      this.#turn = undefined;
      this.#home.replaying.delete(this);
      this.#home.serve(this.outlet);
    } else {
      this.#turn ??= new DeliverySlot(source.scheduler);
      this.#home.replaying.add(this);
      this.#turn.ask(false, spent, this.#replay);
    }
  }

  deliver(): number {
    let passage: RenderedPage | undefined;
    const reader = this.#reader;
    const left = reader instanceof ItemsReader ? reader.remaining : undefined;
    try {
      passage = this.#next();
    } catch (error) {
      this.#end(error);
      return 0;
    }
    if (!passage) {
      this.#endIfClosed();
      return 0;
    }
    if (passage.count > 0) this.outlet.gather(this.#framing.text(passage, left));
    this.#deliveries += passage.count;
    if (reader instanceof ItemsReader && reader.remaining === 0) this.#end();
    else this.#endIfClosed();
    return passage.changes.length;
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
    const passage = reader.next(group);
    if (passage.lastCursor) reader.delivered(passage.count, passage.lastCursor);
    return passage;
  }

  /** A client must not take it for the end: it comes back elsewhere. */
  #endIfClosed(): void {
    if (this.#home.source.isClosed && this.isCaughtUp) this.#end(closedError());
  }

  #end(error?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#turn?.leave();
    this.#home.replaying.delete(this);
    this.#home.left(this);
    this.#ended(error, this.#deliveries);
  }
}
