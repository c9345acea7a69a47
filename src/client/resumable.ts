/** The part of a graphql-ws client, and of a graphql-sse client, that subscribes. */
import { Resumption } from './resumption.ts';

export interface Payload {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Record<string, unknown> | null | undefined;
  readonly extensions?: Record<string, unknown> | null | undefined;
}

export interface Result {
  readonly data?: unknown;
  readonly errors?: readonly unknown[] | undefined;
  readonly extensions?: unknown;
}

export interface Sink<R = Result> {
  next(result: R): void;
  error(error: unknown): void;
  complete(): void;
}

export interface SubscriptionClient {
  // Methods, whose parameters are bivariant: clients differ in how exactly they type a result.
  subscribe(payload: Payload, sink: Sink): () => void;
}

export interface ResumableOptions {
  /**
   * The server has lost its log, and the subscription starts over: forget what it delivered before. Called before the first
   * item that comes again. `itemChanges` says `reset` itself.
   */
  readonly onReset?: (payload: Payload) => void;
}

/**
 * The same client, whose subscriptions go on where they were after each reconnect: nothing twice, nothing left out, with `limit`
 * exactly so many. When to reconnect, and how often, stays the client's: graphql-ws gives up after five attempts, and at
 * the first one that is refused, unless told `retryAttempts: Infinity, shouldRetry: () => true`.
 */
export function resumable<Client extends SubscriptionClient>(client: Client, options: ResumableOptions = {}): Client {
  const subscribe = (payload: Payload, sink: Sink): (() => void) => resume(client, payload, sink, options);
  const iterate = (payload: Payload): AsyncGenerator<Result, void, void> => iterateOver(subscribe, payload);
  return { ...client, subscribe, ...('iterate' in client && { iterate }) };
}

function resume(client: SubscriptionClient, payload: Payload, sink: Sink, { onReset }: ResumableOptions): () => void {
  const resumption = new Resumption(payload.extensions);
  let hasLeft = false;
  let leave = (): void => {};

  const start = (): void => {
    let isOver = false;
    const startedOver = (errors: unknown): boolean => {
      if (!resumption.startsOver(errors)) return false;
      isOver = true;
      // Over SSE it isn't over before `complete`, and a client would begin it again if the connection broke by then.
      leave();
      onReset?.(payload);
      if (!hasLeft) start();
      return true;
    };
    const left = client.subscribe(
      { ...payload, extensions: resumption.extensions },
      {
        next(result) {
          // Over SSE a terminal error is a result like any other, and `complete` follows.
          if (isOver || startedOver(result.errors)) return;
          resumption.follow(result);
          sink.next(result);
        },
        error(error) {
          if (!isOver && !startedOver(error)) sink.error(error);
        },
        complete() {
          if (!isOver) sink.complete();
        },
      },
    );
    // A client may have answered already.
    if (!isOver) leave = left;
  };
  start();
  return () => {
    hasLeft = true;
    leave();
  };
}

/** What a subscription delivers, one by one; `return` leaves it at once. */
function iterateOver(subscribe: SubscriptionClient['subscribe'], payload: Payload): AsyncGenerator<Result, void, void> {
  const arrived: Result[] = [];
  let wake = (): void => {};
  let end: { readonly error?: unknown } | undefined;
  const ends = (how: { readonly error?: unknown }): void => {
    end ??= how;
    wake();
  };
  const leave = subscribe(payload, {
    next: (result) => {
      arrived.push(result);
      wake();
    },
    error: (error) => ends({ error }),
    complete: () => ends({}),
  });
  const left = (): void => {
    arrived.length = 0;
    ends({});
    leave();
  };
  const results = (async function* () {
    for (;;) {
      const batch = arrived.splice(0);
      if (batch.length > 0) yield* batch;
      else if (end) break;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
    if ('error' in end) throw end.error;
  })();
  const { return: returned, throw: thrown } = results;
  return Object.assign(results, {
    return: () => (left(), returned.call(results)),
    throw: (error: unknown) => (left(), thrown.call(results, error)),
  });
}
