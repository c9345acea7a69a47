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

export interface MirrorState {
  /** Whether `items` has been the whole of the server's map. False until then: it is being loaded. */
  readonly isLoaded: boolean;
  /** How often the copy was wrong, and was fetched anew. */
  readonly repairs: number;
  /** What ended the subscription: GraphQL errors, or what the client reports. It begins again with the first new listener. */
  readonly error: unknown;
}

/** What a mirror holds; the next change makes another one. */
export interface MirrorSnapshot<Value = unknown> extends MirrorState {
  /** By key, oldest first. */
  readonly items: ReadonlyMap<string, MirroredItem<Value>>;
}

export type ItemChanges = ItemChangesSubscription['itemChanges'];

/** Why a listener is called, for who keeps something in step with `items` without reading them all each time. */
export interface MirrorUpdate {
  /** What has just been applied; undefined: there is an error. */
  readonly changes: ItemChanges | undefined;
  /** `items` are others now, of which `changes` are the last part only: the map was loaded, for the first time or anew. */
  readonly isReplaced: boolean;
}

export interface Mirror<Value = unknown> {
  /** The live map itself: it changes in place. For a stable one, `getSnapshot`. */
  readonly items: ReadonlyMap<string, MirroredItem<Value>>;
  /** What there is to know beside them, without a copy. */
  readonly state: MirrorState;
  /** One and the same until something changes. Copies the map, the first time after a change. */
  readonly getSnapshot: () => MirrorSnapshot<Value>;
  /** Mirrors from the first listener to the last; returns what removes this one. */
  readonly subscribe: (listener: (update: MirrorUpdate) => void) => () => void;
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
    get state() {
      return shared.get(name)?.state ?? EMPTY;
    },
    getSnapshot: () => snapshot() as MirrorSnapshot<Value>,
    subscribe(listener) {
      const live =
        shared.get(name) ??
        new LiveMirror(client, variables, () => {
          // Another may have taken its place.
          if (shared.get(name) === live) shared.delete(name);
        });
      shared.set(name, live);
      return live.subscribe(listener);
    },
  };
}

/** The second wrong copy in a row is fetched anew after this, each further one after twice as long, in ms. */
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;

class LiveMirror {
  readonly #client: SubscriptionClient;
  readonly #variables: MirrorVariables;
  readonly #onIdle: () => void;
  readonly #listeners = new Set<(update: MirrorUpdate) => void>();
  #shown = new ItemSet();
  #building = this.#shown;
  #snapshot: MirrorSnapshot | undefined;
  #isLoaded = false;
  #error: unknown;
  #repairs = 0;
  #wrongInARow = 0;
  /** The running subscription, or the wait for it; undefined: none runs. What an older one says is not heard. */
  #run: { end: () => void } | undefined;

  constructor(client: SubscriptionClient, variables: MirrorVariables, onIdle: () => void) {
    this.#client = resumable(client);
    this.#variables = variables;
    this.#onIdle = onIdle;
  }

  get items(): ReadonlyMap<string, MirroredItem> {
    return this.#shown.items;
  }

  getSnapshot(): MirrorSnapshot {
    return (this.#snapshot ??= { items: new Map(this.#shown.items), ...this.state });
  }

  get state(): MirrorState {
    return { isLoaded: this.#isLoaded, repairs: this.#repairs, error: this.#error };
  }

  subscribe(listener: (update: MirrorUpdate) => void): () => void {
    // Its own, so that one function may listen twice.
    const own = (update: MirrorUpdate): void => listener(update);
    this.#listeners.add(own);
    if (!this.#run) this.#start();
    return () => {
      // Later: React's strict mode, and a change of route, leave and come back in one go.
      if (this.#listeners.delete(own) && this.#listeners.size === 0) queueMicrotask(() => this.#endIfIdle());
    };
  }

  #endIfIdle(): void {
    if (this.#listeners.size > 0) return;
    this.#end();
    this.#onIdle();
  }

  #end(): void {
    const run = this.#run;
    this.#run = undefined;
    run?.end();
  }

  #start(): void {
    if (this.#error !== undefined) this.#snapshot = undefined;
    this.#error = undefined;
    const run = { end: (): void => {} };
    this.#run = run;
    const ifRunning =
      <T>(take: (given: T) => void) =>
      (given: T): void => {
        if (this.#run === run) take(given);
      };
    const end = this.#client.subscribe(
      { query: ItemChangesDocument.toString(), variables: { ...this.#variables } },
      {
        next: ifRunning((result: Result) => this.#receive(result)),
        error: ifRunning((error) => this.#fail(error)),
        complete: () => ifRunning(() => this.#fail(new Error('the subscription was completed')))(undefined),
      },
    );
    run.end = end;
    // It may be over already.
    if (this.#run !== run) end();
  }

  #receive({ data, errors }: Result): void {
    // What the document asks for.
    const changes = (data as ItemChangesSubscription | null | undefined)?.itemChanges;
    if (!changes) return this.#fail(errors);
    if (changes.reset) this.#building = new ItemSet();
    const isReplaced = this.#shown !== this.#building;
    this.#building.apply(changes);
    if (changes.caughtUp) {
      if (!this.#building.agreesWith(changes)) return this.#repair();
      this.#wrongInARow = 0;
      this.#shown = this.#building;
      this.#isLoaded = true;
    }
    if (this.#shown === this.#building) this.#changed({ changes, isReplaced });
  }

  #repair(): void {
    this.#repairs++;
    const again = this.#wrongInARow++;
    const waitMs = again === 0 ? 0 : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (again - 1));
    this.#end();
    const timer = setTimeout(() => this.#start(), waitMs);
    this.#run = { end: () => clearTimeout(timer) };
  }

  /** Nothing comes any more, until somebody listens anew. */
  #fail(error: unknown): void {
    this.#end();
    this.#error = error ?? new Error('the server answered without data');
    this.#changed({ changes: undefined, isReplaced: false });
  }

  #changed(update: MirrorUpdate): void {
    this.#snapshot = undefined;
    for (const listener of this.#listeners) listener(update);
  }
}

/** On the client itself, so that they end with it. */
const MIRRORS = Symbol.for('seamline.mirrors');

function sharedOf(client: SubscriptionClient & { [MIRRORS]?: Map<string, LiveMirror> }): Map<string, LiveMirror> {
  const shared = client[MIRRORS] ?? new Map<string, LiveMirror>();
  if (!client[MIRRORS]) Object.defineProperty(client, MIRRORS, { value: shared });
  return shared;
}
