import { keyFilter } from '../../src/core/input/key-filter.ts';
import type { Builder } from './builder.ts';
import { assertMayRead } from '../request/caller.ts';
import { emptySource, recordDelivery, resolveAfter } from '../request/context.ts';
import { answering, translating } from '../request/errors.ts';
import type { ItemTypes } from './item.ts';
import { addOnLag, type StreamBuilder } from '../stream/stream-types.ts';
import * as rules from './input-rules.ts';

export function addSubscription(builder: Builder, { item, itemChanges, filter }: ItemTypes): void {
  const onLag = addOnLag(builder as unknown as StreamBuilder);

  builder.subscriptionType({
    description: 'The current state, then every change after it, with nothing lost and nothing repeated in between.',
    fields: (t) => ({
      items: t.field({
        type: item,
        description:
          'Delivers every current item, oldest first, then every insertion. Meant for services and small streams.',
        args: {
          limit: t.arg.int({
            description: 'The number of items to deliver before the subscription completes. Default: no limit.',
            validate: rules.limit,
          }),
          after: t.arg.string({
            description: 'Continues after this cursor instead of starting with the current items.',
            validate: rules.cursor,
          }),
          filter: t.arg({ type: filter, description: 'Selects keys. Default: all keys.' }),
          onLag: t.arg({
            type: onLag,
            required: true,
            defaultValue: 'CONFLATE',
            description: 'What happens if the subscriber is too slow.',
          }),
        },
        subscribe: (_root, args, { map, after, limit, caller, signal, delivery, fanOutRequest }) => {
          assertMayRead(caller);
          const allowed = limit ?? args.limit;
          if (allowed != null) delivery.remaining = allowed;
          const options = {
            onLag: args.onLag,
            limit: allowed,
            after: resolveAfter({ after }, args.after),
            filter: keyFilter(args.filter, caller.keyPrefix),
            signal,
            onClose: 'FAIL',
          } as const;
          return translating(() => {
            if (!fanOutRequest) return answering(map.items(options));
            fanOutRequest.accepted = { kind: 'items', request: map.itemsRequest(options) };
            return emptySource();
          });
        },
        resolve: (delivered, _args, { delivery, budget }) => {
          budget.renew();
          recordDelivery(delivery, delivered.cursor);
          return delivered;
        },
      }),
      itemChanges: t.field({
        type: itemChanges,
        description:
          'Delivers the messages of a mirror of the map: conflated by key, with removals and a checksum. Meant for user interfaces.',
        args: {
          after: t.arg.string({
            description: 'Continues after this cursor if possible, otherwise starts with `reset`.',
            validate: rules.cursor,
          }),
          filter: t.arg({ type: filter, description: 'Selects keys. Default: all keys.' }),
        },
        subscribe: (_root, args, { map, after, caller, signal, fanOutRequest }) => {
          assertMayRead(caller);
          const options = {
            after: resolveAfter({ after }, args.after),
            filter: keyFilter(args.filter, caller.keyPrefix),
            signal,
            onClose: 'FAIL',
          } as const;
          return translating(() => {
            if (!fanOutRequest) return answering(map.changes(options));
            fanOutRequest.accepted = { kind: 'itemChanges', request: map.changesRequest(options) };
            return emptySource();
          });
        },
        resolve: (delivered, _args, { delivery, budget }) => {
          budget.renew();
          recordDelivery(delivery, delivered.cursor);
          return delivered;
        },
      }),
    }),
  });
}
