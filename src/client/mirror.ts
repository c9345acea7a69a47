/**
 * A live copy of the map, made from `itemChanges`. At every `caughtUp` it compares its size and checksum with the server's (G6), and
 * loads the map again if they differ.
 *
 *     messages ──▶ building ──(caught up, checksum equal)──▶ items ──▶ listeners
 *
 * After a reset the new map is built separately, so that a list on a screen doesn't become empty in between.
 */
import { type ItemChangesSubscription, ItemChangesDocument, type ItemFilter } from '../../schema/documents/graphql.ts';
import { filterId } from './item-keys.ts';
import { ItemSet, type MirroredItem } from './item-set.ts';
import { resumable, type Result, type SubscriptionClient } from './resumable.ts';

/** Selects the items of a mirror. */
export interface MirrorVariables {
  /** @default all items */
  readonly filter?: ItemFilter | undefined;
}

/** The state of a mirror, without its items. */
export interface MirrorState {
  /** False until `items` has been equal to the server's map for the first time. */
  readonly isLoaded: boolean;
  /** How often the copy was wrong and was loaded again. */
  readonly repairs: number;
  /** Why the subscription ended: GraphQL errors, or an error of the client. It starts again with the next new listener. */
  readonly error: unknown;
}

/** An immutable snapshot of a mirror. */
export interface MirrorSnapshot<Value = unknown> extends MirrorState {
  /** By key, oldest first. */
  readonly items: ReadonlyMap<string, MirroredItem<Value>>;
}

/** One message of the subscription `itemChanges`. */
export type ItemChanges = ItemChangesSubscription['itemChanges'];

/** Tells a listener what has changed, so that it can update a view without reading all items. */
export interface MirrorUpdate {
  /** The message that was applied; undefined if the subscription failed. */
  readonly changes: ItemChanges | undefined;
  /** Whether the map was loaded, for the first time or again: read all of `items`, because `changes` is only the last part. */
  readonly isReplaced: boolean;
}

/** A live copy of the server's map; see {@link mirror}. */
export interface Mirror<Value = unknown> {
  /** The live map by key, oldest item first. It changes in place; use `getSnapshot` for an immutable one. */
  readonly items: ReadonlyMap<string, MirroredItem<Value>>;
  /** The state besides the items, without copying the map. */
  readonly state: MirrorState;
  /** Returns the same object until something changes. The first call after a change copies the map. */
  readonly getSnapshot: () => MirrorSnapshot<Value>;
  /** Adds a listener, and returns a function that removes it. The mirror is live while it has listeners. */
  readonly subscribe: (listener: (update: MirrorUpdate) => void) => () => void;
}

export const EMPTY: MirrorSnapshot<never> = { items: new Map(), isLoaded: false, repairs: 0, error: undefined };

/**
 * Makes a live copy of the server's map. All mirrors with the same client and equal variables share one subscription, so a mirror that is
 * added later has the whole map at once. The mirror resumes after each reconnect.
 *
 * @param client a client of graphql-ws or graphql-sse, or any object with an equal `subscribe`
 * @param variables selects items by key or key prefix. Default: all items
 *
 * @example
 * ```ts
 * const client = createClient({ url: 'ws://127.0.0.1:4000/graphql', ...persistent() });
 * const prices = mirror<{ price: number }>(client, { filter: { keyPrefix: 'price/' } });
 * const unsubscribe = prices.subscribe(() => console.log(prices.items.size, 'prices'));
 * ```
 */
export function mirror<Value = unknown>(client: SubscriptionClient, variables: MirrorVariables = {}): Mirror<Value> {
  const mirrors = mirrorsOf(client);
  const id = filterId(variables.filter);
  const snapshot = (): MirrorSnapshot => mirrors.get(id)?.getSnapshot() ?? EMPTY;
  return {
    // The caller states the type of its values.
    get items() {
      return (mirrors.get(id)?.items ?? EMPTY.items) as ReadonlyMap<string, MirroredItem<Value>>;
    },
    get state() {
      return mirrors.get(id)?.state ?? EMPTY;
    },
    getSnapshot: () => snapshot() as MirrorSnapshot<Value>,
    subscribe(listener) {
      const live =
        mirrors.get(id) ??
        new LiveMirror(client, variables, () => {
          // Another mirror may have replaced this one.
          if (mirrors.get(id) === live) mirrors.delete(id);
        });
      mirrors.set(id, live);
      return live.subscribe(listener);
    },
  };
}

/** In ms: the wait before a second wrong copy in a row is loaded again, doubled for each further one. */
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
  /** The current subscription, or the wait before it; undefined if there is none. Results of an older one are ignored. */
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
    // A new function, so that one listener may be added twice.
    const own = (update: MirrorUpdate): void => listener(update);
    this.#listeners.add(own);
    if (!this.#run) this.#start();
    return () => {
      // Deferred, because React's strict mode and a change of route remove a listener and add it again at once.
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
      <T>(listener: (argument: T) => void) =>
      (argument: T): void => {
        if (this.#run === run) listener(argument);
      };
    const end = this.#client.subscribe(
      { query: ItemChangesDocument.toString(), variables: { ...this.#variables } },
      {
        next: ifRunning((result: Result) => this.#receive(result)),
        error: ifRunning((error) => this.#fail(error)),
        complete: () => ifRunning(() => this.#fail(new Error('the server completed the subscription')))(undefined),
      },
    );
    run.end = end;
    // The subscription may have failed before `subscribe` returned.
    if (this.#run !== run) end();
  }

  #receive({ data, errors }: Result): void {
    // The result has the shape of the document.
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
    if (this.#shown === this.#building) this.#notify({ changes, isReplaced });
  }

  #repair(): void {
    this.#repairs++;
    const again = this.#wrongInARow++;
    const waitMs = again === 0 ? 0 : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (again - 1));
    this.#end();
    const timer = setTimeout(() => this.#start(), waitMs);
    this.#run = { end: () => clearTimeout(timer) };
  }

  /** Ends the subscription until a new listener is added. */
  #fail(error: unknown): void {
    this.#end();
    this.#error = error ?? new Error('the server sent a result without data');
    this.#notify({ changes: undefined, isReplaced: false });
  }

  #notify(update: MirrorUpdate): void {
    this.#snapshot = undefined;
    for (const listener of this.#listeners) listener(update);
  }
}

/** Stored on the client itself, so that they are collected with it. */
const MIRRORS = Symbol.for('seamline.mirrors');

function mirrorsOf(client: SubscriptionClient & { [MIRRORS]?: Map<string, LiveMirror> }): Map<string, LiveMirror> {
  const mirrors = client[MIRRORS] ?? new Map<string, LiveMirror>();
  if (!client[MIRRORS]) Object.defineProperty(client, MIRRORS, { value: mirrors });
  return mirrors;
}
