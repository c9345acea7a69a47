import type { PubSub } from '@graphql-yoga/subscription';
import type { Item, ItemChanges, RemovedItem } from './model/change.ts';
import type { Bounds } from './model/command.ts';
import type { Counters } from './model/counters.ts';
import { type ParsedCursor, parseCursor } from './model/cursor.ts';
import { BadInputError, ConflictError, CursorExpiredError } from './model/errors.ts';
import { type KeyFilter, keyFilter } from './input/key-filter.ts';
import { Follower } from './replication/follower.ts';
import {
  checkBatch,
  checkRemoval,
  type InputLimits,
  type InsertInput,
  type RemoveOptions,
} from './input/insert-input.ts';
import { type ChangesRequest, itemChanges } from './subscriptions/item-changes.ts';
import { items, type ItemsRequest, type OnClose, type Source, type Start } from './subscriptions/items.ts';
import { errorFields, type Logger, messageOf, SILENT } from './model/logger.ts';
import type { Place } from './model/position.ts';
import type { LogHealth, OrderedLog } from './replication/ordered-log.ts';
import { createHeadPubSub, endSubscriptions, HeadTarget, type Topics } from './subscriptions/head-pub-sub.ts';
import { contradiction, type ReadPosition } from './replica/read.ts';
import type { Outcome } from './replica/outcome.ts';
import type { Replica } from './replica/replica.ts';
import { leavable } from './subscriptions/cancellation.ts';
import { DeliveryScheduler } from './subscriptions/scheduler.ts';
import { type KeyedInput, type KeyedRules, ruled, type ValueRules } from './input/value-rules.ts';

/** Each may be undefined: then it is the default, and of the bounds what the log says. */
type Optional<Options> = { readonly [Name in keyof Options]?: Options[Name] | undefined };

export interface StreamingMapOptions extends Optional<Bounds>, Optional<InputLimits> {
  /** The one truth. The map closes it. */
  readonly log: OrderedLog;
  /** Default: silent. */
  readonly logger?: Logger | undefined;
}

export interface SubscribeOptions {
  /** A cursor to go on behind. */
  readonly after?: string | null | undefined;
  /** Default: every key. */
  readonly filter?: KeyFilter | undefined;
  /** Ends the subscription at once. */
  readonly signal?: AbortSignal | undefined;
  /**
   * What happens when the map is closed, once all that it holds is delivered: the generator ends, or throws `EngineUnavailableError`.
   * A GraphQL subscription of your own needs `FAIL`, since clients take a stream that completes for one that has no more to say.
   * Default `END`.
   */
  readonly onClose?: OnClose | undefined;
}

export interface ItemsOptions extends SubscribeOptions {
  /** Default: no end. */
  readonly limit?: number | null | undefined;
  /** What happens to a reader that is slower than the window. Default `CONFLATE`. */
  readonly onLag?: 'CONFLATE' | 'FAIL' | undefined;
}

export const DEFAULT_LIMITS: InputLimits = {
  ttl: undefined,
  maxValueBytes: 64 * 1024,
  maxBatch: 1000,
  maxBatchBytes: 512 * 1024,
};

/**
 * A bounded map of the latest item per key, and subscriptions that deliver what is in it now and then everything that
 * changes, across one seam that neither loses nor repeats. `Value` is anything that JSON keeps; `Input` is what an insertion says: with
 * `keyOf` no key.
 */
export class StreamingMap<Value = unknown, Input extends KeyedInput<Value> = InsertInput<Value>> {
  readonly engine: string;
  /** Says `head` when something has changed. Subscribing here is for wake-ups only: read with `items` or `changes`. */
  readonly pubSub: PubSub<Topics>;
  readonly limits: InputLimits;
  readonly counters: Counters = { subscriptions: 0, inserts: 0, deliveries: 0, lagged: 0, resets: 0 };
  readonly #follower: Follower<Value>;
  readonly #rules: ValueRules<Value>;
  readonly #heads: HeadTarget;
  #closed: Promise<void> | undefined;
  /** What subscriptions are served from. @internal */
  readonly source: Source<Value>;

