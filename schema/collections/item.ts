/** The collection of a server without an SDL file: items with any JSON as their value. */
import type { InsertInput } from '../../src/core/input/insert-input.ts';
import type { Item } from '../../src/core/model/change.ts';
import { JsonText } from '../../src/core/model/json-text.ts';
import type { StreamingMap } from '../../src/core/streaming-map.ts';
import type { Context } from '../request/context.ts';
import { ITEMS } from '../sdl/definition.ts';
import type { InsertionParts, StreamParts } from '../stream/collection-parts.ts';
import { ITEM_TEXTS, TEXT } from '../stream/descriptions.ts';
import { itemFilterOf } from '../stream/filter-inputs.ts';
import { sharedTypes } from '../stream/shared-definitions.ts';
import type { StreamBuilder } from '../stream/stream-builder.ts';
import { addCollection, serverStream } from './collection.ts';

export function addItems(builder: StreamBuilder, mapOf: () => StreamingMap): StreamParts {
  const type = addItemType(builder) as never;
  const { filter } = sharedTypes(builder);
  const parts = { names: ITEMS, mapOf, type, filter, filterOf: itemFilterOf };
  const stream = { ...serverStream(builder, parts, ITEM_TEXTS), spendsBytes: true, statusField: 'stream' };
  return addCollection(builder, stream, itemInsertions(builder));
}

function addItemType(builder: StreamBuilder) {
  return builder.objectRef<Item<unknown>>('Item').implement({
    description: 'The latest value inserted under a key.',
    fields: (t) => ({
      id: t.exposeID('key', {
        nullable: false,
        description: 'The key again, under the name that normalised caches expect.',
      }),
      key: t.exposeID('key', { nullable: false, description: 'The key that the item was inserted with.' }),
      value: t.field({
        type: 'JSON' as 'String',
        nullable: false,
        description: 'The inserted value.',
        resolve: ({ json, bytes }, _args, context) => {
          (context as Context).budget.spendBytes(bytes);
          return new JsonText(json) as never;
        },
      }),
      timestamp: t.field({
        type: 'DateTime' as 'String',
        nullable: false,
        description: TEXT.timestamp,
        resolve: ({ timestamp }) => new Date(timestamp) as never,
      }),
      expiresAt: t.field({
        type: 'DateTime' as 'String',
        nullable: true,
        description: TEXT.expiresAt,
        resolve: ({ expiresAt }) => (expiresAt === null ? null : (new Date(expiresAt) as never)),
      }),
      cursor: t.exposeString('cursor', { nullable: false, description: TEXT.cursor }),
    }),
  });
}

/** An input has the conditions in it. */
function itemInsertions(builder: StreamBuilder): InsertionParts {
  const input = builder.inputType('InsertItemInput', {
    description: 'An item to insert, and the conditions for it.',
    fields: (t) => ({
      key: t.id({ required: true, description: 'The key: 1 to 512 bytes of UTF-8.' }),
      value: t.field({
        type: 'JSON' as 'String',
        required: true,
        description: 'The value: any JSON except null.',
      }),
      ttl: t.int({ required: false, description: TEXT.ttl }),
      idempotencyKey: t.string({
        required: false,
        description: 'A retry with the same idempotency key and the same item key returns the first result.',
      }),
      ifAbsent: t.boolean({ required: false, description: TEXT.ifAbsent }),
      ifCursor: t.string({ required: false, description: TEXT.ifCursor }),
    }),
  });
  return {
    input,
    hasArguments: false,
    hasBatch: true,
    insertionOf: (given) => given as InsertInput<unknown>,
    valuePath: ['value'],
    plainInsertionOf: (given) => (isInput(given) ? given : undefined),
  };
}

type IsRight = (value: unknown) => boolean;

const FIELDS: ReadonlyMap<string, IsRight> = new Map<string, IsRight>([
  ['key', (value) => typeof value === 'string'],
  ['value', (value) => value !== null],
  ['ttl', (value) => value === null || Number.isInteger(value)],
  ['idempotencyKey', (value) => value === null || typeof value === 'string'],
  ['ifAbsent', (value) => value === null || typeof value === 'boolean'],
  ['ifCursor', (value) => value === null || typeof value === 'string'],
]);

/** Exactly the members that `InsertItemInput` has; the map judges the values. */
function isInput(given: unknown): given is InsertInput<unknown> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return false;
  const members = given as Readonly<Record<string, unknown>>;
  if (members['key'] === undefined || members['value'] === undefined) return false;
  for (const name of Object.keys(members)) if (!FIELDS.get(name)?.(members[name])) return false;
  return true;
}
