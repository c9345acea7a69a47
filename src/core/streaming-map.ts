import type { PubSub } from '@graphql-yoga/subscription';
import type { Item, ItemChanges, RemovedItem } from './model/change.ts';
import { type ParsedCursor, parseCursor } from './model/cursor.ts';
import { BadInputError, ConflictError, CursorExpiredError } from './model/errors.ts';
import { Interest } from './interest/interest.ts';
import { Follower } from './replication/follower.ts';
import {
  checkBatch,
  checkRemoval,
  type InputLimits,
  type InsertInput,
  type RemoveOptions,
} from './input/insert-input.ts';
import { type ChangesRequest, itemChanges } from './subscriptions/item-changes.ts';
import {
  boundsOf,
  filterOf,
  type ItemsOptions,
  limitsOf,
  parseAfter,
  type StreamingMapOptions,
  type SubscribeOptions,
} from './map-options.ts';
import { type Counters, items, type ItemsRequest, type Source, type Start } from './subscriptions/items.ts';
import { errorFields, messageOf, SILENT } from './model/logger.ts';
import type { LogHealth } from './replication/ordered-log.ts';
import { createHeadPubSub, HeadTarget, type Topics } from './subscriptions/head-pub-sub.ts';
import { contradiction, type ReadPosition } from './replica/read.ts';
import type { Outcome } from './model/command.ts';
import type { Replica } from './replica/replica.ts';
import { leavable } from './subscriptions/cancellation.ts';
import { DeliveryScheduler } from './subscriptions/scheduler.ts';
import { type KeyedInput, type KeyedRules, applyRules, type ValueRules } from './input/value-rules.ts';

interface Parts<Value> {
  readonly follower: Follower<Value>;
  readonly heads: HeadTarget;
  readonly pubSub: PubSub<Topics>;
  readonly interest: Interest;
  readonly scheduler: DeliveryScheduler;
}

/**
 * A bounded map of the latest item per key, with subscriptions that deliver the current items and then every change, across one seam that
 * neither loses nor repeats. `Value` is JSON. `Input` is the input of an insertion: without a `key` when the map has `keyOf`.
 *
 * @example
 * const map = await StreamingMap.open<number>({ log: memoryLog() });
 * await map.insert({ key: 'a', value: 1 });
 * for await (const { key, value } of map.items()) console.log(key, value);
 */
export class StreamingMap<Value = unknown, Input extends KeyedInput<Value> = InsertInput<Value>> {
  /** The name of the log's engine, such as `memory`. */
  readonly engine: string;
  /** Publishes `head` when the map has changed: for wake-ups only, as `items` and `changes` deliver the data. */
  readonly pubSub: PubSub<Topics>;
  readonly limits: InputLimits;
  readonly counters: Counters = { subscriptions: 0, inserts: 0, deliveries: 0, lagged: 0, resets: 0 };
  readonly #follower: Follower<Value>;
  readonly #rules: ValueRules<Value>;
  readonly #heads: HeadTarget;
  #closed: Promise<void> | undefined;
  /** The parts that subscriptions use. @internal */
  readonly source: Source<Value>;

  private constructor(
    { follower, heads, pubSub, interest, scheduler }: Parts<Value>,
    options: StreamingMapOptions & ValueRules<Value>,
  ) {
    this.#rules = { keyOf: options.keyOf, validate: options.validate };
    this.engine = options.log.engine;
    this.pubSub = pubSub;
    this.limits = limitsOf(options);
    this.#follower = follower;
    this.#heads = heads;
    this.source = {
      get replica() {
        return follower.replica;
      },
      get history() {
        return follower.history;
      },
      get isClosed() {
        return heads.isClosed;
      },
      interest,
      scheduler,
      counters: this.counters,
    };
  }

