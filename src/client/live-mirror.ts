/**
 * A copy of the map, made from `itemChanges` or the changes of another collection. At every `caughtUp` it compares its size and checksum with the server's (G6), and
 * loads the map again if they differ. A message that doesn't follow the one before is not applied: the subscription resumes.
 *
 *     messages ──(follows)──▶ building ──(caught up, checksum equal)──▶ items ──▶ listeners
 *
 * After a reset the new map is built separately, so that a list on a screen doesn't become empty in between.
 */
import { isSameReason, watchConnection } from './resuming/connection-watch.ts';
import { ItemSet } from './item-set.ts';
import { type AnyItem, type ChangesMessage, type KeyOf, missingIn } from './mirror-document.ts';
import type { MirrorState, MirrorStatus, TypedSnapshot, TypedUpdate } from './mirror-snapshot.ts';
import { resumable, type Result, type SubscriptionClient } from './resuming/resumable.ts';
import { codeOf, repairWaitMs } from './resuming/resumption.ts';

/** Servers before 0.2 don't have the field. */
const FOLLOWS = /\bfollows\b/;

type Update = TypedUpdate<ChangesMessage>;

const NOTHING: Update = { changes: undefined, isReplaced: false };

/** The subscription that a mirror copies. */
export interface MirrorSource {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Whether it is the document of a user. */
  readonly isOwn: boolean;
  readonly keyOf: KeyOf;
}

export class LiveMirror {
  readonly #client: SubscriptionClient;
  readonly #source: MirrorSource;
  readonly #onIdle: () => void;
  readonly #listeners = new Set<(update: Update) => void>();
  #shown: ItemSet;
  #building: ItemSet;
  /** A copy of the shown items. A change of the status keeps it. */
  #copy: ReadonlyMap<string, AnyItem> | undefined;
  #snapshot: TypedSnapshot<AnyItem> | undefined;
  #status: MirrorStatus = 'connecting';
  #isLoaded = false;
  #error: unknown;
  #repairs = 0;
  #missed = 0;
  #wrongInARow = 0;
  #query: string;
  /** The current subscription, or the wait before it; undefined if there is none. Results of an older one are ignored. */
  #run: { end: () => void } | undefined;

  constructor(client: SubscriptionClient, source: MirrorSource, onIdle: () => void) {
    this.#client = resumable(client, {
      onMissed: () => {
        this.#missed++;
        this.#lose(new Error('a message was lost on the way, and the subscription resumes'));
      },
    });
    this.#source = source;
    this.#query = source.query;
    this.#shown = this.#building = new ItemSet(source.keyOf);
    this.#onIdle = onIdle;
  }

  get items(): ReadonlyMap<string, AnyItem> {
    return this.#shown.items;
  }

  getSnapshot(): TypedSnapshot<AnyItem> {
    return (this.#snapshot ??= { items: (this.#copy ??= new Map(this.#shown.items)), ...this.state });
  }

  get state(): MirrorState {
    return {
      status: this.#status,
      isLoaded: this.#isLoaded,
      repairs: this.#repairs,
      missed: this.#missed,
      error: this.#error,
    };
  }

  subscribe(listener: (update: Update) => void): () => void {
    // A new function, so that one listener may be added twice.
    const own = (update: Update): void => listener(update);
    // The listeners of a subscription that failed learn that it starts again.
    if (!this.#run) this.#lose(undefined);
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
    const run = { end: (): void => {} };
    this.#run = run;
    const ifRunning =
      <T>(listener: (argument: T) => void) =>
      (argument: T): void => {
        if (this.#run === run) listener(argument);
      };
    const lose = ifRunning((reason: unknown) => this.#lose(reason));
    const unwatch = watchConnection(this.#client, lose);
    const unsubscribe = this.#client.subscribe(
      // Without `after: null` nothing would tell that the first message, which has `reset`, was lost.
      { query: this.#query, variables: { ...this.#source.variables }, extensions: { after: null } },
      {
        next: ifRunning((result: Result) => this.#receive(result)),
        error: ifRunning((error) => this.#fail(error)),
        complete: () => ifRunning(() => this.#fail(new Error('the server completed the subscription')))(undefined),
      },
      {
        connecting(isAgain) {
          if (isAgain) lose(new Error('the connection was lost'));
        },
      },
    );
    run.end = () => (unwatch(), unsubscribe());
    // The subscription may have failed before `subscribe` returned.
    if (this.#run !== run) run.end();
  }

  #receive({ data, errors }: Result): void {
    // A subscription has one root field, whatever its name.
    const [changes] = Object.values((data ?? {}) as Record<string, ChangesMessage | null>);
    if (!changes) return this.#fail(errors);
    const { keyOf } = this.#source;
    const missing = missingIn(changes, keyOf);
    if (missing) return this.#fail(new Error(`the document of the mirror must select ${missing}`));
    if (changes.reset) this.#building = new ItemSet(keyOf);
    const isReplaced = this.#shown !== this.#building;
    this.#building.apply(changes);
    if (changes.caughtUp) {
      if (!this.#building.agreesWith(changes)) return this.#repair();
      this.#wrongInARow = 0;
      this.#shown = this.#building;
      this.#isLoaded = true;
      this.#become('live', undefined);
    }
    if (this.#shown !== this.#building) return;
    this.#copy = undefined;
    this.#notify({ changes, isReplaced });
  }

  #repair(): void {
    this.#repairs++;
    this.#end();
    const timer = setTimeout(() => this.#start(), repairWaitMs(this.#wrongInARow++));
    this.#run = { end: () => clearTimeout(timer) };
    this.#lose(new Error('the copy differs from the map of the server, and is loaded again'));
  }

  /** The mirror doesn't follow the map until it has caught up again. */
  #lose(reason: unknown): void {
    if (this.#become(this.#isLoaded ? 'reconnecting' : 'connecting', reason)) this.#notify(NOTHING);
  }

  /** Ends the subscription until a new listener is added. */
  #fail(error: unknown): void {
    this.#end();
    if (codeOf(error) === 'GRAPHQL_VALIDATION_FAILED' && !this.#source.isOwn && FOLLOWS.test(this.#query)) {
      this.#query = this.#query.replace(FOLLOWS, '');
      return this.#start();
    }
    this.#become('failed', error ?? new Error('the server sent a result without data'));
    this.#notify(NOTHING);
  }

  /** Returns whether this is a change. */
  #become(status: MirrorStatus, error: unknown): boolean {
    if (status === this.#status && isSameReason(error, this.#error)) return false;
    this.#status = status;
    this.#error = error;
    this.#snapshot = undefined;
    return true;
  }

  #notify(update: Update): void {
    this.#snapshot = undefined;
    for (const listener of this.#listeners) listener(update);
  }
}
