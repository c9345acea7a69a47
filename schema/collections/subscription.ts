import { itemFilter } from '../../src/core/input/item-filter.ts';
import type { StreamingMap } from '../../src/core/streaming-map.ts';
import type { Builder } from './builder.ts';
import { assertMayRead } from '../request/caller.ts';
import { type Context, emptySource, recordDelivery, resolveAfter } from '../request/context.ts';
import { withGraphQLErrors } from '../request/errors.ts';
import { assertFewCopies } from '../request/selected-copies.ts';
import { assertWhereVariables } from '../request/where-variables.ts';
import type { ItemTypes } from './item.ts';
import type { StreamBuilder } from '../stream/stream-builder.ts';
import { addOnLag } from '../stream/stream-definitions.ts';
import { TEXT } from '../stream/descriptions.ts';
import * as rules from './input-rules.ts';

export function addSubscription(
  builder: Builder,
  { item, itemChanges, filter }: ItemTypes,
  mapOf: () => StreamingMap,
): void {
  const onLag = addOnLag(builder as unknown as StreamBuilder);

  builder.subscriptionType({
    description: 'The current state, then every change after it, with nothing lost and nothing repeated in between.',
    fields: (t) => ({
      items: t.field({
        type: item,
        description: 'Delivers every current item, oldest first, then every insertion. For services and small streams.',
        args: {
          limit: t.arg.int({ description: TEXT.limitArg, validate: rules.limit }),
          after: t.arg.string({ description: TEXT.afterArg, validate: rules.cursor }),
          filter: t.arg({ type: filter, description: TEXT.filterArg }),
          onLag: t.arg({ type: onLag, required: true, defaultValue: 'CONFLATE', description: TEXT.onLagArg }),
        },
        subscribe: (_root, args, { after, limit, caller, signal, delivery, fanOutRequest }, info) => {
          assertMayRead(caller, 'items');
          const map = mapOf();
          assertFewCopies(info);
          assertWhereVariables(info);
          const allowed = limit ?? args.limit;
          if (allowed != null) delivery.remaining = allowed;
          const options = {
            onLag: args.onLag,
            limit: allowed,
            after: resolveAfter({ after }, args.after),
            filter: itemFilter(args.filter, caller.keyPrefix),
            signal,
            onClose: 'FAIL',
          } as const;
          return withGraphQLErrors(() => {
            if (!fanOutRequest) return map.items(options);
            fanOutRequest.source = map.source;
            fanOutRequest.accepted = { kind: 'items', request: map.itemsRequest(options) };
            return emptySource();
          });
        },
        resolve: (delivered, _args, context) => asResult(delivered, context),
      }),
      itemChanges: t.field({
        type: itemChanges,
        description: 'Delivers the changes of the map, conflated by key, with a checksum. For user interfaces.',
        args: {
          after: t.arg.string({ description: TEXT.changesAfterArg, validate: rules.cursor }),
          filter: t.arg({ type: filter, description: TEXT.filterArg }),
        },
        subscribe: (_root, args, { after, caller, signal, fanOutRequest }, info) => {
          assertMayRead(caller, 'items');
          const map = mapOf();
          assertFewCopies(info);
          assertWhereVariables(info);
          const options = {
            after: resolveAfter({ after }, args.after),
            filter: itemFilter(args.filter, caller.keyPrefix),
            signal,
            onClose: 'FAIL',
          } as const;
          return withGraphQLErrors(() => {
            if (!fanOutRequest) return map.changes(options);
            fanOutRequest.source = map.source;
            fanOutRequest.accepted = { kind: 'itemChanges', request: map.changesRequest(options) };
            return emptySource();
          });
        },
        resolve: (delivered, _args, context) => asResult(delivered, context),
      }),
    }),
  });
}

/** What is delivered, as the source of one result. A promise where results wait for their turn. */
function asResult<Delivered extends { readonly cursor: string }>(
  delivered: Delivered,
  { delivery, budget, turn }: Context,
): Delivered | Promise<Delivered> {
  budget.renew();
  recordDelivery(delivery, delivered.cursor);
  return turn ? turn().then(() => delivered) : delivered;
}
