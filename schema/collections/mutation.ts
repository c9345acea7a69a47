import type { Item } from '../../src/core/model/change.ts';
import type { InsertInput } from '../../src/core/input/insert-input.ts';
import type { StreamingMap } from '../../src/core/streaming-map.ts';
import type { Builder } from './builder.ts';
import { assertMayWrite } from '../request/caller.ts';
import type { Context } from '../request/context.ts';
import { answer } from '../request/errors.ts';
import type { ItemTypes } from './item.ts';
import { TEXT } from '../stream/descriptions.ts';
import * as rules from './input-rules.ts';

export function addMutation(builder: Builder, { item, removedItem }: ItemTypes, mapOf: () => StreamingMap): void {
  const insertItemInput = builder.inputType('InsertItemInput', {
    description: 'An item to insert, and the conditions for it.',
    fields: (t) => ({
      key: t.id({ required: true, description: 'The key: 1 to 512 bytes of UTF-8.', validate: rules.key }),
      value: t.field({
        type: 'JSON',
        required: true,
        description: 'The value: any JSON except null.',
        validate: rules.value,
      }),
      ttl: t.int({ description: 'Time to live in seconds, 1 or more.', validate: rules.ttl }),
      idempotencyKey: t.string({
        description: 'A retry with the same idempotency key and the same item key returns the first result.',
        validate: rules.key,
      }),
      ifAbsent: t.boolean({ description: 'Fails with CONFLICT if the key already exists.' }),
      ifCursor: t.string({
        description: 'Fails with CONFLICT unless the current item of the key has this cursor.',
        validate: rules.cursor,
      }),
    }),
  });

  builder.mutationType({
    description: 'When a mutation returns, every subscription on this node has delivered or will deliver its change.',
    fields: (t) => ({
      insertItem: t.field({
        type: item,
        description: 'Inserts an item, or replaces the item with the same key.',
        args: { input: t.arg({ type: insertItemInput, required: true, description: 'The item to insert.' }) },
        resolve: async (_root, { input }, context) => {
          assertMayWrite(context.caller, 'items', [input]);
          const [inserted] = await insert(mapOf(), context, [input]);
          // One input makes one item.
          const item = inserted!;
          context.delivery.cursor = item.cursor;
          return item;
        },
      }),
      insertItems: t.field({
        type: [item],
        description: 'Inserts 1 to 1,000 items at consecutive positions: either all or none.',
        args: { inputs: t.arg({ type: [insertItemInput], required: true, description: 'The items to insert.' }) },
        resolve: async (_root, { inputs }, context, info) => {
          assertMayWrite(context.caller, 'items', inputs);
          context.budget.spendFields(inputs.length, info);
          const inserted = await insert(mapOf(), context, inputs);
          context.delivery.cursor = newest(inserted);
          return [...inserted];
        },
      }),
      removeItem: t.field({
        type: removedItem,
        nullable: true,
        description: 'Removes the item with this key; null if the key doesn’t exist.',
        args: {
          key: t.arg.id({ required: true, description: 'The key to remove.', validate: rules.key }),
          ifCursor: t.arg.string({
            description: 'Fails with CONFLICT unless the current item of the key has this cursor.',
            validate: rules.cursor,
          }),
          idempotencyKey: t.arg.string({ description: TEXT.retryArg, validate: rules.key }),
        },
        resolve: async (_root, { key, ...options }, { caller, delivery }) => {
          assertMayWrite(caller, 'items', [{ key }]);
          const removed = await answer(mapOf().remove(key, options));
          if (removed) delivery.cursor = removed.cursor;
          return removed;
        },
      }),
    }),
  });
}

function insert(
  map: StreamingMap,
  { caller }: Context,
  inputs: readonly InsertInput<unknown>[],
): Promise<readonly Item<unknown>[]> {
  // A batch that is too large is refused by the map. It isn't rate-limited, because waiting would not help.
  if (inputs.length <= map.limits.maxBatch) caller.spend(inputs.length);
  return answer(map.insertMany(inputs));
}

/** The newest cursor. A batch may begin or end with an idempotent repeat, which has an older one. Cursors compare as strings. */
function newest(items: readonly Item<unknown>[]): string {
  return items.reduce((cursor, item) => (item.cursor > cursor ? item.cursor : cursor), '');
}
