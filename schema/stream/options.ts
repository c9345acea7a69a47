/** The options of `addStream`: in the form that users write, and in the form that the code uses. */
import type { InputRef, InputShape, ObjectRef, SchemaTypes } from '@pothos/core';
import type { Item } from '../../src/core/model/change.ts';
import type { StreamingMap } from '../../src/core/streaming-map.ts';
import type { KeyedInput } from '../../src/core/input/value-rules.ts';
import type { StreamScope } from '../request/own-operation.ts';

export type { StreamScope } from '../request/own-operation.ts';

/** Options of the mutations. Without them only the program itself inserts and removes. */
interface StreamInput<Types extends SchemaTypes, Value, Input extends InputRef> {
  /**
   * The input type of the mutation `insert<Name>(input:, ttl:, idempotencyKey:, ifAbsent:, ifCursor:)`. The map needs `keyOf`.
   * @default undefined: the mutation isn't added
   */
  readonly input?: Input | undefined;
  /**
   * Adds the mutation `insert<Plural>(inputs:, ttl:, idempotencyKey:)`, which inserts all of its inputs or none.
   * @default false
   */
  readonly batch?: boolean | undefined;
  /**
   * Adds the mutation `remove<Name>(key:, ifCursor:, idempotencyKey:)`. With `mayRemove` it has no `idempotencyKey`.
   * @default false
   */
  readonly remove?: boolean | undefined;
  /**
   * Whether this caller may insert this input. False refuses the mutation with `FORBIDDEN`; an exception is treated like that of any
   * resolver.
   * @default every caller may insert everything
   */
  readonly mayWrite?:
    ((input: InputShape<Types, Input>, context: Types['Context']) => boolean | Promise<boolean>) | undefined;
  /**
   * Whether this caller may remove the item with this value. Required if both `mayWrite` and `remove` are given.
   * @default every caller may remove everything
   */
  readonly mayRemove?: ((value: Value, context: Types['Context']) => boolean | Promise<boolean>) | undefined;
}

type ToValue<Types extends SchemaTypes, Value, Input extends InputRef> = {
  /** Makes the value to insert from an input. Optional if the input type is assignable to the value type. */
  readonly toValue: (input: InputShape<Types, Input>, context: Types['Context']) => Value | Promise<Value>;
};

type MaybeToValue<Types extends SchemaTypes, Value, Input extends InputRef> =
  InputShape<Types, Input> extends Value ? Partial<ToValue<Types, Value, Input>> : ToValue<Types, Value, Input>;

interface StreamReads<Types extends SchemaTypes, Value> {
  /** The map that holds the items. */
  readonly map: StreamingMap<Value, KeyedInput<Value>>;
  /**
   * The stem of field and type names, as in `QuoteChanges`.
   * @default the name of `type` or `item`
   */
  readonly name?: string | undefined;
  /**
   * The name of the subscription to all items.
   * @default the name with a lower-case first letter and an s, as in `quotes`
   */
  readonly plural?: string | undefined;
  /**
   * Adds the queries `<name>(key:)`, `<plural>(first:, after:, filter:)` and `<name>Stream`. The builder needs its query type.
   * @default false
   */
  readonly queries?: boolean | undefined;
  /**
   * What this caller may do with the stream. Keys outside `keyPrefix` leave no trace in what the caller gets, and writing them is `FORBIDDEN`.
   * Callers share what is rendered, whatever their scopes. It is called for each operation, and must be synchronous.
   * @default every caller may do everything
   *
   * @example
   * addStream(builder, { map, type, scope: ({ tenant }) => ({ keyPrefix: `${tenant}:` }) });
   */
  readonly scope?: ((context: Types['Context']) => StreamScope) | undefined;
  /**
   * Whether this caller may see an item; other items leave no trace in what the caller gets. It is called for each item and caller on
   * delivery, so it must be fast. With it, no rendering is shared between callers, `size` and `checksum` are null, and a mirror that
   * reconnects starts over.
   * @default every caller sees every item
   */
  readonly mayRead?: ((value: Value, context: Types['Context']) => boolean) | undefined;
}

/** Exactly one of the two. */
type StreamType<Types extends SchemaTypes, Value> =
  | {
      /** The object type that represents a value. */
      readonly type: ObjectRef<Types, Value>;
      readonly item?: undefined;
    }
  | {
      /** The object type that represents an item: its source has `value`, `key`, `cursor`, `timestamp` and `expiresAt`. See `itemFields`. */
      readonly item: ObjectRef<Types, Item<Value>>;
      readonly type?: undefined;
    };

/** The options of {@link addStream}. */
export type StreamOptions<Types extends SchemaTypes, Value, Input extends InputRef> = StreamReads<Types, Value> &
  StreamType<Types, Value> &
  StreamInput<Types, Value, Input> &
  MaybeToValue<Types, Value, Input>;

/** The same without type parameters. @internal */
export interface PlainOptions {
  readonly map: StreamingMap<unknown, KeyedInput<unknown>>;
  readonly type: ObjectRef<SchemaTypes, unknown> | undefined;
  readonly item: ObjectRef<SchemaTypes, unknown> | undefined;
  readonly name: string;
  readonly plural: string;
  readonly queries: boolean;
  readonly scope: ((context: object) => StreamScope) | undefined;
  readonly input: InputRef | undefined;
  readonly toValue: (input: unknown, context: object) => unknown;
  readonly batch: boolean;
  readonly remove: boolean;
  readonly mayRead: ((value: unknown, context: object) => boolean) | undefined;
  readonly mayWrite: ((input: unknown, context: object) => boolean | Promise<boolean>) | undefined;
  readonly mayRemove: ((value: unknown, context: object) => boolean | Promise<boolean>) | undefined;
}

/**
 * Applies the defaults.
 * @throws {RangeError} if the options contradict each other
 * @internal
 */
export function plainOptions(options: Partial<PlainOptions>): PlainOptions {
  // The public type requires it.
  const { map } = options as PlainOptions;
  const { type, item, scope, input, mayRead, mayWrite, mayRemove } = options;
  const { toValue = (value) => value, batch = false, remove = false, queries = false } = options;
  const shown = type ?? item;
  if (!shown || (type && item)) throw new RangeError('a stream needs either a type or an item');
  const name = options.name ?? shown.name;
  const plural = options.plural ?? `${uncapitalised(name)}s`;
  if (input && !map.isKeyed) throw new RangeError(`stream ${name} has an input, so its map needs keyOf`);
  if (batch && !input) throw new RangeError(`stream ${name} has batch: true, so it needs an input`);
  if (remove && mayWrite && !mayRemove)
    throw new RangeError(`stream ${name} has mayWrite and remove: true, so it needs mayRemove`);
  const shape = { map, type, item, name, plural, queries };
  return { ...shape, scope, input, toValue, batch, remove, mayRead, mayWrite, mayRemove };
}

export const uncapitalised = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);
