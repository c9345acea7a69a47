/** The types that list the items of one stream: `QuoteChanges`, `QuoteConnection` and `QuoteEdge`. */
import type { GraphQLResolveInfo } from 'graphql';
import type { Item, ItemChanges } from '../../src/core/model/change.ts';
import type { ItemPage } from '../../src/core/replica/read-page.ts';
import type { Context } from '../request/context.ts';
import { mostCopies } from '../request/selected-copies.ts';
import type { StreamParts } from './collection-parts.ts';
import { CALLER_INDEPENDENT } from './shared-definitions.ts';
import type { StreamBuilder } from './stream-builder.ts';

type Parts = Pick<
  StreamParts,
  'names' | 'type' | 'sourceOf' | 'spendsBytes' | 'removedName' | 'shared' | 'operationOf'
>;

/** Spends the bytes of the items of an answer, as often as their fields are selected. `path`: leads to an item from this field. */
export function spendItems(
  { spendsBytes }: Pick<StreamParts, 'spendsBytes'>,
  { budget }: Context,
  items: readonly Item<unknown>[],
  info: GraphQLResolveInfo,
  path?: string,
): void {
  if (!spendsBytes) budget.spendBytes(bytesOf(items) * mostCopies(info, path));
}

/** The same of the items that a mutation is about to insert: what is inserted can't be refused. `bytes`: of all of them. */
export function spendInsertion(
  { spendsBytes }: Pick<StreamParts, 'spendsBytes'>,
  { budget }: Context,
  bytes: number,
  info: GraphQLResolveInfo,
): void {
  if (!spendsBytes) budget.spendBytes(bytes * mostCopies(info));
}

export const bytesOf = (items: readonly Item<unknown>[]): number => items.reduce((sum, { bytes }) => sum + bytes, 0);

/** Adds `<name>Changes`. */
export function addChanges(
  builder: StreamBuilder,
  { names, type, sourceOf, spendsBytes, removedName, shared, operationOf }: Parts,
) {
  const removed = shared.removed(removedName);
  return builder.objectRef<ItemChanges<unknown>>(`${names.name}Changes`).implement({
    description:
      'One step of a mirror. A key occurs at most once, with its last state, in one of the lists: apply them in either order.',
    fields: (t) => ({
      reset: t.exposeBoolean('reset', {
        nullable: false,
        description: 'Whether to discard all earlier items before applying this message.',
      }),
      upserted: t.field({
        type: [type as never],
        nullable: false,
        description: 'Inserted or replaced items, in position order.',
        extensions: CALLER_INDEPENDENT,
        resolve: ({ upserted }, _args, context, info) => {
          const operation = operationOf(context, info);
          spendEntries(operation, upserted.length, info);
          if (!spendsBytes) operation.budget.oweBytes(bytesOf(upserted));
          return (sourceOf ? upserted.map(sourceOf) : upserted) as never;
        },
      }),
      removed: t.field({
        type: [removed],
        nullable: false,
        description: 'Removed items, in position order.',
        extensions: CALLER_INDEPENDENT,
        resolve: (message, _args, context, info) => {
          spendEntries(operationOf(context, info), message.removed.length, info);
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
}

/** A message's entries can't be fewer on request, so it may show any number of their fields: how often each is shown is bounded. */
function spendEntries({ budget }: Context, entries: number, info: GraphQLResolveInfo): void {
  budget.spendItems(entries);
  budget.oweFields(entries, info);
}

/** Adds `<name>Connection` and `<name>Edge`. */
export function addConnection(builder: StreamBuilder, parts: Parts) {
  const { names, type, sourceOf, shared } = parts;
  const edge = builder.objectRef<Item<unknown>>(`${names.name}Edge`).implement({
    description: 'An item on a page.',
    fields: (t) => ({
      node: t.field({
        type: type as never,
        nullable: false,
        description: 'The item.',
        resolve: (item) => (sourceOf ? sourceOf(item) : item) as never,
      }),
      cursor: t.exposeString('cursor', { nullable: false, description: 'The cursor of the item.' }),
    }),
  });
  return builder.objectRef<ItemPage<unknown>>(`${names.name}Connection`).implement({
    description: 'A page of items.',
    fields: (t) => ({
      edges: t.field({
        type: [edge],
        nullable: false,
        description: 'The items, oldest first.',
        resolve: ({ items }) => items,
      }),
      pageInfo: t.field({
        type: shared.pageInfo,
        nullable: false,
        description: 'The boundaries of the page.',
        resolve: ({ items, hasNextPage, hasPreviousPage, endCursor }) => {
          return { hasNextPage, hasPreviousPage, startCursor: items[0]?.cursor, endCursor };
        },
      }),
      cursor: t.exposeString('cursor', {
        nullable: false,
        description: 'The position at which the page was read: subscribe `after` the first page’s `cursor`.',
      }),
    }),
  });
}
