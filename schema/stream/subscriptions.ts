import type { GraphQLResolveInfo } from 'graphql';
import { cursorProblem } from '../../src/core/input/insert-input.ts';
import { checkedArguments, ifGiven, limitProblem } from '../request/arguments.ts';
import { assertMayRead } from '../request/caller.ts';
import { type Context, emptySource, recordDelivery, resolveAfter, type StreamRequest } from '../request/context.ts';
import { withGraphQLErrors } from '../request/errors.ts';
import { assertFewCopies } from '../request/selected-copies.ts';
import type { StreamParts } from './collection-parts.ts';
import { TEXT } from './descriptions.ts';
import { addChanges } from './item-lists.ts';
import { CALLER_INDEPENDENT } from './shared-definitions.ts';
import type { StreamBuilder } from './stream-builder.ts';
import { visibleChanges, visibleItems } from './visible.ts';

interface Arguments {
  readonly limit?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly filter?: unknown;
}

/** Adds the subscriptions `quotes` and `quoteChanges`. */
export function addSubscriptions(builder: StreamBuilder, parts: StreamParts): void {
  const { names, type, sourceOf, mapOf, shared, texts, operationOf, mayBeRead } = parts;
  const filter = parts.filter as never;
  const visibility = (context: object) => mayBeRead && ((value: unknown) => mayBeRead(value, context));

  builder.subscriptionField(names.plural, (t) =>
    t.field({
      type: type as never,
      nullable: false,
      description: texts.items,
      extensions: CALLER_INDEPENDENT,
      args: {
        limit: t.arg.int({ required: false, description: TEXT.limitArg }),
        after: t.arg.string({ required: false, description: TEXT.afterArg }),
        filter: t.arg({ type: filter, required: false, description: TEXT.filterArg }),
        onLag: t.arg({ type: shared.onLag, required: true, defaultValue: 'CONFLATE', description: TEXT.onLagArg }),
      },
      subscribe: (_root, args, context, info) => {
        const operation = operationOf(context, info);
        const subscription = checkedSubscription(parts, args, operation, info);
        const map = mapOf();
        const limit = operation.limit ?? args.limit;
        if (limit != null) operation.delivery.remaining = limit;
        const options = { ...subscription, onLag: args.onLag, limit };
        return withGraphQLErrors(() => {
          const request = map.itemsRequest(options);
          const isVisible = visibility(context);
          // The limit counts only items that the caller may see.
          if (isVisible) return visibleItems(map.items({ ...options, limit: null }), isVisible, request.limit);
          return isTaken(parts, operation, info, { kind: 'items', request }) ? emptySource() : map.items(options);
        });
      },
      resolve: (item, _args, context, info) => {
        const operation = operationOf(context, info);
        return asResult(operation, item.cursor, () => {
          if (!parts.spendsBytes) operation.budget.oweBytes(item.bytes);
          return sourceOf ? sourceOf(item) : item;
        }) as never;
      },
    }),
  );

  builder.subscriptionField(`${names.singular}Changes`, (t) =>
    t.field({
      type: addChanges(builder, parts),
      nullable: false,
      description: texts.changes,
      extensions: CALLER_INDEPENDENT,
      args: {
        after: t.arg.string({ required: false, description: TEXT.changesAfterArg }),
        filter: t.arg({ type: filter, required: false, description: TEXT.filterArg }),
      },
      subscribe: (_root, args, context, info) => {
        const operation = operationOf(context, info);
        const options = checkedSubscription(parts, args, operation, info);
        const map = mapOf();
        return withGraphQLErrors(() => {
          const request = map.changesRequest(options);
          const isVisible = visibility(context);
          // No `after`, because the items that were shown before it are unknown.
          if (isVisible) return visibleChanges(map.changes({ ...options, after: null }), isVisible);
          return isTaken(parts, operation, info, { kind: 'itemChanges', request })
            ? emptySource()
            : map.changes(options);
        });
      },
      resolve: (message, _args, context, info) => asResult(operationOf(context, info), message.cursor, () => message),
    }),
  );
}

/** @throws {GraphQLError} for arguments that are wrong, a caller that may not read, and a selection that repeats fields many times */
function checkedSubscription(
  { names, filterOf }: StreamParts,
  args: Arguments,
  { after, caller, signal }: Context,
  info: GraphQLResolveInfo,
) {
  const problems = { limit: ifGiven(args.limit, limitProblem), after: ifGiven(args.after, cursorProblem) };
  const filter = checkedArguments(problems, () => filterOf(args.filter, caller.keyPrefix, info));
  assertMayRead(caller, names.plural);
  assertFewCopies(info);
  return { after: resolveAfter({ after }, args.after), filter, signal, onClose: 'FAIL' } as const;
}

/**
 * Hands the request to the transport, if it can fan out. Returns whether it delivers for certain. To a transport that `accepts` requests it is
 * an offer: neither side takes a read position before it is iterated, so the transport decides when it knows how the results are used.
 */
function isTaken(
  { mapOf }: StreamParts,
  { fanOutRequest }: Context,
  { operation }: GraphQLResolveInfo,
  accepted: StreamRequest,
): boolean {
  if (!fanOutRequest || fanOutRequest.accepts?.(operation) === false) return false;
  Object.assign(fanOutRequest, { source: mapOf().source, accepted });
  return !fanOutRequest.accepts;
}

/** The source of one result. A promise where results wait for their turn. */
function asResult<Source>({ delivery, budget, turn }: Context, cursor: string, sourceOf: () => Source) {
  budget.renew();
  recordDelivery(delivery, cursor);
  return turn ? turn().then(sourceOf) : sourceOf();
}
