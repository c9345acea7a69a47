import { Resumption } from './resumption.ts';

/** A subscription request, as graphql-ws and graphql-sse define it. */
export interface Payload {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Record<string, unknown> | null | undefined;
  readonly extensions?: Record<string, unknown> | null | undefined;
}

/** One result of a subscription. */
export interface Result {
  readonly data?: unknown;
  readonly errors?: readonly unknown[] | undefined;
  readonly extensions?: unknown;
}

/** Receives the results of a subscription. */
export interface Sink<R = Result> {
  next(result: R): void;
  error(error: unknown): void;
  complete(): void;
}

/** What graphql-sse tells one subscription about its connection. graphql-ws has events of the client instead. */
export interface ConnectionListener {
  connecting?(isAgain: boolean): void;
}

/** The part of a graphql-ws or graphql-sse client that subscribes. */
export interface SubscriptionClient {
  // A method, because its parameters are bivariant: clients type their results differently.
  subscribe(payload: Payload, sink: Sink, listener?: ConnectionListener): () => void;
}

export interface ResumableOptions<Operation = Payload> {
  /**
   * Called when the server has lost its log and the subscription starts over, before the first item is delivered again: discard the
   * items that it delivered before. `itemChanges` doesn't need it, because its messages have `reset`.
   */
  readonly onReset?: (operation: Operation) => void;
  /**
   * Called when a message of `itemChanges` was lost on the way, in a gateway for example, and the subscription resumes after the last message
   * that arrived. It notices that if the document selects `follows` and `cursor`.
   */
  readonly onMissed?: (operation: Operation) => void;
}

/**
 * Wraps a graphql-ws or graphql-sse client so that its subscriptions resume after each reconnect: no result is repeated or lost, and `limit`
 * counts across connections. The client still decides when to reconnect. graphql-ws gives up after five attempts, and after the first
 * refused one; the options of {@link persistent} change that.
 *
 * @example
 * ```ts
 * const client = resumable(createClient({ url: 'ws://127.0.0.1:4000/graphql', ...persistent() }));
 * client.subscribe(
 *   { query: 'subscription { items { key value } }' },
 *   { next: ({ data }) => console.log(data), error: console.error, complete() {} },
 * );
 * ```
 */
export function resumable<Client extends SubscriptionClient>(client: Client, options: ResumableOptions = {}): Client {
  const subscribe: SubscriptionClient['subscribe'] = (payload, sink, listener) =>
    resume((each, own) => client.subscribe(each, own, listener), payload, sink, options);
  const iterate = (payload: Payload): AsyncGenerator<Result, void, void> => iterateOver(subscribe, payload);
  return { ...client, subscribe, ...('iterate' in client && { iterate }) };
}

function resume(
  subscribe: (payload: Payload, sink: Sink) => () => void,
  payload: Payload,
  sink: Sink,
  { onReset, onMissed }: ResumableOptions,
): () => void {
  const resumption = new Resumption(payload.extensions);
  let isCancelled = false;
  let unsubscribe = (): void => {};

  const start = (): void => {
    let isOver = false;
    const startOver = (errors: unknown): boolean => {
      if (!resumption.startOverAfter(errors)) return false;
      isOver = true;
      // Over SSE the execution lasts until `complete`, and the client would repeat it if the connection broke before.
      unsubscribe();
      onReset?.(payload);
      if (!isCancelled) start();
      return true;
    };
    const resumeAfterGap = (result: Result): boolean => {
      if (!resumption.hasGapBefore(result)) return false;
      isOver = true;
      unsubscribe();
      const timer = setTimeout(start, resumption.gapWaitMs);
      unsubscribe = () => clearTimeout(timer);
      onMissed?.(payload);
      return true;
    };
    const unsubscribeThis = subscribe(
      { ...payload, extensions: resumption.extensions },
      {
        next(result) {
          // Over SSE a terminal error arrives as a result, followed by `complete`.
          if (isOver || startOver(result.errors) || resumeAfterGap(result)) return;
          resumption.record(result);
          sink.next(result);
        },
        error(error) {
          if (!isOver && !startOver(error)) sink.error(error);
        },
        complete() {
          if (!isOver) sink.complete();
        },
      },
    );
    // A client may call the sink before `subscribe` returns.
    if (isOver) unsubscribeThis();
    else unsubscribe = unsubscribeThis;
  };
  start();
  return () => {
    isCancelled = true;
    unsubscribe();
  };
}

/** Iterates over the results of a subscription. `return` and `throw` unsubscribe at once, also while a result is awaited. */
function iterateOver(subscribe: SubscriptionClient['subscribe'], payload: Payload): AsyncGenerator<Result, void, void> {
  const arrived: Result[] = [];
  let wake = (): void => {};
  let end: { readonly error?: unknown } | undefined;
  const finish = (reason: { readonly error?: unknown }): void => {
    end ??= reason;
    wake();
  };
  const unsubscribe = subscribe(payload, {
    next: (result) => {
      arrived.push(result);
      wake();
    },
    error: (error) => finish({ error }),
    complete: () => finish({}),
  });
  const cancel = (): void => {
    arrived.length = 0;
    finish({});
    unsubscribe();
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
    return: () => (cancel(), returned.call(results)),
    throw: (error: unknown) => (cancel(), thrown.call(results, error)),
  });
}
