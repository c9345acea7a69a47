import {
  CombinedError,
  makeOperation,
  type Client,
  type Exchange,
  type Operation,
  type OperationResult,
} from '@urql/core';
import { filter, makeSubject, map, merge, pipe } from 'wonka';
import type { ResumableOptions } from '../resuming/resumable.ts';
import { Resumption } from '../resuming/resumption.ts';
import { backOff, isNetworkFailure, isUnavailable, type RetryOptions } from '../resuming/retry.ts';

export type { CollectionOptions } from '../collections.ts';
export { graphcacheConfig, type GraphcacheOptions } from './graphcache.ts';

/** The options of {@link resumeExchange}. */
export interface ResumeExchangeOptions extends ResumableOptions<Operation>, RetryOptions {}

/**
 * A urql exchange whose subscriptions resume after each broken connection: no result is repeated or lost, and `limit` counts across
 * connections. It belongs directly before the exchange that executes subscriptions. With `subscriptionExchange` the WebSocket or SSE client
 * decides when to reconnect; with `fetchSubscriptions` this exchange executes the subscription again itself.
 *
 * @example
 * ```ts
 * const socket = createClient({ url: 'ws://127.0.0.1:4000/graphql', ...persistent() });
 * const client = new Client({
 *   url: 'http://127.0.0.1:4000/graphql',
 *   exchanges: [
 *     cacheExchange(graphcacheConfig()),
 *     resumeExchange(),
 *     subscriptionExchange({
 *       forwardSubscription: (request) => ({
 *         subscribe: (sink) => ({ unsubscribe: socket.subscribe(request as SubscribePayload, sink) }),
 *       }),
 *     }),
 *     fetchExchange,
 *   ],
 * });
 * ```
 */
export function resumeExchange({ onReset, onMissed, retryWait = backOff }: ResumeExchangeOptions = {}): Exchange {
  return ({ client, forward }) =>
    (operations$) => {
      const executions = new Map<number, Execution>();
      const reexecuted = makeSubject<Operation>();
      const givenUp = makeSubject<OperationResult>();

      const isRunning = (execution: Execution): boolean => executions.get(execution.operation.key) === execution;

      const start = (operation: Operation): Operation => {
        if (operation.kind === 'teardown') executions.delete(operation.key);
        if (operation.kind !== 'subscription') return operation;
        // The client may execute an operation again without a teardown. Nothing would distinguish the results of the two.
        if (executions.has(operation.key)) reexecuted.next(teardownOf(operation));
        const execution = new Execution(operation);
        executions.set(operation.key, execution);
        return execution.attempt();
      };

      const restart = (execution: Execution): void => {
        if (!isRunning(execution)) return;
        // The teardown drops remaining results of the last attempt, which may repeat its last result.
        reexecuted.next(teardownOf(execution.operation));
        reexecuted.next(execution.attempt());
      };

      const retry = (execution: Execution, result: OperationResult): void => {
        void retryWait(execution.retries++).then(
          () => restart(execution),
          (reason: unknown) => isRunning(execution) && givenUp.next(execution.giveUp(result, reason)),
        );
      };

      const handleResult = (result: OperationResult): OperationResult | undefined => {
        const execution = result.operation.kind === 'subscription' && executions.get(result.operation.key);
        if (!execution) return result;
        const isOverFetch = execution.operation.context.fetchSubscriptions === true;
        if (execution.isWaiting) return undefined;
        if (execution.hasGapBefore(result)) {
          onMissed?.(execution.operation);
          // Deferred also over fetch: aborting the response while urql delivers causes an unhandled rejection in urql.
          setTimeout(() => restart(execution), execution.gapWaitMs);
        } else if (execution.startOverAfter(result)) {
          onReset?.(execution.operation);
          if (!isOverFetch) restart(execution);
        } else if (execution.mustRestart) {
          // Wait for the end of the response: aborting it while urql delivers causes an unhandled rejection in urql.
          if (!result.hasNext) restart(execution);
        } else if (execution.isComplete) {
          complete(client, execution.operation);
        } else if (!isOverFetch || !execution.wasBrokenOff(result)) {
          return execution.deliver(result);
        } else if (hasLimitZero(execution.operation)) {
          complete(client, execution.operation);
        } else {
          retry(execution, result);
        }
        return undefined;
      };

      return merge([
        pipe(
          forward(merge([pipe(operations$, map(start)), reexecuted.source])),
          map(handleResult),
          filter((result) => result !== undefined),
        ),
        givenUp.source,
      ]);
    };
}