  private constructor(
    follower: Follower<Value>,
    heads: HeadTarget,
    pubSub: PubSub<Topics>,
    options: StreamingMapOptions & ValueRules<Value>,
  ) {
    this.#rules = { keyOf: options.keyOf, validate: options.validate };
    this.engine = options.log.engine;
    this.pubSub = pubSub;
    this.limits = limitsOf(options);
    this.#follower = follower;
    this.#heads = heads;
    const isClosed = (): boolean => this.#closed !== undefined;
    this.source = {
      get replica() {
        return follower.replica;
      },
      get history() {
        return follower.history;
      },
      get isClosed() {
        return isClosed();
      },
      heads,
      scheduler: new DeliveryScheduler(),
      counters: this.counters,
    };
  }

  /** Resolves once the map holds what the log held. */
  static async open<Value = unknown>(
    options: StreamingMapOptions & KeyedRules<Value>,
  ): Promise<StreamingMap<Value, KeyedInput<Value>>>;
  static async open<Value = unknown>(
    options: StreamingMapOptions & ValueRules<Value> & { readonly keyOf?: undefined },
  ): Promise<StreamingMap<Value>>;
  static async open<Value>(options: StreamingMapOptions & ValueRules<Value>): Promise<unknown> {
    const { log, logger = SILENT } = options;
    const heads = new HeadTarget((error) =>
      logger.error(errorFields(error), `a listener of the pub-sub threw: ${messageOf(error)}`),
    );
    const pubSub = createHeadPubSub(heads);
    const bounds = boundsOf(options);
    const onHead = (head: Place): void => pubSub.publish('head', head);
    const follower = await Follower.open<Value>({ log, bounds, logger, onHead });
    return new StreamingMap<Value>(follower, heads, pubSub, options);
  }

  /** Resolves with the item once it is applied here and as durable as the log promises. */
  async insert(input: Input): Promise<Item<Value>> {
    const [item] = await this.insertMany([input]);
    // One input, one item.
    return item!;
  }

  /** All or none, at consecutive positions. The items are in the inputs' order. */
  async insertMany(inputs: readonly Input[]): Promise<readonly Item<Value>[]> {
    return await this.preparedInsert(inputs)();
  }

