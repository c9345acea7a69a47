/** A subscription that the fan-out writes, as the iterator that graphql-ws and response bodies take. It yields no result. */
import type { ExecutionResult } from 'graphql';
import type { FanOut, Subscription } from '../../fanout/fan-out.ts';
import type { Framing } from '../../fanout/framing.ts';
import type { Outlet } from '../../fanout/outlet.ts';
import type { Subscriber, SubscriberOwner } from '../../fanout/subscriber.ts';
import type { StreamObserver } from '../../../schema/request/context.ts';
import type { ResultContext } from './operation.ts';

export interface FanOutResultsOptions {
  readonly fanOut: FanOut;
  readonly context: ResultContext;
  readonly outlet: Outlet;
  readonly framing: Framing;
  /** The only result of a subscription that fails. When it throws, `next` rejects. */
  readonly fail: (error: unknown) => ExecutionResult;
  /** Called once. */
  readonly onEnd?: (() => void) | undefined;
}

type Results = AsyncGenerator<ExecutionResult, void, void>;

/** Undefined when a generator must deliver. Delivery begins at the first `next`, which resolves when the subscription has ended. */
export function fanOutResults({ context, ...options }: FanOutResultsOptions): Results | undefined {
  const { fanOutRequest } = context;
  if (!fanOutRequest?.accepted || !fanOutRequest.operation) return undefined;
  const { accepted: stream, operation, observer } = fanOutRequest;
  return new FanOutResults({ ...options, stream, operation, signal: context.signal }, observer);
}

type Parts = Omit<Subscription, 'signal' | 'owner'> &
  Pick<FanOutResultsOptions, 'fanOut' | 'fail' | 'onEnd'> & {
    readonly signal: AbortSignal | undefined;
  };

const DONE = { done: true, value: undefined } as const;

class FanOutResults implements Results, SubscriberOwner {
  #parts: Parts | undefined;
  readonly #observer: StreamObserver | undefined;
  readonly #onEnd: FanOutResultsOptions['onEnd'];
  readonly #fail: FanOutResultsOptions['fail'];
  #subscriber: Subscriber | undefined;
  /** Set while the subscription starts. */
  #leaving: AbortController | undefined;
  #resolve: (result: IteratorResult<ExecutionResult, void> | Promise<never>) => void = () => {};
  #isOver = false;

  constructor(parts: Parts, observer: StreamObserver | undefined) {
    this.#parts = parts;
    this.#observer = observer;
    this.#onEnd = parts.onEnd;
    this.#fail = parts.fail;
  }

  // Callers may take these out of the iterator, as they may those of graphql-js, so they must not depend on `this`.
  readonly next = (): Promise<IteratorResult<ExecutionResult, void>> => {
    const parts = this.#parts;
    this.#parts = undefined;
    if (!parts || this.#isOver) return Promise.resolve(DONE);
    return new Promise((resolve) => {
      this.#resolve = resolve;
      void this.#start(parts);
    });
  };

  readonly return = (): Promise<IteratorReturnResult<void>> => {
    this.#leaving?.abort();
    if (this.#subscriber) this.#subscriber.leave();
    else this.#end(0);
    return Promise.resolve(DONE);
  };

  readonly throw = this.return;

  [Symbol.asyncIterator](): Results {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async #start({ fanOut, signal, fail: _fail, onEnd: _onEnd, ...subscription }: Parts): Promise<void> {
    const { kind, request } = subscription.stream;
    if (kind === 'items' && request.limit === 0) return this.#end(0);
    const leaving = new AbortController();
    this.#leaving = leaving;
    const leave = (): void => leaving.abort();
    signal?.addEventListener('abort', leave);
    if (signal?.aborted) leave();
    try {
      this.#subscriber = await fanOut.subscribe({ ...subscription, signal: leaving.signal, owner: this });
      // Between two microtasks the subscriber was neither waiting nor known here.
      if (leaving.signal.aborted) this.#subscriber.leave();
    } catch (error) {
      this.#end(0, error);
    }
    signal?.removeEventListener('abort', leave);
    this.#leaving = undefined;
  }

  /** Called by the subscriber. */
  ended(error: unknown, deliveries: number): void {
    this.#end(deliveries, error);
  }

  #end(deliveries: number, error?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    try {
      this.#observer?.ended(error, deliveries);
      this.#onEnd?.();
    } finally {
      this.#resolve(error === undefined ? DONE : this.#failed(error));
    }
  }

  #failed(error: unknown): IteratorResult<ExecutionResult, void> | Promise<never> {
    try {
      return { done: false, value: this.#fail(error) };
    } catch (thrown) {
      return Promise.reject(thrown);
    }
  }
}