  /**
   * Resolves when the map holds everything that the log held.
   * @throws {RangeError} when an option is out of range.
   */
  static async open<Value = unknown>(
    options: StreamingMapOptions & KeyedRules<Value>,
  ): Promise<StreamingMap<Value, KeyedInput<Value>>>;
  static async open<Value = unknown>(
    options: StreamingMapOptions & ValueRules<Value> & { readonly keyOf?: undefined },
  ): Promise<StreamingMap<Value>>;
  static async open<Value>(options: StreamingMapOptions & ValueRules<Value>): Promise<unknown> {
    const { log, logger = SILENT, scheduler = new DeliveryScheduler() } = options;
    const heads = new HeadTarget((error) =>
      logger.error(errorFields(error), `a listener of the pub-sub threw: ${messageOf(error)}`),
    );
    const pubSub = createHeadPubSub(heads);
    const bounds = boundsOf(options);
    // Nobody listens before the follower is open.
    const shown = (): Replica<Value> => follower.replica;
    const [deferLate, deferSums] = [scheduler.deferSlices(true), scheduler.deferSlices(false)];
    const interest = new Interest({ shown, deferLate, deferSums });
    const follower: Follower<Value> = await Follower.open<Value>({
      log,
      bounds,
      logger,
      onChange: (change, superseded, before) => interest.note(change, superseded, before),
      onHead: (head, window) => {
        interest.idle.headMoved(head, window);
        if (heads.hasListeners('head')) pubSub.publish('head', head);
      },
      onShown: (head, before) => {
        interest.showAnother(before);
        pubSub.publish('head', head);
      },
    });
    return new StreamingMap<Value>({ follower, heads, pubSub, interest, scheduler }, options);
  }

  /**
   * Resolves with the item when it is applied here and as durable as the log promises. Rejects as `insertMany` does.
   *
   * @example
   * const item = await map.insert({ key: 'a', value: 1, ttl: 60, idempotencyKey: requestId });
   */
  async insert(input: Input): Promise<Item<Value>> {
    const [item] = await this.insertMany([input]);
    return item!; // One input, one item.
  }

  /**
   * Inserts all inputs or none, at consecutive positions. Resolves with the items in the order of the inputs.
   * @throws {BadInputError} an input is not valid.
   * @throws {PayloadTooLargeError} a value or the batch is too large.
   * @throws {ConflictError} a condition does not hold.
   * @throws {EngineUnavailableError} nothing was written.
   * @throws {IndeterminateError} the batch may have been written.
   */
  async insertMany(inputs: readonly Input[]): Promise<readonly Item<Value>[]> {
    return await this.preparedInsert(inputs)();
  }

  /** Checks the inputs, and returns the function that inserts them. Throws `BadInputError` or `PayloadTooLargeError`. @internal */
  preparedInsert(inputs: readonly Input[]): () => Promise<readonly Item<Value>[]> {
    return this.prepared(this.ruled(inputs)).run;
  }

