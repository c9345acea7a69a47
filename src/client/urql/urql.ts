/** A urql exchange whose subscriptions go on where they were, and what Graphcache should know of the schema. */
import {
  CombinedError,
  makeOperation,
  type Client,
  type Exchange,
  type Operation,
  type OperationResult,
} from '@urql/core';
import { filter, makeSubject, map, merge, pipe } from 'wonka';
import { backOff } from '../backoff.ts';
import { Resumption } from '../resumption.ts';

export { graphcacheConfig } from './graphcache.ts';

export interface ResumeExchangeOptions {
  /**
   * The server has lost its log, and the subscription starts over: forget what it delivered before. Called before the first
   * item that comes again. `itemChanges` says `reset` itself.
   */
  readonly onReset?: (operation: Operation) => void;

  /**
   * Waits before the next attempt after so many that brought nothing; rejects to give up. Only with `fetchSubscriptions`: a
   * WebSocket or SSE client has an option of its own. Default: 1 s, doubled up to 30 s, less a random part of up to a half.
   */
  readonly retryWait?: (retries: number) => Promise<void>;
}

/**
 * Belongs directly before the exchange that executes subscriptions, so that they go on where they were after each reconnect:
 * nothing twice, nothing left out, with `limit` exactly so many. What `subscriptionExchange` is given reconnects by itself, and
 * sends the same `extensions` again; with `fetchSubscriptions` nobody does, so this exchange executes them anew.
 */
export function resumeExchange({ onReset, retryWait = backOff }: ResumeExchangeOptions = {}): Exchange {
  return ({ client, forward }) =>
    (operations$) => {
      const executions = new Map<number, Execution>();
      const again = makeSubject<Operation>();
      const givenUp = makeSubject<OperationResult>();

      const isRunning = (execution: Execution): boolean => executions.get(execution.operation.key) === execution;

      const begin = (operation: Operation): Operation => {
        if (operation.kind === 'teardown') executions.delete(operation.key);
        if (operation.kind !== 'subscription') return operation;
        // The client may execute one again that has not been torn down; the two would be told apart by nothing.
        if (executions.has(operation.key)) again.next(teardownOf(operation));
        const execution = new Execution(operation);
        executions.set(operation.key, execution);
        return execution.attempt();
      };

      const startAgain = (execution: Execution): void => {
        if (!isRunning(execution)) return;
        // The rest of what the last attempt has to say, which may be a repetition of its last result.
        again.next(teardownOf(execution.operation));
        again.next(execution.attempt());
      };

      const retry = (execution: Execution, result: OperationResult): void => {
        void retryWait(execution.retries++).then(
          () => startAgain(execution),
          (reason: unknown) => isRunning(execution) && givenUp.next(execution.giveUp(result, reason)),
        );
      };

      const pass = (result: OperationResult): OperationResult | undefined => {
        const execution = result.operation.kind === 'subscription' && executions.get(result.operation.key);
        if (!execution) return result;
        const isOverFetch = execution.operation.context.fetchSubscriptions === true;
        if (execution.startsOver(result)) {
          onReset?.(execution.operation);
          if (!isOverFetch) startAgain(execution);
        } else if (execution.isToStartAgain) {
          // A response is left to its end: urql, told to abort one while it delivers, rejects where nobody can catch it.
          if (!result.hasNext) startAgain(execution);
        } else if (execution.isComplete) {
          complete(client, execution.operation);
        } else if (!isOverFetch || !execution.wasBrokenOff(result)) {
          return execution.deliver(result);
        } else if (asksForNothing(execution.operation)) {
          complete(client, execution.operation);
        } else {
          retry(execution, result);
        }
        return undefined;
      };

      return merge([
        pipe(
          forward(merge([pipe(operations$, map(begin)), again.source])),
          map(pass),
          filter((result) => result !== undefined),
        ),
        givenUp.source,
      ]);
    };
}

/** From an operation that comes in to its teardown: mounted again, the same one starts from nothing. */
class Execution {
  readonly operation: Operation;
  retries = 0;
  isToStartAgain = false;
  readonly #resumption: Resumption;
  #hasDelivered = false;

  constructor(operation: Operation) {
    this.operation = operation;
    this.#resumption = new Resumption(operation.extensions);
  }

  /** To be forwarded once more. */
  attempt(): Operation {
    const { kind, context } = this.operation;
    this.isToStartAgain = false;
    return makeOperation(kind, { ...this.operation, extensions: this.#resumption.extensions }, context);
  }

  startsOver({ error }: OperationResult): boolean {
    if (!this.#resumption.startsOver(error?.graphQLErrors)) return false;
    this.isToStartAgain = true;
    this.#hasDelivered = false;
    return true;
  }

  /** As many as the limit says have been delivered: what follows is urql's repetition of the last one, or a cut. */
  get isComplete(): boolean {
    return this.#hasDelivered && this.#resumption.extensions['limit'] === 0;
  }

  /** Whether the transport failed, and going on would neither repeat nor leave out. */
  wasBrokenOff({ error, hasNext }: OperationResult): boolean {
    const { isDue } = this.#resumption;
    if (!error) return !hasNext && isDue;
    return (isDue || !this.#hasDelivered) && isTransient(error);
  }

  /** What was broken off may bear the last result once more: it must not come twice. */
  giveUp({ data: _data, ...result }: OperationResult, reason: unknown): OperationResult {
    const networkError = reason instanceof Error ? reason : new Error('given up');
    const error = result.error ?? new CombinedError({ networkError });
    return { ...result, data: undefined, error, operation: this.operation, hasNext: false };
  }

  deliver(result: OperationResult): OperationResult {
    this.#resumption.follow(result);
    this.#hasDelivered = true;
    this.retries = 0;
    return { ...result, operation: this.operation };
  }
}

function isTransient({ networkError, response }: NonNullable<OperationResult['error']>): boolean {
  const { status, ok, headers } = (response ?? {}) as Partial<Response>;
  if (status === 502 || status === 503 || status === 504) return true;
  if (!networkError) return false;
  // By its name: it may come from another realm. It is what `fetch` throws when the network fails, also amid a response.
  if (networkError.name === 'TypeError') return true;
  // urql calls a stream that ends before its first result an error: No Content.
  return ok === true && /event-stream|multipart/i.test(headers?.get('content-type') ?? '');
}

/** Whether its limit is 0: such a stream ends before its first result by right. */
function asksForNothing({ query, variables }: Operation): boolean {
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

/** Ends it for its subscribers without a result, as `subscriptionExchange` does. */
function complete(client: Client, operation: Operation): void {
  client.reexecuteOperation(teardownOf(operation));
}

const teardownOf = (operation: Operation): Operation => makeOperation('teardown', operation, operation.context);