  /** Checks the inputs; what it returns inserts them. Throws `BadInputError` or `PayloadTooLargeError`. @internal */
  preparedInsert(inputs: readonly Input[]): () => Promise<readonly Item<Value>[]> {
    const { insertions, json } = checkBatch(ruled(inputs, this.#rules), this.limits);
    return async () => {
      const outcome = unlessConflict(await this.#follower.submit({ kind: 'insert', insertions }, json));
      if (outcome.kind !== 'inserted') throw new Error(`an insertion ended as ${outcome.kind}`);
      this.counters.inserts += inputs.length;
      return outcome.items;
    };
  }

  /** Whether it knows under which key a value goes. */
  get isKeyed(): boolean {
    return this.#rules.keyOf !== undefined;
  }

  /** Null when there was nothing under the key. */
  async remove(key: string, options: RemoveOptions = {}): Promise<RemovedItem | null> {
    const removal = { key, ...checkRemoval(key, options) };
    const outcome = unlessConflict(await this.#follower.submit({ kind: 'remove', removal }));
    if (outcome.kind !== 'removed') throw new Error(`a removal ended as ${outcome.kind}`);
    return outcome.removed;
  }

  get(key: string): Item<Value> | undefined {
    return this.#follower.replica.items.get(key);
  }

  /** What is there now, oldest first, and then every insertion. */
  items(options: ItemsOptions = {}): AsyncGenerator<Item<Value>, void, void> {
    const request = this.itemsRequest(options);
    return leavable((left) => items(this.source, request, left), options.signal);
  }

  /** What a mirror of the map needs, message by message. */
  changes(options: SubscribeOptions = {}): AsyncGenerator<ItemChanges<Value>, void, void> {
    const request = this.changesRequest(options);
    return leavable((left) => itemChanges(this.source, request, left), options.signal);
  }

  /** What `items` is asked for. Throws `BadInputError`. @internal */
  itemsRequest(options: ItemsOptions): ItemsRequest {
    const { limit, onLag = 'CONFLATE', onClose = 'END', filter = keyFilter(), after } = options;
    if (limit != null && !(Number.isInteger(limit) && limit >= 0))
      throw new BadInputError([{ path: ['limit'], message: 'must be 0 or more' }]);
    const cursor = parseAfter(after);
    const start: Start = async (left, begin) => (cursor ? this.#reach(cursor, begin, left) : begin(undefined));
    return { limit: limit ?? undefined, filter, onLag, onClose, start };
  }

  /** What `changes` is asked for. Throws `BadInputError`. @internal */
  changesRequest({ filter = keyFilter(), onClose = 'END', after }: SubscribeOptions): ChangesRequest {
    const cursor = parseAfter(after);
    const start: Start = async (left, begin) => {
      if (!cursor) return begin(undefined);
      try {
        return await this.#reach(cursor, begin, left);
      } catch (error) {
        if (!(error instanceof CursorExpiredError)) throw error;
        this.counters.resets++;
        return begin(undefined);
      }
    };
    return { filter, onClose, start };
  }

  /** Waits until the replica has reached the cursor, if the log has. Throws `CursorExpiredError` when it can't be continued. @internal */
  async reach(after: string, signal?: AbortSignal): Promise<void> {
    await this.#reach(parseCursor(after), () => {}, signal);
  }

  /** The state machine itself: for reads that need no waiting. Not to be kept: once the log has been rebuilt it is another one. @internal */
  get replica(): Replica<Value> {
    return this.#follower.replica;
  }

  /** How many subscriptions are open. */
  get subscriptions(): number {
    return this.counters.subscriptions;
  }

  health(): LogHealth {
    return this.#follower.health();
  }

  /**
   * Takes nothing more in, and closes the log. Each open generator delivers what the map holds and then ends, or throws where it was
   * asked to (`onClose`), and so does one that is made later; what the map holds can still be read. A second call waits for the first.
   */
  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = this.#follower.close();
      endSubscriptions(this.#heads);
      // Those that wait at the head look again, and find that it moves no more.
      this.pubSub.publish('head', this.replica.head);
    }
    return this.#closed;
  }

  /** For `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** `begin` is called in the synchronous block that has looked at the replica. */
  async #reach<R>(cursor: ParsedCursor, begin: (readPosition: ReadPosition) => R, signal?: AbortSignal): Promise<R> {
    const { place, cutoff = place, seen = cutoff } = cursor;
    let reason = contradiction(this.replica, cursor);
    // The other node's newest may not be here yet: what the log holds now is worth waiting for.
    if (reason === 'ahead of the log' || (reason && this.#follower.isBroken)) {
      await this.#follower.caughtUp(signal);
      reason = contradiction(this.replica, cursor);
    }
    // Who has left needs no place: its generator ends before it reads.
    if (!reason || signal?.aborted) return begin({ at: place, cutoff, seen });
    // What the log would have said isn't known where this node has stopped.
    if (reason === 'ahead of the log' || this.#follower.isBroken) this.#follower.assertRunning();
    throw new CursorExpiredError(`the cursor is ${reason}`);
  }
}

function limitsOf({ ttl, maxValueBytes, maxBatch, maxBatchBytes }: StreamingMapOptions): InputLimits {
  const limits = {
    ttl: ttl ?? DEFAULT_LIMITS.ttl,
    maxValueBytes: maxValueBytes ?? DEFAULT_LIMITS.maxValueBytes,
    maxBatch: maxBatch ?? DEFAULT_LIMITS.maxBatch,
    maxBatchBytes: maxBatchBytes ?? DEFAULT_LIMITS.maxBatchBytes,
  };
  for (const [name, value] of Object.entries(limits)) if (value !== undefined) assertCount(name, value);
  if (limits.maxBatch > DEFAULT_LIMITS.maxBatch)
    throw new RangeError(`maxBatch must not exceed ${DEFAULT_LIMITS.maxBatch}`);
  return limits;
}

/** Only what was asked for: the rest is the log's. */
function boundsOf({ maxItems, maxBytes, window }: StreamingMapOptions): Partial<Bounds> {
  const asked = Object.entries({ maxItems, maxBytes, window }).filter(([, value]) => value !== undefined);
  for (const [name, value] of asked) assertCount(name, value);
  return Object.fromEntries(asked);
}

function assertCount(name: string, value: number | undefined): void {
  if (!Number.isSafeInteger(value) || (value ?? 0) < 1)
    throw new RangeError(`${name} must be a whole number, 1 or more`);
}

function parseAfter(after: string | null | undefined): ParsedCursor | undefined {
  return after == null ? undefined : parseCursor(after);
}

function unlessConflict<Value>(outcome: Outcome<Value>): Exclude<Outcome<Value>, { kind: 'conflict' }> {
  if (outcome.kind === 'conflict') throw new ConflictError(outcome.reason, outcome.index, outcome.cursor);
  return outcome;
}
