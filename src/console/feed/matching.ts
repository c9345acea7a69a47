/** The items of a typed collection that match a filter of its own type, which only the server evaluates. */
import { type Mirror, mirror, type MirrorUpdate, type SubscriptionClient } from '../../client/index.ts';
import { endOf } from '../server/failure.ts';

/** In ms: a filter is sent when nothing was typed for so long. */
const PAUSE_MS = 250;

/** A filter on values as JSON: `QuoteWhere`. */
export type TypedWhere = object;

interface Follow {
  readonly where: TypedWhere;
  readonly mirror: Mirror;
  end: () => void;
}

export interface MatchingListener {
  /** The items of another filter are shown; undefined: of none. */
  shown(where: TypedWhere | undefined): void;
  /** The items have changed. */
  changed(update: MirrorUpdate): void;
  /** The server has refused the filter; undefined: it has not. */
  refused(problem: string | undefined): void;
}

/** While a filter is loaded, and when it is wrong, the items of the last right one stay. */
export class Matching {
  readonly #client: SubscriptionClient;
  readonly #listener: MatchingListener;
  #shown: Follow | undefined;
  #next: Follow | undefined;
  #wanted: TypedWhere | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(client: SubscriptionClient, listener: MatchingListener) {
    this.#client = client;
    this.#listener = listener;
  }

  /** Undefined without a filter. */
  get items(): Mirror['items'] | undefined {
    return this.#shown?.mirror.items;
  }

  filter(where: TypedWhere | undefined, pauseMs = PAUSE_MS): void {
    if (where === this.#wanted) return;
    this.#wanted = where;
    clearTimeout(this.#timer);
    this.#leaveNext();
    if (where === undefined) {
      this.#listener.refused(undefined);
      this.#show(undefined);
    } else this.#timer = setTimeout(() => this.#follow(where), pauseMs);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#leaveNext();
    this.#shown?.end();
  }

  #leaveNext(): void {
    this.#next?.end();
    this.#next = undefined;
  }

  #follow(where: TypedWhere): void {
    const next: Follow = {
      where,
      // The mirror passes the filter on as it is.
      mirror: mirror(this.#client, { filter: { where } }),
      end: () => {},
    };
    this.#next = next;
    next.end = next.mirror.subscribe((update) => this.#receive(next, update));
    // A mirror of an equal filter is shared, and may be loaded already.
    if (next.mirror.state.isLoaded) this.#show(next);
  }

  #receive(follow: Follow, update: MirrorUpdate): void {
    const { status, error, isLoaded } = follow.mirror.state;
    if (follow === this.#shown) return this.#listener.changed(update);
    if (follow !== this.#next) return;
    if (status === 'failed') {
      this.#leaveNext();
      this.#listener.refused(endOf(error).text);
    } else if (isLoaded) this.#show(follow);
  }

  #show(follow: Follow | undefined): void {
    const before = this.#shown;
    this.#next = undefined;
    this.#shown = follow;
    before?.end();
    if (follow) this.#listener.refused(undefined);
    if (follow !== before) this.#listener.shown(follow?.where);
  }
}
