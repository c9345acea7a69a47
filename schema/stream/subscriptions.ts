import type { GraphQLResolveInfo } from 'graphql';
import type { Item, ItemChanges } from '../../src/core/model/change.ts';
import { keyFilter, type KeyFilter } from '../../src/core/input/key-filter.ts';
import type { Source } from '../../src/core/subscriptions/items.ts';
import { filterKeysProblem, keyPrefixProblem } from '../../src/core/input/insert-input.ts';
import { resolveAfter, type StreamRequest } from '../request/context.ts';
import { asGraphQL, inputError, withGraphQLErrors } from '../request/errors.ts';
import { type TransportContext, transportContextOf } from '../request/transport-context.ts';
import { type PlainOptions, uncapitalised } from './options.ts';
import { type changeTypes, OURS, type SharedTypes, type StreamBuilder } from './parts.ts';
import { visibleChanges, visibleItems } from './visible.ts';

type Types = SharedTypes & ReturnType<typeof changeTypes>;

export function addStreamSubscriptions(
  builder: StreamBuilder,
  { map, name, plural, type, mayRead }: PlainOptions,
  { changes, filter, onLag }: Types,
): void {
  builder.subscriptionField(plural, (t) =>
    t.field({
      type: type as never,
      nullable: false,
      description: `Every current ${name}, oldest first, then every insertion. For services and small streams.`,
      extensions: OURS,
      args: {
        limit: t.arg.int({ required: false, description: 'Completes after so many. Default: no end.' }),
        after: t.arg.string({ required: false, description: 'Goes on behind this cursor instead.' }),
        filter: t.arg({ type: filter, required: false, description: 'Default: every key.' }),
        onLag: t.arg({
          type: onLag,
          required: true,
          defaultValue: 'CONFLATE',
          description: 'What happens to a slow subscriber.',
        }),
      },
      subscribe: (_root, args, context, info): AsyncIterable<Item<unknown>> => {
        const transport = asGraphQL(() => transportContextOf(context));
        const limit = transport.limit ?? args.limit;
        if (transport.delivery && limit != null) transport.delivery.remaining = limit;
        const options = {
          onLag: args.onLag,
          limit,
          after: resolveAfter(transport, args.after),
          filter: checkedFilter(args.filter),
          signal: transport.signal,
          onClose: 'FAIL',
        } as const;
        return withGraphQLErrors(() => {
          const request = map.itemsRequest(options);
          if (mayRead) {
            const mayBeRead = (value: unknown): boolean => mayRead(value, context);
            // The limit counts what is seen.
            return visibleItems(map.items({ ...options, limit: null }), mayBeRead, request.limit);
          }
          offer(transport, info, map.source, { kind: 'items', request });
          return map.items(options);
        });
      },
      resolve: (delivered, _args, context) => {
        const { cursor, value } = delivered;
        const { delivery } = transportContextOf(context);
        if (delivery) delivery.cursor = cursor;
        if (delivery?.remaining !== undefined) delivery.remaining--;
        return value as never;
      },
    }),
  );

  builder.subscriptionField(`${uncapitalised(name)}Changes`, (t) =>
    t.field({
      type: changes,
      nullable: false,
      description: `What a mirror of all ${name} needs, conflated by key, with removals and a proof. For screens.`,
      extensions: OURS,
      args: {
        after: t.arg.string({
          required: false,
          description: 'Goes on behind this cursor if it can, else resets.',
        }),
        filter: t.arg({ type: filter, required: false, description: 'Default: every key.' }),
      },
      subscribe: (_root, args, context, info): AsyncIterable<ItemChanges<unknown>> => {
        const transport = asGraphQL(() => transportContextOf(context));
        const after = resolveAfter(transport, args.after);
        const options = {
          after,
          filter: checkedFilter(args.filter),
          signal: transport.signal,
          onClose: 'FAIL',
        } as const;
        return withGraphQLErrors(() => {
          const request = map.changesRequest(options);
          if (mayRead) {
            const mayBeRead = (value: unknown): boolean => mayRead(value, context);
            // What it showed before is not known any more.
            return visibleChanges(map.changes({ ...options, after: null }), mayBeRead);
          }
          offer(transport, info, map.source, { kind: 'itemChanges', request });
          return map.changes(options);
        });
      },
      resolve: (delivered, _args, context) => {
        const { delivery } = transportContextOf(context);
        if (delivery) delivery.cursor = delivered.cursor;
        return delivered;
      },
    }),
  );
}

/**
 * To the transport, which may deliver by itself what the generator would. Neither takes its place before it is iterated, so that
 * the transport may decide when it knows what becomes of the generator's results.
 */
function offer(
  { fanOutRequest }: Partial<TransportContext>,
  info: GraphQLResolveInfo,
  source: Source<unknown>,
  taken: StreamRequest,
): void {
  if (fanOutRequest?.accepts?.(info.operation)) Object.assign(fanOutRequest, { source, accepted: taken });
}

function checkedFilter(
  filter:
    | { keys?: readonly (string | number)[] | null | undefined; keyPrefix?: string | null | undefined }
    | null
    | undefined,
): KeyFilter {
  const { keys, keyPrefix } = filter ?? {};
  const refuse = (field: string, message: string | undefined): void => {
    if (message !== undefined) throw inputError([{ path: ['filter', field], message }]);
  };
  if (keys) refuse('keys', filterKeysProblem(keys));
  if (keyPrefix) refuse('keyPrefix', keyPrefixProblem(keyPrefix));
  return keyFilter({ keys: keys?.map(String), keyPrefix });
}
