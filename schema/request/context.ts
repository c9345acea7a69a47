import type { DocumentNode, OperationDefinitionNode } from 'graphql';
import type { ChangesRequest } from '../../src/core/subscriptions/item-changes.ts';
import type { ItemsRequest, Source } from '../../src/core/subscriptions/items.ts';
import type { StreamingMap } from '../../src/core/streaming-map.ts';
import type { AnswerBudget } from './answer-budget.ts';
import type { Caller } from './caller.ts';

/** What the resolvers know of an operation: a transport makes one for each. */
export interface Context {
  readonly map: StreamingMap;
  /** From `Last-Event-ID` or `extensions.after`: goes before the argument; null takes it away. */
  readonly after?: string | null | undefined;
  /** From `Last-Event-ID` or `extensions.limit`: how many are left, before the argument `limit`. */
  readonly limit?: number | undefined;
  readonly caller: Caller;
  /** Aborts when the client leaves. */
  readonly signal?: AbortSignal | undefined;
  /** What the subscription has delivered last: results are made one at a time, so it belongs to the result at hand. */
  readonly delivery: Delivery;
  readonly reads: RootReads;
  readonly budget: AnswerBudget;
  /** Where subscriptions are served from positions: takes what is asked for, and then there is nothing to iterate over. */
  readonly fanOutRequest?: FanOutRequest | undefined;
}

export type StreamRequest =
  | { readonly kind: 'items'; readonly request: ItemsRequest }
  | { readonly kind: 'itemChanges'; readonly request: ChangesRequest };

/** A valid operation, as graphql-js takes it. */
export interface Operation {
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
  /** As they were sent. */
  readonly variableValues?: Readonly<Record<string, unknown>> | null | undefined;
}

export interface FanOutRequest {
  /**
   * Of a stream in somebody else's schema: whether this is the operation that the transport serves, and what it selects is the same for
   * all callers. What is taken then is an offer, beside a generator that delivers if nobody takes it up.
   */
  readonly accepts?: (operation: OperationDefinitionNode) => boolean;
  operation?: Operation;
  accepted?: StreamRequest;
  /** What is asked; where there are several maps. */
  source?: Source<unknown>;
  /** To be called once what was taken has ended; `error` is undefined unless it failed. */
  ended?: (error: unknown, deliveries: number) => void;
}

/** What a subscription's source is when somebody else delivers. */
export async function* emptySource(): AsyncGenerator<never, void, void> {}

/** Where to begin: what the transport brought goes before the argument. */
export function resolveAfter(
  { after }: Pick<Context, 'after'>,
  argument: string | null | undefined,
): string | null | undefined {
  return after === undefined ? argument : after;
}

export interface Delivery {
  cursor?: string;
  /** How many `limit` still allows. */
  remaining?: number;
}

/**
 * All root fields of one query are read at one position: each resolver leaves its read here, and they run together, in one
 * synchronous block, once the replica has reached every cursor that one of them names.
 */
export class RootReads {
  #reads: { reach: Promise<unknown>; run: () => void }[] = [];
  readonly #onRead: () => void;

  /** `onRead` is called in the same synchronous block as the reads. */
  constructor(onRead: () => void = () => {}) {
    this.#onRead = onRead;
  }

  /** `reach` may reject: then this read does, alone. */
  read<T>(reach: Promise<unknown>, run: () => T): Promise<T> {
    if (this.#reads.length === 0) queueMicrotask(() => void this.#runAll());
    return new Promise((resolve, reject) => {
      this.#reads.push({
        reach: reach.catch(reject),
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
    for (const { run } of reads) run();
    this.#onRead();
  }
}
