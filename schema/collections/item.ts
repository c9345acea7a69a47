import type { Item, ItemChanges, RemovalReason, RemovedItem } from '../../src/core/model/change.ts';
import type { Builder } from './builder.ts';
import * as rules from './rules.ts';

/** Item, RemovedItem, ItemChanges, and the filter that selects among them. */
export function addItem(builder: Builder) {
  const item = builder.objectRef<Item<unknown>>('Item');
  const removedItem = builder.objectRef<RemovedItem>('RemovedItem');
  const itemChanges = builder.objectRef<ItemChanges<unknown>>('ItemChanges');

  const reasons: Record<RemovalReason, { description: string }> = {
    REMOVED: { description: 'By `removeItem`.' },
    EXPIRED: { description: 'Its `ttl` has passed.' },
    EVICTED: { description: 'The map was full, and this was its oldest item.' },
  };
  const removalReason = builder.enumType('RemovalReason', {
    description: 'Why an item left the map.',
    values: reasons,
  });

  item.implement({
    description: 'The latest value inserted under a key.',
    fields: (t) => ({
      id: t.exposeID('key', { description: 'The key: what normalised caches look for.' }),
      key: t.exposeID('key', { description: 'What the item was inserted under.' }),
      value: t.field({
        type: 'JSON',
        description: 'What was inserted.',
        resolve: ({ value, bytes }, _args, { budget }) => {
          budget.spendBytes(bytes);
          return value;
        },
      }),
      timestamp: t.field({
        type: 'DateTime',
        description: 'When it was inserted. Timestamps never fall along the stream, whatever the clock does.',
        resolve: ({ timestamp }) => new Date(timestamp),
      }),
      expiresAt: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'When it expires; null for an item without `ttl`.',
        resolve: ({ expiresAt }) => (expiresAt === null ? null : new Date(expiresAt)),
      }),
      cursor: t.exposeString('cursor', {
        description: 'Its place in the stream, the same on every node: pass it as `after` to go on behind it.',
      }),
    }),
  });

  removedItem.implement({
    description: 'An item that has left the map.',
    fields: (t) => ({
      key: t.exposeID('key', { description: 'What the item was inserted under.' }),
      reason: t.expose('reason', { type: removalReason, description: 'Why it left.' }),
      timestamp: t.field({
        type: 'DateTime',
        description: 'When it left.',
        resolve: ({ timestamp }) => new Date(timestamp),
      }),
      cursor: t.exposeString('cursor', { description: "The removal's place in the stream." }),
    }),
  });

  itemChanges.implement({
    description:
      'One step of a mirror. A key occurs at most once, with its last state, in one of the lists: apply them in either order.',
    fields: (t) => ({
      reset: t.exposeBoolean('reset', { description: 'Forget all you have before applying this message.' }),
      upserted: t.field({
        type: [item],
        description: 'Inserted or replaced, in position order.',
        resolve({ upserted }, _args, { budget }, info) {
          budget.spendFields(upserted.length, info);
          return upserted;
        },
      }),
      removed: t.field({
        type: [removedItem],
        description: 'Gone, in position order.',
        resolve({ removed }, _args, { budget }, info) {
          budget.spendFields(removed.length, info);
          return removed;
        },
      }),
      caughtUp: t.exposeBoolean('caughtUp', {
        description: 'Whether `cursor` was the newest position as the message was made.',
      }),
      cursor: t.exposeString('cursor', {
        description: 'Your state after this message: pass it as `after` to go on behind it.',
      }),
      size: t.exposeInt('size', {
        nullable: true,
        description: 'How many items the map holds; non-null exactly when caught up and unfiltered.',
      }),
      checksum: t.exposeString('checksum', {
        nullable: true,
        description:
          'The sum modulo 2^32, over the items, of FNV-1a-32 of the UTF-8 bytes of key, newline, cursor, as 8 hex digits; ' +
          'non-null when `size` is.',
      }),
    }),
  });

  const filter = builder.inputType('ItemFilter', {
    description: 'Selects keys. Both given: both must hold.',
    fields: (t) => ({
      keys: t.idList({ description: 'Any of these; an empty list matches nothing.', validate: rules.keys }),
      keyPrefix: t.string({ description: 'Keys that start with this.', validate: rules.keyPrefix }),
    }),
  });

  return { item, removedItem, itemChanges, filter };
}

export type ItemTypes = ReturnType<typeof addItem>;
