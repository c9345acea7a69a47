import type { Item } from '../../src/core/model/change.ts';
import type { InsertInput } from '../../src/core/input/insert-input.ts';
import type { Builder } from './builder.ts';
import { assertMayWrite } from '../request/caller.ts';
import type { Context } from '../request/context.ts';
import { answer } from '../request/errors.ts';
import type { ItemTypes } from './item.ts';
import * as rules from './rules.ts';

export function addMutation(builder: Builder, { item, removedItem }: ItemTypes): void {
  const insertItemInput = builder.inputType('InsertItemInput', {
    description: 'What to insert, and on which conditions.',
    fields: (t) => ({
      key: t.id({ required: true, description: '1 to 512 bytes of UTF-8.', validate: rules.key }),
      value: t.field({ type: 'JSON', required: true, description: 'Anything but null.', validate: rules.value }),
      ttl: t.int({ description: 'Seconds until it expires, 1 or more.', validate: rules.ttl }),
      idempotencyKey: t.string({
        description: 'A retry with the same one, under the same key, answers with the first result.',
        validate: rules.key,
      }),
      ifAbsent: t.boolean({ description: 'CONFLICT when the key is there.' }),
      ifCursor: t.string({
        description: 'CONFLICT unless the key’s current item has this cursor.',
        validate: rules.cursor,
      }),
    }),
  });

  builder.mutationType({
    description: 'When a mutation answers, every subscription on this node delivers its change, or has.',
    fields: (t) => ({
      insertItem: t.field({
        type: item,
        description: 'Inserts an item, or replaces the one under its key.',
        args: { input: t.arg({ type: insertItemInput, required: true, description: 'What to insert.' }) },
        resolve: async (_root, { input }, context) => {
          assertMayWrite(context.caller, [input.key]);
          const [inserted] = await insert(context, [input]);
          // One input, one item.
          const item = inserted!;
          context.delivery.cursor = item.cursor;
          return item;
        },
      }),
      insertItems: t.field({
        type: [item],
        description: 'Inserts 1 to 1,000 items at consecutive positions: all or none.',
        args: { inputs: t.arg({ type: [insertItemInput], required: true, description: 'What to insert.' }) },
        resolve: async (_root, { inputs }, context, info) => {
          assertMayWrite(
            context.caller,
            inputs.map(({ key }) => key),
          );
          context.budget.spendFields(inputs.length, info);
          const inserted = await insert(context, inputs);
          context.delivery.cursor = newest(inserted);
          return [...inserted];
        },
      }),
      removeItem: t.field({
        type: removedItem,
        nullable: true,
        description: 'Removes the item under a key; null when there was none.',
        args: {
          key: t.arg.id({ required: true, description: 'Its key.', validate: rules.key }),
          ifCursor: t.arg.string({
            description: 'CONFLICT unless the key’s current item has this cursor.',
            validate: rules.cursor,
          }),
          idempotencyKey: t.arg.string({
            description: 'A retry with the same one answers with the first result.',
            validate: rules.key,
          }),
        },
        resolve: async (_root, { key, ...options }, { map, caller, delivery }) => {
          assertMayWrite(caller, [key]);
          const removed = await answer(map.remove(key, options));
          if (removed) delivery.cursor = removed.cursor;
          return removed;
        },
      }),
    }),
  });
}

function insert({ map, caller }: Context, inputs: readonly InsertInput<unknown>[]): Promise<readonly Item<unknown>[]> {
  // More than one batch may have is refused below, and never gets in by waiting.
  if (inputs.length <= map.limits.maxBatch) caller.spend(inputs.length);
  return answer(map.insertMany(inputs));
}

/** A batch may begin or end with an idempotent repeat, whose place is an older one. Cursors compare as strings. */
function newest(items: readonly Item<unknown>[]): string {
  return items.reduce((cursor, item) => (item.cursor > cursor ? item.cursor : cursor), '');
}
