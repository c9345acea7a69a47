import type { InputObjectRef, ObjectRef, SchemaTypes } from '@pothos/core';
import type { Item, ItemChanges, RemovedItem } from '../../src/core/model/change.ts';
import type { ItemFilterInput } from '../../src/core/input/item-filter.ts';
import { JsonText } from '../../src/core/model/json-text.ts';
import type { Context } from '../request/context.ts';
import { addItemFilter } from '../stream/filter-inputs.ts';
import type { StreamBuilder } from '../stream/stream-builder.ts';
import { addChangeTypes, addRemovalReason } from '../stream/stream-definitions.ts';
import type { Builder } from './builder.ts';
import { keyPrefix, keys, where } from './input-rules.ts';

type Types = Builder extends PothosSchemaTypes.SchemaBuilder<infer T extends SchemaTypes> ? T : never;

/** Adds Item, RemovedItem, ItemChanges, and the filter that selects among items. */
export function addItem(builder: Builder) {
  const item = builder.objectRef<Item<unknown>>('Item').implement({
    description: 'The latest value inserted under a key.',
    fields: (t) => ({
      id: t.exposeID('key', { description: 'The key again, under the name that normalised caches expect.' }),
      key: t.exposeID('key', { description: 'The key that the item was inserted with.' }),
      value: t.field({
        type: 'JSON',
        description: 'The inserted value.',
        resolve: ({ json, bytes }, _args, { budget }) => {
          budget.spendBytes(bytes);
          return new JsonText(json);
        },
      }),
      timestamp: t.field({
        type: 'DateTime',
        description: 'When it was inserted. Timestamps never decrease along the stream, even if the clock does.',
        resolve: ({ timestamp }) => new Date(timestamp),
      }),
      expiresAt: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'When it expires; null for an item without `ttl`.',
        resolve: ({ expiresAt }) => (expiresAt === null ? null : new Date(expiresAt)),
      }),
      cursor: t.exposeString('cursor', {
        description: 'The position in the stream, equal on every node: pass it as `after` to continue from there.',
      }),
    }),
  });

  const streamBuilder = builder as unknown as StreamBuilder;
  const { removed, changes } = addChangeTypes(streamBuilder, {
    name: 'Item',
    type: item as never,
    removalReason: addRemovalReason(streamBuilder),
    dateTime: 'DateTime',
    onList: (length, context, info) => (context as Context).budget.spendFields(length, info),
    upsertedOf: ({ upserted }) => upserted,
  });

  const filter = addItemFilter(streamBuilder, { keys, keyPrefix, where }) as unknown as InputObjectRef<
    Types,
    ItemFilterInput
  >;

  return {
    item,
    // The same builder under another type.
    removedItem: removed as unknown as ObjectRef<Types, RemovedItem>,
    itemChanges: changes as unknown as ObjectRef<Types, ItemChanges<unknown>>,
    filter,
  };
}

export type ItemTypes = ReturnType<typeof addItem>;
