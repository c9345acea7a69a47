import { keyFilter } from '../../src/core/input/key-filter.ts';
import type { Builder } from './builder.ts';
import { assertMayRead } from '../request/caller.ts';
import { resolveAfter, emptySource } from '../request/context.ts';
import { withGraphQLErrors } from '../request/errors.ts';
import type { ItemTypes } from './item.ts';
import { ON_LAG } from '../stream/on-lag.ts';
import * as rules from './rules.ts';

export function addSubscription(builder: Builder, { item, itemChanges, filter }: ItemTypes): void {
  const onLag = builder.enumType('OnLag', ON_LAG);

  builder.subscriptionType({
    description: 'What is there now, and then everything that changes, across one seam that neither loses nor repeats.',
    fields: (t) => ({
      items: t.field({
        type: item,
        description: 'Every current item, oldest first, then every insertion. For services and small streams.',
        args: {
          limit: t.arg.int({ description: 'Completes after so many. Default: no end.', validate: rules.limit }),
          after: t.arg.string({ description: 'Goes on behind this cursor instead.', validate: rules.cursor }),
          filter: t.arg({ type: filter, description: 'Default: every key.' }),
          onLag: t.arg({
            type: onLag,
            required: true,
            defaultValue: 'CONFLATE',
            description: 'What happens to a slow subscriber.',
          }),
        },
        subscribe: (_root, args, { map, after, limit, caller, signal, delivery, fanOutRequest }) => {
          assertMayRead(caller);
          const most = limit ?? args.limit;
          if (most != null) delivery.remaining = most;
          const options = {
            onLag: args.onLag,
            limit: most,
            after: resolveAfter({ after }, args.after),
            filter: keyFilter(args.filter, caller.keyPrefix),
            signal,
            onClose: 'FAIL',
          } as const;
          return withGraphQLErrors(() => {
            if (!fanOutRequest) return map.items(options);
            fanOutRequest.accepted = { kind: 'items', request: map.itemsRequest(options) };
            return emptySource();
          });
        },
        resolve: (delivered, _args, { delivery, budget }) => {
          budget.renew();
          delivery.cursor = delivered.cursor;
          if (delivery.remaining !== undefined) delivery.remaining--;
          return delivered;
        },
      }),
      itemChanges: t.field({
        type: itemChanges,
        description: 'What a mirror of the map needs, conflated by key, with removals and a proof. For screens.',
        args: {
          after: t.arg.string({
            description: 'Goes on behind this cursor if it can, else resets.',
            validate: rules.cursor,
          }),
          filter: t.arg({ type: filter, description: 'Default: every key.' }),
        },
        subscribe: (_root, args, { map, after, caller, signal, fanOutRequest }) => {
          assertMayRead(caller);
          const options = {
            after: resolveAfter({ after }, args.after),
            filter: keyFilter(args.filter, caller.keyPrefix),
            signal,
            onClose: 'FAIL',
          } as const;
          return withGraphQLErrors(() => {
            if (!fanOutRequest) return map.changes(options);
            fanOutRequest.accepted = { kind: 'itemChanges', request: map.changesRequest(options) };
            return emptySource();
          });
        },
        resolve: (delivered, _args, { delivery, budget }) => {
          budget.renew();
          delivery.cursor = delivered.cursor;
          return delivered;
        },
      }),
    }),
  });
}
