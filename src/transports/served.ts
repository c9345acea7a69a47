/** A subscription that the fan-out delivers, as the iterable that graphql-ws and our response bodies take: it yields no result. */
import type { ExecutionResult, GraphQLError } from 'graphql';
import type { FanOut, Subscription } from '../fanout/fan-out.ts';
import type { Framing } from '../fanout/framing.ts';
import type { Outlet } from '../fanout/outlet.ts';
import type { Subscriber } from '../fanout/subscriber.ts';
import type { Handover } from '../../schema/context.ts';
import type { OperationContext } from './operation.ts';

export interface ServedOptions {
  readonly fanOut: FanOut;
  readonly context: OperationContext;
  readonly outlet: Outlet;
  readonly framing: Framing;
  /** As clients see it. */
  readonly mask: (error: unknown) => GraphQLError;
}

type Results = AsyncGenerator<ExecutionResult, void, void>;

/**
 * Undefined when a generator must deliver. Delivery begins at the first `next`, which waits until all is delivered; a failure is the
 * only result.
 */
export function served({ context, ...options }: ServedOptions): Results | undefined {
  const { handover } = context;
  if (!handover?.taken || !handover.operation) return undefined;
  return new Served({ ...options, stream: handover.taken, operation: handover.operation }, handover.ended);
}

type Parts = Omit<Subscription, 'left' | 'ended'> & Pick<ServedOptions, 'fanOut' | 'mask'>;

const DONE = { done: true, value: undefined } as const;

class Served implements Results {
  #parts: Parts | undefined;
  readonly #noteEnd: Handover['ended'];
  #subscriber: Subscriber | undefined;
  /** Until it stands where it starts. */
  #leaving: AbortController | undefined;
  #resolve: (result: IteratorResult<ExecutionResult, void>) => void = () => {};
  #isOver = false;

  constructor(parts: Parts, noteEnd: Handover['ended']) {
    this.#parts = parts;
    this.#noteEnd = noteEnd;
  }

  next(): Promise<IteratorResult<ExecutionResult, void>> {
    const parts = this.#parts;
    this.#parts = undefined;
    if (!parts || this.#isOver) return Promise.resolve(DONE);
    return new Promise((resolve) => {
      this.#resolve = resolve;
      void this.#start(parts);
    });
  }

  return(): Promise<IteratorReturnResult<void>> {
    this.#leaving?.abort();
    if (this.#subscriber) this.#subscriber.leave();
    else this.#end(0);
    return Promise.resolve(DONE);
  }

  throw(): Promise<IteratorReturnResult<void>> {
    return this.return();
  }

  [Symbol.asyncIterator](): Results {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async #start({ fanOut, mask, ...subscription }: Parts): Promise<void> {
    const leaving = new AbortController();
    this.#leaving = leaving;
    const ended = (error: unknown, deliveries: number): void => this.#end(deliveries, error, mask);
    try {
      this.#subscriber = await fanOut.subscribe({ ...subscription, left: leaving.signal, ended });
    } catch (error) {
      ended(error, 0);
    }
    this.#leaving = undefined;
  }

  #end(deliveries: number, error?: unknown, mask?: ServedOptions['mask']): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#noteEnd?.(error, deliveries);
    this.#resolve(error === undefined || !mask ? DONE : { done: false, value: { errors: [mask(error)] } });
  }
}
