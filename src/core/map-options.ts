/** The options of a map, and their defaults and checks. */
import type { Bounds } from './model/command.ts';
import type { InputLimits } from './input/insert-input.ts';
import { type ItemFilter, itemFilter, type ItemFilterInput } from './input/item-filter.ts';
import { filterKeysProblem, keyPrefixProblem } from './input/insert-input.ts';
import { type ParsedCursor, parseCursor } from './model/cursor.ts';
import { BadInputError, type Issue } from './model/errors.ts';
import type { Logger } from './model/logger.ts';
import type { OrderedLog } from './replication/ordered-log.ts';
import type { OnClose } from './subscriptions/items.ts';
import type { DeliveryScheduler } from './subscriptions/scheduler.ts';

/** Each option may be undefined: then the log's bound or the default applies. */
type Optional<Options> = { readonly [Name in keyof Options]?: Options[Name] | undefined };

/** Options of `StreamingMap.open`. The bounds (`maxItems`, `maxBytes`, `window`) are stored in the log, so all its nodes agree. */
export interface StreamingMapOptions extends Optional<Bounds>, Optional<InputLimits> {
  /** The log that holds the map's commands, such as `memoryLog()`. The map closes it. */
  readonly log: OrderedLog;
  /** @default silent */
  readonly logger?: Logger | undefined;
  /** The maps of one server share it, so that turns are fair among all of their subscriptions. @default one of its own @internal */
  readonly scheduler?: DeliveryScheduler | undefined;
}

/** Options of `StreamingMap.changes`. */
export interface SubscribeOptions {
  /** A cursor: the subscription continues exactly after it. @default a new subscription, with the current items first */
  readonly after?: string | null | undefined;
  /** The items to deliver: conditions, or what `itemFilter` or `keyFilter` has made of them. @default every item */
  readonly filter?: ItemFilter | ItemFilterInput | null | undefined;
  /** Ends the subscription at once when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /**
   * What happens after the map is closed and everything that it holds is delivered: the generator ends, or throws
   * `EngineUnavailableError`. A GraphQL subscription of your own needs `FAIL`, because clients take completion for the end of the data.
   * @default 'END'
   */
  readonly onClose?: OnClose | undefined;
}

/** Options of `StreamingMap.items`. */
export interface ItemsOptions extends SubscribeOptions {
  /** Ends the subscription after so many items; 0 ends it at once. @default no limit */
  readonly limit?: number | null | undefined;
  /**
   * What happens when the subscription is slower than the window: it goes on with the items that are still current, or throws
   * `LaggedError`.
   * @default 'CONFLATE'
   */
  readonly onLag?: 'CONFLATE' | 'FAIL' | undefined;
}

/**
 * The filter of a subscription, checked unless it was made by `itemFilter` or `keyFilter`.
 * @throws {BadInputError} at `filter`
 */
export function filterOf(given: SubscribeOptions['filter']): ItemFilter {
  if (given == null) return itemFilter();
  if ('prefix' in given) return given;
  const { keys, keyPrefix } = given;
  const issues: Issue[] = [];
  const refuse = (name: string, message: string | undefined): void => {
    if (message !== undefined) issues.push({ path: ['filter', name], message });
  };
  for (const name of Object.keys(given))
    if (!FILTER_MEMBERS.has(name)) refuse(name, 'is no member of a filter: use keys, keyPrefix or where');
  if (keys != null) refuse('keys', keysProblem(keys));
  if (keyPrefix != null) refuse('keyPrefix', keyPrefixProblem(keyPrefix));
  if (issues.length > 0) throw new BadInputError(issues);
  return itemFilter(given);
}

function keysProblem(keys: readonly unknown[]): string | undefined {
  const isSound = Array.isArray(keys) && keys.every((key) => typeof key === 'string');
  return isSound ? filterKeysProblem(keys) : 'must be an array of strings';
}

const FILTER_MEMBERS: ReadonlySet<string> = new Set(['keys', 'keyPrefix', 'where']);

/** @throws {BadInputError} at `after` */
export function parseAfter(after: SubscribeOptions['after']): ParsedCursor | undefined {
  return after == null ? undefined : parseCursor(after);
}

export const DEFAULT_LIMITS: InputLimits = {
  ttl: undefined,
  maxValueBytes: 64 * 1024,
  maxBatch: 1000,
  maxBatchBytes: 512 * 1024,
};

/** @throws {RangeError} */
export function limitsOf({ ttl, maxValueBytes, maxBatch, maxBatchBytes }: StreamingMapOptions): InputLimits {
  const limits = { ...DEFAULT_LIMITS, ...countsOf({ ttl, maxValueBytes, maxBatch, maxBatchBytes }) };
  if (limits.maxBatch > DEFAULT_LIMITS.maxBatch)
    throw new RangeError(`maxBatch must be at most ${DEFAULT_LIMITS.maxBatch}, got ${limits.maxBatch}`);
  return limits;
}

/** The bounds that were set; the log has the others. @throws {RangeError} */
export function boundsOf({ maxItems, maxBytes, window }: StreamingMapOptions): Partial<Bounds> {
  return countsOf({ maxItems, maxBytes, window });
}

/** Those that were set. @throws {RangeError} */
function countsOf<Name extends string>(counts: Record<Name, number | undefined>): { [_ in Name]?: number } {
  const given = Object.entries<number | undefined>(counts).filter(([, count]) => count != null);
  for (const [name, count = 0] of given)
    if (!Number.isSafeInteger(count) || count < 1)
      throw new RangeError(`${name} must be a whole number, 1 or more, got ${count}`);
  return Object.fromEntries(given) as { [_ in Name]?: number };
}
