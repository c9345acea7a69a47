import type { GraphQLResolveInfo } from 'graphql';
import type { Item, ItemChanges } from '../../src/core/model/change.ts';
import { type ItemFilter, itemFilter, type ItemFilterInput } from '../../src/core/input/item-filter.ts';
import type { Source } from '../../src/core/subscriptions/items.ts';
import { filterKeysProblem, keyPrefixProblem } from '../../src/core/input/insert-input.ts';
import { recordDelivery, resolveAfter, type StreamRequest } from '../request/context.ts';
import { asGraphQL, inputError, withGraphQLErrors } from '../request/errors.ts';
import { type TransportContext, transportContextOf } from '../request/transport-context.ts';
import { assertWhereVariables } from '../request/where-variables.ts';
import { type PlainOptions, uncapitalised } from './options.ts';
import type { StreamBuilder } from './stream-builder.ts';
import { type addChangeTypes, CALLER_INDEPENDENT, type SharedTypes } from './stream-definitions.ts';
import { TEXT } from './descriptions.ts';
import { visibleChanges, visibleItems } from './visible.ts';

type Types = SharedTypes & ReturnType<typeof addChangeTypes>;

export function addStreamSubscriptions(
  builder: StreamBuilder,
  { map, name, plural, type, mayRead }: PlainOptions,
  { changes, filter, onLag }: Types,
): void {
  builder.subscriptionField(plural, (t) =>
    t.field({
      type: type as never,
      nullable: false,
      description: `Delivers every current ${name}, oldest first, then every insertion. For services and small streams.`,
      extensions: CALLER_INDEPENDENT,
      args: {
        limit: t.arg.int({ required: false, description: TEXT.limitArg }),
        after: t.arg.string({ required: false, description: TEXT.afterArg }),
        filter: t.arg({ type: filter, required: false, description: TEXT.filterArg }),
        onLag: t.arg({ type: onLag, required: true, defaultValue: 'CONFLATE', description: TEXT.onLagArg }),
      },
      subscribe: (_root, args, context, info): AsyncIterable<Item<unknown>> => {
        const transport = asGraphQL(() => transportContextOf(context));
        const limit = transport.limit ?? args.limit;
        if (transport.delivery && limit != null) transport.delivery.remaining = limit;
        const options = {
          onLag: args.onLag,
          limit,
          after: resolveAfter(transport, args.after),
          filter: checkedFilter(args.filter, info),
          signal: transport.signal,
          onClose: 'FAIL',
        } as const;
        return withGraphQLErrors(() => {
          const request = map.itemsRequest(options);
          if (mayRead) {
            const mayBeRead = (value: unknown): boolean => mayRead(value, context);
            // The limit counts only items that the caller may see.
            return visibleItems(map.items({ ...options, limit: null }), mayBeRead, request.limit);
          }
          offer(transport, info, map.source, { kind: 'items', request });
          return map.items(options);
        });
      },
      resolve: (delivered, _args, context) => {
        const { delivery } = transportContextOf(context);
        if (delivery) recordDelivery(delivery, delivered.cursor);
        return delivered.value as never;
      },
    }),
  );

  builder.subscriptionField(`${uncapitalised(name)}Changes`, (t) =>
    t.field({
      type: changes,
      nullable: false,
      description: `Delivers the changes of all ${name}, conflated by key, with a checksum. For user interfaces.`,
      extensions: CALLER_INDEPENDENT,
      args: {
        after: t.arg.string({ required: false, description: TEXT.changesAfterArg }),
        filter: t.arg({ type: filter, required: false, description: TEXT.filterArg }),
      },
      subscribe: (_root, args, context, info): AsyncIterable<ItemChanges<unknown>> => {
        const transport = asGraphQL(() => transportContextOf(context));
        const after = resolveAfter(transport, args.after);
        const options = {
          after,
          filter: checkedFilter(args.filter, info),
          signal: transport.signal,
          onClose: 'FAIL',
        } as const;
        return withGraphQLErrors(() => {
          const request = map.changesRequest(options);
          if (mayRead) {
            const mayBeRead = (value: unknown): boolean => mayRead(value, context);
            // No `after`, because the items that were shown before it are unknown.
            return visibleChanges(map.changes({ ...options, after: null }), mayBeRead);
          }
          offer(transport, info, map.source, { kind: 'itemChanges', request });
          return map.changes(options);
        });
      },
      resolve: (delivered, _args, context) => {
        const { delivery } = transportContextOf(context);
        if (delivery) recordDelivery(delivery, delivered.cursor);
        return delivered;
      },
    }),
  );
}

/**
 * Offers the request to the transport, which may deliver instead of the generator. Neither takes a read position before it is iterated,
 * so the transport can decide when it knows how the generator's results are used.
 */
function offer(
  { fanOutRequest }: Partial<TransportContext>,
  info: GraphQLResolveInfo,
  source: Source<unknown>,
  accepted: StreamRequest,
): void {
  if (fanOutRequest?.accepts?.(info.operation)) Object.assign(fanOutRequest, { source, accepted });
}

/** Keys are IDs, which Pothos also takes for numbers. */
type FilterArg = Omit<ItemFilterInput, 'keys'> & { readonly keys?: readonly (string | number)[] | null | undefined };

function checkedFilter(filter: FilterArg | null | undefined, info: GraphQLResolveInfo): ItemFilter {
  const { keys, keyPrefix, where } = filter ?? {};
  const refuse = (field: string, message: string | undefined): void => {
    if (message !== undefined) throw inputError([{ path: ['filter', field], message }]);
  };
  if (keys) refuse('keys', filterKeysProblem(keys));
  if (keyPrefix) refuse('keyPrefix', keyPrefixProblem(keyPrefix));
  const checked = asGraphQL(() => itemFilter({ keys: keys?.map(String), keyPrefix, where }));
  assertWhereVariables(info);
  return checked;
}
