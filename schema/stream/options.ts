/** What a stream in somebody else's schema is told, as its user writes it and as it is used. */
import type { InputRef, InputShape, ObjectRef, SchemaTypes } from '@pothos/core';
import type { StreamingMap } from '../../src/core/streaming-map.ts';
import type { KeyedInput } from '../../src/core/input/value-rules.ts';

/** What the insert mutation takes; with neither, only the program inserts. */
interface StreamInput<Types extends SchemaTypes, Value, Input extends InputRef> {
  /** The input type of `insert<Name>(input:)`. The map needs `keyOf`. Default: there is no such mutation. */
  readonly input?: Input | undefined;
  /** Whether there is `insert<Plural>(inputs:)`, too: all or none. Default false. */
  readonly batch?: boolean | undefined;
  /** Whether there is `remove<Name>(key:)`. Default false. */
  readonly remove?: boolean | undefined;
  /**
   * Who may insert what. False refuses with `FORBIDDEN`; what it throws is answered as any resolver's error. Default: everybody,
   * everything.
   */
  readonly mayWrite?:
    ((input: InputShape<Types, Input>, context: Types['Context']) => boolean | Promise<boolean>) | undefined;
  /** Likewise who may remove what is there. With `mayWrite` and `remove` it must be given. */
  readonly mayRemove?: ((value: Value, context: Types['Context']) => boolean | Promise<boolean>) | undefined;
}

/** What is inserted for an input. May be left out where an input is a value already. */
type ToValue<Types extends SchemaTypes, Value, Input extends InputRef> = {
  readonly toValue: (input: InputShape<Types, Input>, context: Types['Context']) => Value | Promise<Value>;
};

type MaybeToValue<Types extends SchemaTypes, Value, Input extends InputRef> =
  InputShape<Types, Input> extends Value ? Partial<ToValue<Types, Value, Input>> : ToValue<Types, Value, Input>;

interface StreamReads<Types extends SchemaTypes, Value> {
  /** Holds the items. */
  readonly map: StreamingMap<Value, KeyedInput<Value>>;
  /** The object type that shows a value. */
  readonly type: ObjectRef<Types, Value>;
  /** What the fields and types are named after, as in `QuoteChanges`. Default: the type's name. */
  readonly name?: string | undefined;
  /** Of the subscription to all. Default: the name, its first letter in lower case, with an s, as in `quotes`. */
  readonly plural?: string | undefined;
  /**
   * Which items a caller may see; others leave no trace. Asked for each item and caller as it is delivered, so it must be quick. Then
   * nothing is shared between callers, `size` and `checksum` are null, and a mirror that comes back starts over. Default: all.
   */
  readonly mayRead?: ((value: Value, context: Types['Context']) => boolean) | undefined;
}

export type StreamOptions<Types extends SchemaTypes, Value, Input extends InputRef> = StreamReads<Types, Value> &
  StreamInput<Types, Value, Input> &
  MaybeToValue<Types, Value, Input>;

/** The same, whatever the types are. @internal */
export interface PlainOptions {
  readonly map: StreamingMap<unknown, KeyedInput<unknown>>;
  readonly type: ObjectRef<SchemaTypes, unknown>;
  readonly name: string;
  readonly plural: string;
  readonly input: InputRef | undefined;
  readonly toValue: (input: unknown, context: unknown) => unknown;
  readonly batch: boolean;
  readonly remove: boolean;
  readonly mayRead: ((value: unknown, context: unknown) => boolean) | undefined;
  readonly mayWrite: ((input: unknown, context: unknown) => boolean | Promise<boolean>) | undefined;
  readonly mayRemove: ((value: unknown, context: unknown) => boolean | Promise<boolean>) | undefined;
}

/** With the defaults. Throws a `RangeError` for what makes no sense. @internal */
export function plainOptions(options: Partial<PlainOptions>): PlainOptions {
  // The public type requires both.
  const { map, type } = options as PlainOptions;
  const { input, toValue = (value) => value, batch = false, remove = false, mayRead, mayWrite, mayRemove } = options;
  const name = options.name ?? type.name;
  const plural = options.plural ?? `${uncapitalised(name)}s`;
  if (input && !map.isKeyed) throw new RangeError('the map of a stream with an input needs keyOf');
  if (batch && !input) throw new RangeError('a batch needs an input');
  if (remove && mayWrite && !mayRemove)
    throw new RangeError('with mayWrite, who may remove must be said too: mayRemove');
  return { map, type, name, plural, input, toValue, batch, remove, mayRead, mayWrite, mayRemove };
}

export const uncapitalised = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);
