/** The types that streams in somebody else's schema need beside the user's own: some once a builder, some once a stream. */
import type { ObjectRef, SchemaTypes } from '@pothos/core';
import type { ItemChanges, RemovalReason, RemovedItem } from '../../src/core/model/change.ts';
import { ON_LAG } from './on-lag.ts';

/** A user's builder as this code sees it: whatever its types are, every field here says for itself what it is. */
export type StreamBuilder = PothosSchemaTypes.SchemaBuilder<PothosSchemaTypes.ExtendDefaultTypes<{ Context: object }>>;
type StreamTypes =
  StreamBuilder extends PothosSchemaTypes.SchemaBuilder<infer Types extends SchemaTypes> ? Types : never;

/** On the builder itself, so that what is added to one is nobody else's. */
const SHARED = Symbol.for('seamline.shared-types');

export type SharedTypes = ReturnType<typeof makeSharedTypes>;

export function sharedTypes(builder: StreamBuilder): SharedTypes {
  const holder = builder as { [SHARED]?: SharedTypes };
  return (holder[SHARED] ??= makeSharedTypes(builder));
}

function makeSharedTypes(builder: StreamBuilder) {
  const reasons: Record<RemovalReason, { description: string }> = {
    REMOVED: { description: 'By somebody, or out of your sight.' },
    EXPIRED: { description: 'Its time is over.' },
    EVICTED: { description: 'The map was full, and this was its oldest item.' },
  };
  const removalReason = builder.enumType('RemovalReason', {
    description: 'Why an item left the map.',
    values: reasons,
  });
  const onLag = builder.enumType('OnLag', ON_LAG);
  const filter = builder.inputType('ItemFilter', {
    description: 'Selects keys. Both given: both must hold.',
    fields: (t) => ({
      keys: t.idList({ required: false, description: 'Any of these; an empty list matches nothing.' }),
      keyPrefix: t.string({ required: false, description: 'Keys that start with this.' }),
    }),
  });
  return { removalReason, onLag, filter };
}

/** `Removed<name>` and `<name>Changes`. */
export function changeTypes<Value>(
  builder: StreamBuilder,
  {
    name,
    type,
    removalReason,
  }: Pick<SharedTypes, 'removalReason'> & { name: string; type: ObjectRef<StreamTypes, Value> },
) {
  const removed = builder.objectRef<RemovedItem>(`Removed${name}`).implement({
    description: `A ${name} that has left the map.`,
    fields: (t) => ({
      key: t.exposeID('key', { nullable: false, description: 'What it was inserted under.' }),
      reason: t.expose('reason', { type: removalReason, nullable: false, description: 'Why it left.' }),
      timestamp: t.string({
        nullable: false,
        description: 'When it left: RFC 3339, in UTC, with milliseconds.',
        extensions: OURS,
        resolve: ({ timestamp }) => new Date(timestamp).toISOString(),
      }),
      cursor: t.exposeString('cursor', { nullable: false, description: "The removal's place in the stream." }),
    }),
  });
  const changes = builder.objectRef<ItemChanges<Value>>(`${name}Changes`).implement({
    description:
      'One step of a mirror. A key occurs at most once, with its last state, in one of the lists: apply them in either order.',
    fields: (t) => ({
      reset: t.exposeBoolean('reset', {
        nullable: false,
        description: 'Forget all you have before applying this message.',
      }),
      upserted: t.field({
        type: [type],
        nullable: false,
        description: 'Inserted or replaced, in position order.',
        extensions: OURS,
        resolve: ({ upserted }) => upserted.map(({ value }) => value) as never,
      }),
      removed: t.expose('removed', { type: [removed], nullable: false, description: 'Gone, in position order.' }),
      caughtUp: t.exposeBoolean('caughtUp', {
        nullable: false,
        description: 'Whether `cursor` was the newest position as the message was made.',
      }),
      cursor: t.exposeString('cursor', {
        nullable: false,
        description: 'Your state after this message: pass it as `after` to go on behind it.',
      }),
      size: t.exposeInt('size', {
        nullable: true,
        description:
          'How many items the map holds; non-null exactly when caught up, unfiltered and allowed to see all.',
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

/** Marks fields whose resolvers look at nothing but what they resolve. */
export const OURS = { seamline: { ours: true } };
