/** The GraphQL types of a stream besides the user's own: shared ones once a builder, the change types once a stream. */
import type { ObjectRef, SchemaTypes } from '@pothos/core';
import type { GraphQLResolveInfo } from 'graphql';
import type { ItemChanges, RemovalReason, RemovedItem } from '../../src/core/model/change.ts';
import { addItemFilter, addMissingJson } from './filter-inputs.ts';
import type { StreamBuilder } from './stream-builder.ts';

type StreamTypes =
  StreamBuilder extends PothosSchemaTypes.SchemaBuilder<infer Types extends SchemaTypes> ? Types : never;

const REASONS: Readonly<Record<RemovalReason, { description: string }>> = {
  REMOVED: { description: 'Removed by a mutation, or no longer visible to the caller.' },
  EXPIRED: { description: 'Its time to live has passed.' },
  EVICTED: { description: 'The map was full, and this was its oldest item.' },
  UNMATCHED: { description: 'It is in the map, and its value no longer matches the filter’s `where`.' },
};

export const addRemovalReason = (builder: StreamBuilder) =>
  builder.enumType('RemovalReason', { description: 'Why an item left the map.', values: REASONS });

export const addOnLag = (builder: StreamBuilder) =>
  builder.enumType('OnLag', {
    description: 'What happens to a subscriber that is slower than the window of single changes.',
    values: {
      CONFLATE: { description: 'Continues with the current items: no key is lost, only intermediate values.' },
      FAIL: { description: 'Ends the subscription with LAGGED.' },
    } as const,
  });

/** Stored on the builder itself, so that each builder has its own. */
const SHARED = Symbol.for('seamline.shared-types');

export type SharedTypes = ReturnType<typeof makeSharedTypes>;

export function sharedTypes(builder: StreamBuilder): SharedTypes {
  const holder = builder as { [SHARED]?: SharedTypes };
  return (holder[SHARED] ??= makeSharedTypes(builder));
}

function makeSharedTypes(builder: StreamBuilder) {
  // Before the filter: when the schema is built, Pothos prepares the types in the order in which they were added.
  addMissingJson(builder);
  const filter = addItemFilter(builder);
  return { removalReason: addRemovalReason(builder), onLag: addOnLag(builder), filter };
}

interface ChangeTypesOptions<Value> {
  /** The stem of the type names, as in `Removed<name>` and `<name>Changes`. */
  readonly name: string;
  /** What `upserted` lists. */
  readonly type: ObjectRef<StreamTypes, Value>;
  readonly removalReason: SharedTypes['removalReason'];
  /** A scalar for times that takes a Date. Default: times are strings. */
  readonly dateTime?: string;
  /** Called before a list of that length is resolved. */
  readonly onList?: (length: number, context: object, info: GraphQLResolveInfo) => void;
  /** The elements of `upserted`. Default: the values of the items. */
  readonly upsertedOf?: (changes: ItemChanges<Value>) => readonly unknown[];
}

const valuesOf = ({ upserted }: ItemChanges<unknown>): readonly unknown[] => upserted.map(({ value }) => value);

/** Adds the object types `Removed<name>` and `<name>Changes`. */
export function addChangeTypes<Value>(builder: StreamBuilder, options: ChangeTypesOptions<Value>) {
  const { name, type, removalReason, dateTime, onList, upsertedOf = valuesOf } = options;
  const removed = builder.objectRef<RemovedItem>(`Removed${name}`).implement({
    description: `A removed ${name}, and why it left the map.`,
    fields: (t) => ({
      key: t.exposeID('key', { nullable: false, description: 'The key that was removed.' }),
      reason: t.expose('reason', { type: removalReason, nullable: false, description: 'Why it left the map.' }),
      timestamp: t.field({
        type: (dateTime ?? 'String') as 'String',
        nullable: false,
        description: 'When it left the map: RFC 3339, in UTC, with milliseconds.',
        extensions: CALLER_INDEPENDENT,
        resolve: ({ timestamp }) => {
          const date = new Date(timestamp);
          return dateTime === undefined ? date.toISOString() : (date as never);
        },
      }),
      cursor: t.exposeString('cursor', { nullable: false, description: 'The position of the removal in the stream.' }),
    }),
  });
  const changes = builder.objectRef<ItemChanges<Value>>(`${name}Changes`).implement({
    description:
      'One step of a mirror. A key occurs at most once, with its last state, in one of the lists: apply them in either order.',
    fields: (t) => ({
      reset: t.exposeBoolean('reset', {
        nullable: false,
        description: 'Whether to discard all earlier items before applying this message.',
      }),
      upserted: t.field({
        type: [type],
        nullable: false,
        description: 'Inserted or replaced items, in position order.',
        extensions: CALLER_INDEPENDENT,
        resolve: (message, _args, context, info) => {
          onList?.(message.upserted.length, context, info);
          return upsertedOf(message) as never;
        },
      }),
      removed: t.field({
        type: [removed],
        nullable: false,
        description: 'Removed items, in position order.',
        extensions: CALLER_INDEPENDENT,
        resolve: (message, _args, context, info) => {
          onList?.(message.removed.length, context, info);
          return message.removed;
        },
      }),
      caughtUp: t.exposeBoolean('caughtUp', {
        nullable: false,
        description: 'Whether `cursor` was the newest position when the message was made.',
      }),
      cursor: t.exposeString('cursor', {
        nullable: false,
        description: 'The state after this message: pass it as `after` to continue from there.',
      }),
      follows: t.exposeString('follows', {
        nullable: true,
        description:
          'At most the cursor of the message before, or `after` for the first message; null with `reset`. A client whose own cursor ' +
          'sorts before it, or after `cursor`, has missed a message, and resumes from its own cursor.',
      }),
      size: t.exposeInt('size', {
        nullable: true,
        description:
          'The number of items that the filter and the token let the subscriber see; null unless `caughtUp`.',
      }),
      checksum: t.exposeString('checksum', {
        nullable: true,
        description:
          'The sum modulo 2^32, over the items, of FNV-1a-32 of the UTF-8 bytes of key, newline, cursor, as 8 hex digits; ' +
          'non-null when `size` is.',
      }),
    }),
  });
  return { removed, changes };
}

/** Marks fields whose resolvers depend only on what they resolve, so the result can be rendered once for all callers. */
export const CALLER_INDEPENDENT = { seamline: { ours: true } };
