import type { Item } from '../../src/core/model/change.ts';
import { itemFilter } from '../../src/core/input/item-filter.ts';
import { type ItemPage, LOOKS_OF_A_KEY, PageScan, readPage } from '../../src/core/replica/read-page.ts';
import type { StreamingMap } from '../../src/core/streaming-map.ts';
import type { Builder } from './builder.ts';
import { assertMayRead, type Caller } from '../request/caller.ts';
import { recordHead, resolveAfter } from '../request/context.ts';
import { answer } from '../request/errors.ts';
import { assertWhereVariables } from '../request/where-variables.ts';
import type { ItemTypes } from './item.ts';
import { TEXT } from '../stream/descriptions.ts';
import * as rules from './input-rules.ts';

interface StreamStatus {
  readonly epoch: string;
  readonly cursor: string;
  readonly size: number | null;
  readonly checksum: string | null;
  readonly window: number;
  readonly engine: string;
}

export function addQuery(builder: Builder, { item, filter }: ItemTypes, mapOf: () => StreamingMap): void {
  const streamStatus = addStreamStatus(builder);
  const connection = addConnection(builder, item);

  builder.queryType({
    description: 'Reads the current state. All root fields of one query are read at one position.',
    fields: (t) => ({
      item: t.field({
        type: item,
        nullable: true,
        description: 'The item with this key; null if the key doesn’t exist.',
        args: { key: t.arg.id({ required: true, description: 'The key of the item.', validate: rules.key }) },
        resolve: (_root, { key }, { caller, reads, delivery }) => {
          assertMayRead(caller, 'items');
          const map = mapOf();
          return reads.read(() => {
            recordHead(delivery, map);
            return key.startsWith(caller.keyPrefix) ? map.get(key) : undefined;
          });
        },
      }),
      items: t.field({
        type: connection,
        description: 'The current items, oldest first. To continue live, subscribe `after` the first page’s `cursor`.',
        args: {
          first: t.arg.int({
            defaultValue: 100,
            description: 'The number of items on a page, 1 to 1,000.',
            validate: rules.first,
          }),
          after: t.arg.string({ description: 'Returns items after this cursor.', validate: rules.cursor }),
          filter: t.arg({ type: filter, description: TEXT.filterArg }),
        },
        resolve: (_root, args, { after, caller, signal, reads, budget, delivery }, info) => {
          assertMayRead(caller, 'items');
          const map = mapOf();
          assertWhereVariables(info);
          const first = args.first ?? 100;
          budget.spendItems(first);
          budget.spendFields(first, info);
          const from = resolveAfter({ after }, args.after);
          const filter = itemFilter(args.filter, caller.keyPrefix);
          const spend = (looks: number): void => {
            const { size } = map.replica.items;
            if (filter.where) budget.spendSearch(looks, size);
            else budget.spendLooks(looks, size);
          };
          // Keys are looked up at once. Their values are not: they may take long.
          const isAtOnce = filter.keys !== undefined && !filter.where;
          if (isAtOnce) spend(filter.keys.size * LOOKS_OF_A_KEY);
          const scan = new PageScan(map, { from, first, filter });
          const reached = from == null ? undefined : map.reach(from, signal);
          const run = (): ItemPage<unknown> => {
            recordHead(delivery, map);
            return isAtOnce ? readPage(map.replica, { from, first, filter }) : scan.page();
          };
          return answer(isAtOnce ? reads.read(run, reached) : reads.scan(scan, run, spend, reached));
        },
      }),
      stream: t.field({
        type: streamStatus,
        description: 'The state of the stream.',
        resolve: (_root, _args, context) => {
          const { caller, reads, delivery } = context;
          assertMayRead(caller, 'items');
          const map = mapOf();
          return reads.read(() => {
            recordHead(delivery, map);
            return statusOf(map, caller);
          });
        },
      }),
    }),
  });
}

function statusOf(map: StreamingMap, caller: Caller): StreamStatus {
  const { replica, engine } = map;
  // Size and checksum would reveal keys that the caller may not see.
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
    description: 'The state of the stream on this node.',
    fields: (t) => ({
      epoch: t.exposeString('epoch', {
        description: 'The identity of the log. Cursors of different epochs can’t be compared.',
      }),
      cursor: t.exposeString('cursor', { description: 'The cursor of the newest position.' }),
      size: t.exposeInt('size', {
        nullable: true,
        description: 'The number of items in the map; null if the caller’s token has a key prefix.',
      }),
      checksum: t.exposeString('checksum', {
        nullable: true,
        description: 'The checksum, as in `ItemChanges`; null if the caller’s token has a key prefix.',
      }),
      window: t.exposeInt('window', { description: 'The number of newest changes that are kept one by one.' }),
      engine: t.exposeString('engine', { description: 'The engine that keeps the log: memory, file, nats or redis.' }),
    }),
  });
}

function addConnection(builder: Builder, item: ItemTypes['item']) {
  const edge = builder.objectRef<Item<unknown>>('ItemEdge').implement({
    description: 'An item on a page.',
    fields: (t) => ({
      node: t.field({ type: item, description: 'The item.', resolve: (node) => node }),
      cursor: t.exposeString('cursor', { description: 'The cursor of the item.' }),
    }),
  });
  const pageInfo = builder.objectRef<ItemPage<unknown>>('PageInfo').implement({
    description: 'The boundaries of a page.',
    fields: (t) => ({
      hasNextPage: t.exposeBoolean('hasNextPage', {
        description:
          'Whether newer items may follow this page. With `where` a page may have fewer than `first` items and be followed by more.',
      }),
      hasPreviousPage: t.exposeBoolean('hasPreviousPage', {
        description: 'Whether the item at `after` still precedes this page.',
      }),
      startCursor: t.string({
        nullable: true,
        description: 'The cursor of the first item.',
        resolve: ({ items }) => items[0]?.cursor,
      }),
      endCursor: t.string({
        nullable: true,
        description:
          'The cursor of the last item, or of the last one that was looked at for `where`: pass it as `after` to get the next page.',
        resolve: ({ endCursor }) => endCursor,
      }),
    }),
  });
  return builder.objectRef<ItemPage<unknown>>('ItemConnection').implement({
    description: 'A page of items.',
    fields: (t) => ({
      edges: t.field({ type: [edge], description: 'The items, oldest first.', resolve: ({ items }) => items }),
      pageInfo: t.field({ type: pageInfo, description: 'The boundaries of the page.', resolve: (page) => page }),
      cursor: t.exposeString('cursor', {
        description: 'The position at which the page was read: subscribe `after` the first page’s `cursor`.',
      }),
    }),
  });
}