/** One execution of an operation, up to its teardown. The same operation executed again after that starts from scratch. */
class Execution {
  readonly operation: Operation;
  retries = 0;
  mustRestart = false;
  /** Whether the next attempt is scheduled, so that the results of this one are dropped. */
  isWaiting = false;
  readonly #resumption: Resumption;
  #hasDelivered = false;

  constructor(operation: Operation) {
    this.operation = operation;
    this.#resumption = new Resumption(operation.extensions);
  }

  /** The operation to forward for the next attempt. */
  attempt(): Operation {
    const { kind, context } = this.operation;
    this.mustRestart = false;
    this.isWaiting = false;
    return makeOperation(kind, { ...this.operation, extensions: this.#resumption.extensions }, context);
  }

  startOverAfter({ error }: OperationResult): boolean {
    if (!this.#resumption.startOverAfter(error?.graphQLErrors)) return false;
    this.mustRestart = true;
    this.#hasDelivered = false;
    return true;
  }

  hasGapBefore(result: OperationResult): boolean {
    this.isWaiting = this.#resumption.hasGapBefore(result);
    return this.isWaiting;
  }

  get gapWaitMs(): number {
    return this.#resumption.gapWaitMs;
  }

  /** Whether `limit` items have been delivered. What follows is a broken connection, or urql's repetition of the last result. */
  get isComplete(): boolean {
    return this.#hasDelivered && this.#resumption.extensions['limit'] === 0;
  }

  /** Whether the transport failed at a point where resuming neither repeats nor loses a result. */
  wasBrokenOff({ error, hasNext }: OperationResult): boolean {
    const { isDue } = this.#resumption;
    if (!error) return !hasNext && isDue;
    return (isDue || !this.#hasDelivered) && isTransient(error);
  }

  /** Without data: a broken response may contain the last result again, which must not be delivered twice. */
  giveUp({ data: _data, ...result }: OperationResult, reason: unknown): OperationResult {
    const networkError = reason instanceof Error ? reason : new Error('given up');
    const error = result.error ?? new CombinedError({ networkError });
    return { ...result, data: undefined, error, operation: this.operation, hasNext: false };
  }

  deliver(result: OperationResult): OperationResult {
    this.#resumption.record(result);
    this.#hasDelivered = true;
    this.retries = 0;
    return { ...result, operation: this.operation };
  }
}

function isTransient({ networkError, response }: NonNullable<OperationResult['error']>): boolean {
  const { status, ok, headers } = (response ?? {}) as Partial<Response>;
  if (isUnavailable(status)) return true;
  if (!networkError) return false;
  if (isNetworkFailure(networkError)) return true;
  // urql reports a stream that ends before its first result as an error: No Content.
  return ok === true && /event-stream|multipart/i.test(headers?.get('content-type') ?? '');
}

/** Whether its limit is 0: such a stream correctly ends before its first result. */
function hasLimitZero({ query, variables }: Operation): boolean {
  for (const definition of query.definitions) {
    if (definition.kind !== 'OperationDefinition') continue;
    for (const field of definition.selectionSet.selections) {
      const limit = field.kind === 'Field' && field.arguments?.find(({ name }) => name.value === 'limit')?.value;
      if (limit && limit.kind === 'IntValue') return Number(limit.value) === 0;
      if (limit && limit.kind === 'Variable')
        return (variables as Record<string, unknown> | undefined)?.[limit.name.value] === 0;
    }
  }
  return false;
}

/** Ends the operation for its subscribers without a result, as `subscriptionExchange` does. */
function complete(client: Client, operation: Operation): void {
  client.reexecuteOperation(teardownOf(operation));
}

const teardownOf = (operation: Operation): Operation => makeOperation('teardown', operation, operation.context);
