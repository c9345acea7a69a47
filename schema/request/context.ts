import type { DocumentNode, OperationDefinitionNode } from 'graphql';
import type { ChangesRequest } from '../../src/core/subscriptions/item-changes.ts';
import type { ItemsRequest, Source } from '../../src/core/subscriptions/items.ts';
import type { Replica } from '../../src/core/replica/replica.ts';
import type { AnswerBudget } from './answer-budget.ts';
import type { Caller } from './caller.ts';
import type { RootReads } from './root-reads.ts';

/** The GraphQL context of the server's own schema: a transport makes one for each operation. */
export interface Context {
  /** From `Last-Event-ID` or `extensions.after`. It takes precedence over the argument `after`; null stands for no cursor at all. */
  readonly after?: string | null | undefined;
  /** From `Last-Event-ID` or `extensions.limit`: the items that remain to be delivered. It takes precedence over the argument `limit`. */
  readonly limit?: number | undefined;
  readonly caller: Caller;
  /** Aborts when the client leaves. */
  readonly signal?: AbortSignal | undefined;
  /** The newest delivery of the subscription. Results are made one at a time, so it belongs to the result being made. */
  readonly delivery: Delivery;
  readonly reads: RootReads;
  readonly budget: AnswerBudget;
  /** Waits until a result of a subscription may be made. Undefined: at once. */
  readonly turn?: (() => Promise<void>) | undefined;
  /** Present when the transport can fan out: it accepts the request, and the resolver returns an empty source. */
  readonly fanOutRequest?: FanOutRequest | undefined;
}

export type StreamRequest =
  | { readonly kind: 'items'; readonly request: ItemsRequest }
  | { readonly kind: 'itemChanges'; readonly request: ChangesRequest };

/** A validated operation, in the form that graphql-js takes. */
export interface Operation {
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
  /** The raw values from the request, not coerced. */
  readonly variableValues?: Readonly<Record<string, unknown>> | null | undefined;
}

export interface FanOutRequest {
  /**
   * Set for a stream in a user's own schema: tells whether the transport serves this operation, and its selection is the same for all
   * callers. The request is then only an offer: the generator delivers if the transport doesn't use it.
   */
  readonly accepts?: (operation: OperationDefinitionNode) => boolean;
  operation?: Operation;
  accepted?: StreamRequest;
  /** The map that the stream reads, because a user's schema may have several. */
  source?: Source<unknown>;
  /** Told when the accepted stream has ended. */
  observer?: StreamObserver;
}

export interface StreamObserver {
  /** Called once. `error` is undefined unless the stream failed. */
  ended(error: unknown, deliveries: number): void;
}

/**
 * Key of a member of the context in which the fan-out renders a result for many operations at once: it belongs to none of them. Shared by
 * all copies of this module.
 */
export const RENDERED_FOR_MANY = Symbol.for('seamline.rendered-for-many');

/** The source of a subscription that the fan-out delivers. */
export async function* emptySource(): AsyncGenerator<never, void, void> {}

/** The cursor to start after: the transport's takes precedence over the argument. */
export function resolveAfter(
  { after }: Pick<Context, 'after'>,
  argument: string | null | undefined,
): string | null | undefined {
  return after === undefined ? argument : after;
}

export interface Delivery {
  cursor?: string;
  /** Items that `limit` still allows; undefined without a limit. */
  remaining?: number;
}

/** Records the position of a query's reads: to be called in the synchronous block of the reads. */
export function recordHead(delivery: Delivery, { replica }: { readonly replica: Replica<unknown> }): void {
  delivery.cursor = replica.cursor(replica.head);
}

/** Records that the item or message with this cursor is being delivered. */
export function recordDelivery(delivery: Delivery, cursor: string): void {
  delivery.cursor = cursor;
  if (delivery.remaining !== undefined) delivery.remaining--;
}