  /** The inputs with their keys, after the map's rules. Throws `BadInputError`. @internal */
  ruled(inputs: readonly Input[]): readonly InsertInput<Value>[] {
    return applyRules(inputs, this.#rules);
  }

  /** As `preparedInsert`, of what `ruled` has returned. `bytes`: those of the items. @internal */
  prepared(inputs: readonly InsertInput<Value>[]): { bytes: number; run: () => Promise<readonly Item<Value>[]> } {
    const insertions = checkBatch(inputs, this.limits);
    const run = async () => {
      const outcome = unlessConflict(await this.#follower.submit({ kind: 'insert', insertions }));
      if (outcome.kind !== 'inserted') throw new Error(`expected the outcome "inserted", got "${outcome.kind}"`);
      this.counters.inserts += inputs.length;
      return outcome.items;
    };
    return { bytes: insertions.reduce((sum, { bytes }) => sum + bytes, 0), run };
  }

  /** Whether the map has `keyOf`. */
  get isKeyed(): boolean {
    return this.#rules.keyOf !== undefined;
  }

  /** Resolves with the removal, or null when the key has no item. Rejects as `insertMany` does. */
  async remove(key: string, options: RemoveOptions = {}): Promise<RemovedItem | null> {
    const removal = { key, ...checkRemoval(key, options) };
    const outcome = unlessConflict(await this.#follower.submit({ kind: 'remove', removal }));
    if (outcome.kind !== 'removed') throw new Error(`expected the outcome "removed", got "${outcome.kind}"`);
    return outcome.removed;
  }

  /** The current item of a key. */
  get(key: string): Item<Value> | undefined {
    return this.#follower.replica.items.get(key);
  }

  /**
   * Delivers the current items, oldest first, and then every insertion. The generator throws `CursorExpiredError` when `after` can't be
   * continued, and `LaggedError` with `onLag: 'FAIL'`.
   * @throws {BadInputError}
   *
   * @example
   * for await (const item of map.items({ after: lastCursor, signal })) await handle(item);
   * for await (const item of map.items({ filter: { where: { path: '/status', eq: 'open' } } })) await handle(item);
   */
  items(options: ItemsOptions = {}): AsyncGenerator<Item<Value>, void, void> {
    const request = this.itemsRequest(options);
    return leavable((signal) => items(this.source, request, signal), options.signal);
  }

  /** Delivers the messages that keep a mirror of the map. An expired `after` starts it over with `reset: true`. @throws {BadInputError} */
  changes(options: SubscribeOptions = {}): AsyncGenerator<ItemChanges<Value>, void, void> {
    const request = this.changesRequest(options);
    return leavable((signal) => itemChanges(this.source, request, signal), options.signal);
  }

  /** The checked request of `items`. @throws {BadInputError} @internal */
  itemsRequest(options: ItemsOptions): ItemsRequest {
    const { limit, onLag = 'CONFLATE', onClose = 'END', after } = options;
    if (limit != null && !(Number.isInteger(limit) && limit >= 0))
      throw new BadInputError([{ path: ['limit'], message: `must be a whole number, 0 or more, got ${limit}` }]);
    const cursor = parseAfter(after);
    const start: Start = async (signal, begin) => (cursor ? this.#reach(cursor, begin, signal) : begin(undefined));
    return { limit: limit ?? undefined, filter: filterOf(options.filter), onLag, onClose, start };
  }

  /** The checked request of `changes`. @throws {BadInputError} @internal */
  changesRequest({ filter, onClose = 'END', after }: SubscribeOptions): ChangesRequest {
    const cursor = parseAfter(after);
    const start: Start = async (signal, begin) => {
      if (!cursor) return begin(undefined);
      try {
        return await this.#reach(cursor, begin, signal);
      } catch (error) {
        if (!(error instanceof CursorExpiredError)) throw error;
        this.counters.resets++;
        return begin(undefined);
      }
    };
    return { filter: filterOf(filter), onClose, start };
  }

  /** Resolves when the replica has reached the cursor. @throws {CursorExpiredError} when the cursor can't be continued. @internal */
  async reach(after: string, signal?: AbortSignal): Promise<void> {
    await this.#reach(parseCursor(after), () => {}, signal);
  }

  /** The replica that is shown, for synchronous reads. Callers must not keep it, because a rebuild replaces it. @internal */
  get replica(): Replica<Value> {
    return this.#follower.replica;
  }

  /** The number of open subscriptions. */
  get subscriptions(): number {
    return this.counters.subscriptions;
  }

  /** Whether the map takes writes now, and why not. */
  health(): LogHealth {
    return this.#follower.health();
  }

  /**
   * Refuses further writes and closes the log. Each generator, open now or made later, delivers everything that the map holds and then ends,
   * or throws (`onClose`). The map stays readable. A second call waits for the first.
   */
  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = this.#follower.close();
      this.#heads.close();
      // The subscriptions that wait must see that the map is closed.
      this.source.interest.wakeAll(this.replica.head);
      this.pubSub.publish('head', this.replica.head);
    }
    return this.#closed;
  }

  /** Calls `close`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Turns a cursor into the position to continue after. Calls `begin` in the synchronous block that has checked the cursor against the replica. */
  async #reach<R>(cursor: ParsedCursor, begin: (readPosition: ReadPosition) => R, signal?: AbortSignal): Promise<R> {
    const { place, cutoff = place, seen = cutoff } = cursor;
    let reason = contradiction(this.replica, cursor);
    // The cursor may come from a node that is ahead: wait for everything that the log holds now.
    if (reason === 'ahead of the log' || (reason && this.#follower.isBroken)) {
      await this.#follower.caughtUp(signal);
      reason = contradiction(this.replica, cursor);
    }
    // The generator of an aborted subscription ends before it reads.
    if (!reason || signal?.aborted) return begin({ at: place, cutoff, seen });
    // A stopped node can't know whether the log has the cursor.
    if (reason === 'ahead of the log' || this.#follower.isBroken) this.#follower.assertRunning();
    throw new CursorExpiredError(`the cursor is ${reason}`);
  }
}

function unlessConflict<Value>(outcome: Outcome<Value>): Exclude<Outcome<Value>, { kind: 'conflict' }> {
  if (outcome.kind === 'conflict') throw new ConflictError(outcome.reason, outcome.index, outcome.cursor);
  return outcome;
}
