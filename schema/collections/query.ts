import type { Item } from '../../src/core/model/change.ts';
import { keyFilter } from '../../src/core/input/key-filter.ts';
import { type ItemPage, readPage } from '../../src/core/replica/read-page.ts';
import type { Builder } from './builder.ts';
import { assertMayRead } from '../request/caller.ts';
import { resolveAfter, type Context } from '../request/context.ts';
import { answer } from '../request/errors.ts';
import type { ItemTypes } from './item.ts';
import * as rules from './rules.ts';

interface StreamStatus {
  readonly epoch: string;
  readonly cursor: string;
  readonly size: number | null;
  readonly checksum: string | null;
  readonly window: number;
  readonly engine: string;
}

export function addQuery(builder: Builder, { item, filter }: ItemTypes): void {
  const streamStatus = addStreamStatus(builder);
  const connection = addConnection(builder, item);

  builder.queryType({
    description: 'Plain reads. All root fields of one query are read at one position.',
    fields: (t) => ({
      item: t.field({
        type: item,
        nullable: true,
        description: 'The item under a key, if there is one.',
        args: { key: t.arg.id({ required: true, description: 'Its key.', validate: rules.key }) },
        resolve: (_root, { key }, { map, caller, reads }) => {
          assertMayRead(caller);
          return reads.read(Promise.resolve(), () => (key.startsWith(caller.keyPrefix) ? map.get(key) : undefined));
        },
      }),
      items: t.field({
        type: connection,
        description: 'The current items, oldest first. To go on live, subscribe `after` the first page’s `cursor`.',
        args: {
          first: t.arg.int({ defaultValue: 100, description: 'How many, 1 to 1,000.', validate: rules.first }),
          after: t.arg.string({ description: 'Behind this cursor.', validate: rules.cursor }),
          filter: t.arg({ type: filter, description: 'Default: every key.' }),
        },
        resolve: (_root, args, { map, after, caller, signal, reads, budget }, info) => {
          assertMayRead(caller);
          const first = args.first ?? 100;
          budget.spendItems(first);
          budget.spendFields(first, info);
          const from = resolveAfter({ after }, args.after);
          const reached = from == null ? Promise.resolve(undefined) : map.reach(from, signal);
          return answer(
            reads.read(reached, () =>
              readPage(map.replica, {
                from,
                first,
                filter: keyFilter(args.filter, caller.keyPrefix),
              }),
            ),
          );
        },
      }),
      stream: t.field({
        type: streamStatus,
        description: 'Where the stream stands.',
        resolve: (_root, _args, context) => {
          assertMayRead(context.caller);
          return context.reads.read(Promise.resolve(), () => statusOf(context));
        },
      }),
    }),
  });
}

function statusOf({ map, caller }: Context): StreamStatus {
  const { replica, engine } = map;
  // Both would tell of keys that the caller may not see.
  const isWhole = caller.keyPrefix === '';
  return {
    epoch: replica.epoch,
    cursor: replica.cursor(replica.head),
    size: isWhole ? replica.items.size : null,
    checksum: isWhole ? replica.items.checksum : null,
    window: replica.bounds.window,
    engine,
  };
}

function addStreamStatus(builder: Builder) {
  return builder.objectRef<StreamStatus>('StreamStatus').implement({
    description: 'Where the stream stands, on this node.',
    fields: (t) => ({
      epoch: t.exposeString('epoch', {
        description: 'The identity of the log; cursors of different epochs don’t compare.',
      }),
      cursor: t.exposeString('cursor', { description: 'The newest position.' }),
      size: t.exposeInt('size', {
        nullable: true,
        description: 'How many items the map holds; null for a limited caller.',
      }),
      checksum: t.exposeString('checksum', {
        nullable: true,
        description: 'As in `ItemChanges`; null for a limited caller.',
      }),
      window: t.exposeInt('window', { description: 'How many of the newest changes are kept one by one.' }),
      engine: t.exposeString('engine', { description: 'What keeps the log: memory, file, nats or redis.' }),
    }),
  });
}

function addConnection(builder: Builder, item: ItemTypes['item']) {
  const edge = builder.objectRef<Item<unknown>>('ItemEdge').implement({
    description: 'An item on a page.',
    fields: (t) => ({
      node: t.field({ type: item, description: 'The item.', resolve: (node) => node }),
      cursor: t.exposeString('cursor', { description: 'The item’s cursor.' }),
    }),
  });
  const pageInfo = builder.objectRef<ItemPage<unknown>>('PageInfo').implement({
    description: 'Where a page lies.',
    fields: (t) => ({
      hasNextPage: t.exposeBoolean('hasNextPage', { description: 'Whether newer items follow.' }),
      hasPreviousPage: t.exposeBoolean('hasPreviousPage', {
        description: 'Whether the item at `after` still precedes the page.',
      }),
      startCursor: t.string({
        nullable: true,
        description: 'The first item’s cursor.',
        resolve: ({ items }) => items[0]?.cursor,
      }),
      endCursor: t.string({
        nullable: true,
        description: 'The last item’s cursor: the next page is `after` it.',
        resolve: ({ items }) => items.at(-1)?.cursor,
      }),
    }),
  });
  return builder.objectRef<ItemPage<unknown>>('ItemConnection').implement({
    description: 'A page of items.',
    fields: (t) => ({
      edges: t.field({ type: [edge], description: 'The items, oldest first.', resolve: ({ items }) => items }),
      pageInfo: t.field({ type: pageInfo, description: 'Where the page lies.', resolve: (page) => page }),
      cursor: t.exposeString('cursor', {
        description:
          'The position that the page was read at: subscribe `after` the first page’s to go on without a hole.',
      }),
    }),
  });
}
