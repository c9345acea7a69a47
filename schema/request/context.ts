import type { DocumentNode, OperationDefinitionNode } from 'graphql';
import type { ChangesRequest } from '../../src/core/subscriptions/item-changes.ts';
import type { ItemsRequest, Source } from '../../src/core/subscriptions/items.ts';
import type { StreamingMap } from '../../src/core/streaming-map.ts';
import type { AnswerBudget } from './answer-budget.ts';
import type { Caller } from './caller.ts';

/** The GraphQL context of the server's own schema: a transport makes one for each operation. */
export interface Context {
  readonly map: StreamingMap;
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
  /** Called when the accepted stream has ended; `error` is undefined unless it failed. */
  ended?: (error: unknown, deliveries: number) => void;
}

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

/** Records that the item or message with this cursor is being delivered. */
export function recordDelivery(delivery: Delivery, cursor: string): void {
  delivery.cursor = cursor;
  if (delivery.remaining !== undefined) delivery.remaining--;
}

/**
 * Reads all root fields of one query at one position. Each resolver queues its read here. The reads run together in one synchronous
 * block, as soon as the replica has reached every cursor that they name.
 */
export class RootReads {
  #reads: { reach: Promise<unknown>; run: () => void; reject: (error: unknown) => void }[] = [];
  readonly #onRead: () => void;
  readonly #turn: (() => Promise<void>) | undefined;

  /**
   * `onRead` runs in the same synchronous block as the reads. `turn` resolves when they may run, after the cursors are reached; if it rejects, all
   * of them reject.
   */
  constructor(onRead: () => void = () => {}, turn?: () => Promise<void>) {
    this.#onRead = onRead;
    this.#turn = turn;
  }

  /** Queues a read. If `reach` rejects, only this read rejects. */
  read<T>(run: () => T, reach: Promise<unknown> = Promise.resolve()): Promise<T> {
    if (this.#reads.length === 0) queueMicrotask(() => void this.#runAll());
    return new Promise((resolve, reject) => {
      this.#reads.push({
        reach: reach.catch(reject),
        reject,
        run: () => {
          try {
            resolve(run());
          } catch (error) {
            reject(error);
          }
        },
      });
    });
  }

  async #runAll(): Promise<void> {
    const reads = this.#reads;
    this.#reads = [];
    await Promise.all(reads.map(({ reach }) => reach));
    try {
      await this.#turn?.();
    } catch (error) {
      for (const { reject } of reads) reject(error);
      return;
    }
    for (const { run } of reads) run();
    this.#onRead();
  }
}
