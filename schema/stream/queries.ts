import type { GraphQLResolveInfo } from 'graphql';
import { cursorProblem, keyProblem } from '../../src/core/input/insert-input.ts';
import type { ItemFilter } from '../../src/core/input/item-filter.ts';
import type { Item } from '../../src/core/model/change.ts';
import { type ItemPage, LOOKS_OF_A_KEY, PageScan, readPage } from '../../src/core/replica/read-page.ts';
import type { StreamingMap } from '../../src/core/streaming-map.ts';
import { checkArguments, checkedArguments, firstProblem, ifGiven, keyIn } from '../request/arguments.ts';
import { assertMayRead } from '../request/caller.ts';
import { type Context, recordHead, resolveAfter } from '../request/context.ts';
import { answer } from '../request/errors.ts';
import type { StreamParts } from './collection-parts.ts';
import { TEXT } from './descriptions.ts';
import { addConnection, spendItems } from './item-lists.ts';
import type { StreamStatus } from './shared-definitions.ts';
import type { StreamBuilder } from './stream-builder.ts';

/** Adds the queries `quote`, `quotes` and `quoteStream`. */
export function addQueries(builder: StreamBuilder, parts: StreamParts): void {
  const { names, type, sourceOf, mapOf, filter, shared, operationOf, mayBeRead } = parts;
  const { singular, plural, key } = names;
  const connection = addConnection(builder, parts);

  builder.queryField(singular, (t) =>
    t.field({
      type: type as never,
      nullable: true,
      description: 'The item with this key; null if the key doesn’t exist.',
      args: { [key.name]: t.arg({ type: key.type, required: true, description: 'The key of the item.' }) },
      resolve: (_root, args: object, context, info) => {
        const given = keyIn(args, key.name);
        checkArguments({ [key.name]: keyProblem(given) });
        const operation = operationOf(context, info);
        const { caller, reads, delivery } = operation;
        assertMayRead(caller, plural);
        const map = mapOf();
        return reads.read(() => {
          recordHead(delivery, map);
          const item = given.startsWith(caller.keyPrefix) ? map.get(given) : undefined;
          if (!item || mayBeRead?.(item.value, context) === false) return null as never;
          spendItems(parts, operation, [item], info);
          return (sourceOf ? sourceOf(item) : item) as never;
        });
      },
    }),
  );

  builder.queryField(plural, (t) =>
    t.field({
      type: connection,
      nullable: false,
      description: 'The current items, oldest first. To continue live, subscribe `after` the first page’s `cursor`.',
      args: {
        first: t.arg.int({
          required: false,
          defaultValue: 100,
          description: 'The number of items on a page, 1 to 1,000.',
        }),
        after: t.arg.string({ required: false, description: 'Returns items after this cursor.' }),
        filter: t.arg({ type: filter as never, required: false, description: TEXT.filterArg }),
      },
      resolve: (_root, args: PageArgs, context, info) => {
        const page = pageOf(parts, args, operationOf(context, info), info);
        if (!mayBeRead) return page;
        const visible = ({ value }: Item<unknown>): boolean => mayBeRead(value, context);
        return page.then((read) => ({ ...read, items: read.items.filter(visible) }));
      },
    }),
  );

  builder.queryField(parts.statusField ?? `${singular}Stream`, (t) =>
    t.field({
      type: shared.statusOf(names.name),
      nullable: false,
      description: 'The state of the stream.',
      resolve: (_root, _args, context, info) => {
        const { caller, reads, delivery } = operationOf(context, info);
        assertMayRead(caller, plural);
        const map = mapOf();
        // Size and checksum would reveal keys that the caller may not see.
        const isWhole = caller.keyPrefix === '' && !mayBeRead;
        return reads.read(() => {
          recordHead(delivery, map);
          return statusOf(map, isWhole);
        });
      },
    }),
  );
}

interface PageArgs {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly filter?: unknown;
}

function pageOf(
  parts: StreamParts,
  args: PageArgs,
  operation: Context,
  info: GraphQLResolveInfo,
): Promise<ItemPage<unknown>> {
  const { names, mapOf, filterOf } = parts;
  const { after, caller, signal, reads, budget, delivery } = operation;
  const problems = { first: ifGiven(args.first, firstProblem), after: ifGiven(args.after, cursorProblem) };
  const filter = checkedArguments(problems, () => filterOf(args.filter, caller.keyPrefix, info));
  assertMayRead(caller, names.plural);
  const map = mapOf();
  const first = args.first ?? 100;
  budget.spendItems(first);
  budget.spendFields(first, info);
  const from = resolveAfter({ after }, args.after);
  const spend = (looks: number): void => {
    const { size } = map.replica.items;
    if (filter.where) budget.spendSearch(looks, size);
    else budget.spendLooks(looks, size);
  };
  // Keys are looked up at once. Their values are not: they may take long.
  const keys = keysAlone(filter);
  if (keys) spend(keys.size * LOOKS_OF_A_KEY);
  const scan = new PageScan(map, { from, first, filter });
  const reached = from == null ? undefined : map.reach(from, signal);
  const run = (): ItemPage<unknown> => {
    recordHead(delivery, map);
    const page = keys ? readPage(map.replica, { from, first, filter }) : scan.page();
    spendItems(parts, operation, page.items, info, '.edges.node');
    return page;
  };
  return answer(keys ? reads.read(run, reached) : reads.scan(scan, run, spend, reached));
}

/** The keys of a filter that needs no value. */
const keysAlone = ({ keys, where }: ItemFilter): ReadonlySet<string> | undefined => (where ? undefined : keys);

function statusOf({ replica, engine }: StreamingMap, isWhole: boolean): StreamStatus {
  return {
    epoch: replica.epoch,
    cursor: replica.cursor(replica.head),
    size: isWhole ? replica.items.size : null,
    checksum: isWhole ? replica.items.checksum : null,
    window: replica.bounds.window,
    engine,
  };
}
