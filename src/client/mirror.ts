/**
 * A live copy of the map, from `itemChanges`, that proves itself: at every `caughtUp` its size and checksum are the server's
 * (G6), or it starts over.
 *
 *     messages ──▶ building ──(caught up, and right)──▶ items ──▶ listeners
 *
 * After a reset the new map is built aside, so that no list on a screen goes empty meanwhile.
 */
import { type ItemChangesSubscription, ItemChangesDocument, type ItemFilter } from '../../schema/documents/graphql.ts';
import { ItemSet, type MirroredItem } from './item-set.ts';
import { resumable, type Result, type SubscriptionClient } from './resumable.ts';

export interface MirrorVariables {
  readonly filter?: ItemFilter | undefined;
}

/** What a mirror holds; the next change makes another one. */
export interface MirrorSnapshot<Value = unknown> {
  /** By key, oldest first. */
  readonly items: ReadonlyMap<string, MirroredItem<Value>>;
  /** Whether `items` has been the whole of the server's map. False until then: it is being loaded. */
  readonly isLoaded: boolean;
  /** How often the copy was wrong, and was fetched anew. */
  readonly repairs: number;
  /** What ended the subscription: GraphQL errors, or what the client reports. It begins again with the first new listener. */
  readonly error: unknown;
}

export interface Mirror<Value = unknown> {
  /** The live map itself: it changes in place. For a stable one, `getSnapshot`. */
  readonly items: ReadonlyMap<string, MirroredItem<Value>>;
  /** One and the same until something changes. Copies the map, the first time after a change. */
  readonly getSnapshot: () => MirrorSnapshot<Value>;
  /** Mirrors from the first listener to the last; returns what removes this one. */
  readonly subscribe: (listener: () => void) => () => void;
}

export const EMPTY: MirrorSnapshot<never> = { items: new Map(), isLoaded: false, repairs: 0, error: undefined };

/**
 * One subscription per client and variables, however many call this: a component that comes late holds the whole map at once.
 * `client`: of graphql-ws, graphql-sse, or anything that subscribes like them.
 */
export function mirror<Value = unknown>(client: SubscriptionClient, variables: MirrorVariables = {}): Mirror<Value> {
  const shared = sharedOf(client);
  const { keys, keyPrefix } = variables.filter ?? {};
  const name = JSON.stringify([keys, keyPrefix]);
  const snapshot = (): MirrorSnapshot => shared.get(name)?.getSnapshot() ?? EMPTY;
  return {
    // The caller knows what it inserts.
    get items() {
      return (shared.get(name)?.items ?? EMPTY.items) as ReadonlyMap<string, MirroredItem<Value>>;
    },
    getSnapshot: () => snapshot() as MirrorSnapshot<Value>,
    subscribe(listener) {
      const live = shared.get(name) ?? new LiveMirror(client, variables, () => shared.delete(name));
      shared.set(name, live);
      return live.subscribe(listener);
    },
  };
}

/** Above this many wrong copies in a row it waits longer and longer, in ms. */
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;

class LiveMirror {
  readonly #client: SubscriptionClient;
  readonly #variables: MirrorVariables;
  readonly #onIdle: () => void;
  readonly #listeners = new Set<() => void>();
  #shown = new ItemSet();
  #building = this.#shown;
  #snapshot: MirrorSnapshot | undefined;
  #isLoaded = false;
  #error: unknown;
  #repairs = 0;
  #wrongInARow = 0;
  #leave = (): void => {};

  constructor(client: SubscriptionClient, variables: MirrorVariables, onIdle: () => void) {
    this.#client = resumable(client);
    this.#variables = variables;
    this.#onIdle = onIdle;
  }

  get items(): ReadonlyMap<string, MirroredItem> {
    return this.#shown.items;
  }

  getSnapshot(): MirrorSnapshot {
    return (this.#snapshot ??= {
      items: new Map(this.#shown.items),
      isLoaded: this.#isLoaded,
      repairs: this.#repairs,
      error: this.#error,
    });
  }

  subscribe(listener: () => void): () => void {
    // Its own, so that one function may listen twice.
    const own = (): void => listener();
    this.#listeners.add(own);
    if (this.#listeners.size === 1 || this.#error !== undefined) this.#start();
    return () => {
      // Later: React's strict mode, and a change of route, leave and come back in one go.
      if (this.#listeners.delete(own) && this.#listeners.size === 0) queueMicrotask(() => this.#endIfIdle());
    };
  }

  #endIfIdle(): void {
    if (this.#listeners.size > 0) return;
    this.#leave();
    this.#onIdle();
  }

  #start(): void {
    this.#leave();
    this.#error = undefined;
    const variables = { ...this.#variables };
    this.#leave = this.#client.subscribe(
      { query: ItemChangesDocument.toString(), variables },
      {
        next: (result) => this.#receive(result),
        error: (error) => this.#fail(error),
        complete: () => {},
      },
    );
  }

  #receive({ data, errors }: Result): void {
    // What the document asks for.
    const message = (data as ItemChangesSubscription | null | undefined)?.itemChanges;
    if (!message) return this.#fail(errors);
    if (message.reset) this.#building = new ItemSet();
    this.#building.apply(message);
    if (message.caughtUp) {
      if (!this.#building.agreesWith(message)) return this.#repair();
      this.#wrongInARow = 0;
      this.#shown = this.#building;
      this.#isLoaded = true;
    }
    if (this.#shown === this.#building) this.#changed();
  }

  #repair(): void {
    this.#repairs++;
    const wait = this.#wrongInARow++ === 0 ? 0 : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#wrongInARow);
    this.#leave();
    const timer = setTimeout(() => this.#start(), wait);
    this.#leave = () => clearTimeout(timer);
  }

  #fail(error: unknown): void {
    this.#error = error ?? new Error('the server answered without data');
    this.#changed();
  }

  #changed(): void {
    this.#snapshot = undefined;
    for (const listener of this.#listeners) listener();
  }
}

/** On the client itself, so that they end with it. */
const MIRRORS = Symbol.for('seamline.mirrors');

function sharedOf(client: SubscriptionClient & { [MIRRORS]?: Map<string, LiveMirror> }): Map<string, LiveMirror> {
  const shared = client[MIRRORS] ?? new Map<string, LiveMirror>();
  if (!client[MIRRORS]) Object.defineProperty(client, MIRRORS, { value: shared });
  return shared;
}
