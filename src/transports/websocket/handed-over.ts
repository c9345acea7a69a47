/**
 * A subscription that the fan-out writes. For graphql-ws it ends when it begins: the generators, promises and functions that graphql-ws has
 * for each open operation take 1.7 KB, and an idle subscription needs none of them.
 */
import type { FanOut } from '../../fanout/fan-out.ts';
import { MessageFraming, type Wanted } from '../../fanout/framing.ts';
import type { Subscriber, SubscriberOwner } from '../../fanout/subscriber.ts';
import type { FanOutRequest, StreamObserver } from '../../../schema/request/context.ts';
import { type HandedOver, idOf } from '../protocol/operation-ids.ts';
import type { Connection } from './connection.ts';

export interface HandedOverParts {
  readonly connection: Connection;
  /** Of graphql-ws: see `OperationIds`. */
  readonly name: string;
  readonly wanted: Wanted;
  readonly observer: StreamObserver | undefined;
}

/** What the fan-out needs to begin. */
export interface Beginning {
  readonly fanOut: FanOut;
  readonly request: FanOutRequest;
  readonly signal: AbortSignal;
}

/** Its own framing as well: one object in place of two. */
export class HandedOverSubscription extends MessageFraming implements HandedOver, SubscriberOwner {
  readonly name: string;
  readonly #connection: Connection;
  readonly #observer: StreamObserver | undefined;
  /** While it begins, and then its subscriber. */
  #open: AbortController | Subscriber | undefined;
  #isOver = false;

  constructor({ connection, name, wanted, observer }: HandedOverParts) {
    super(idOf(name), wanted);
    this.name = name;
    this.#connection = connection;
    this.#observer = observer;
  }

  /** Resolves when it is open, or over. To be called once. */
  async begin({ fanOut, request: { accepted: stream, operation }, signal }: Beginning): Promise<void> {
    if (!stream || !operation || (stream.kind === 'items' && stream.request.limit === 0))
      return this.ended(undefined, 0);
    const leaving = new AbortController();
    this.#open = leaving;
    const leave = (): void => leaving.abort();
    signal.addEventListener('abort', leave);
    if (signal.aborted) leave();
    const { outlet } = this.#connection;
    try {
      const parts = { stream, operation, outlet, framing: this, owner: this, signal: leaving.signal };
      const subscriber = await fanOut.subscribe(parts);
      this.#open = subscriber;
      // Between two microtasks the subscriber was neither waiting nor known here.
      if (leaving.signal.aborted) subscriber.leave();
    } catch (error) {
      this.ended(error, 0);
    }
    signal.removeEventListener('abort', leave);
  }

  /** The client has completed it, or has gone. */
  leave(): void {
    if (this.#open instanceof AbortController) this.#open.abort();
    else if (this.#open) this.#open.leave();
    else this.ended(undefined, 0);
  }

  ended(error: unknown, deliveries: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    try {
      this.#observer?.ended(error, deliveries);
    } finally {
      this.#connection.handedOverEnded(this.name, error);
    }
  }
}
