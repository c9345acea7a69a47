import type { ExecutionResult } from 'graphql';
import type { Framing } from '../fanout/framing.ts';
import type { Outlet } from '../fanout/outlet.ts';

/** How one transport writes results into a response body. */
export interface ResultFraming {
  /** Before everything else. */
  readonly head: string;
  result(result: ExecutionResult): string;
  /** The same for those of the fan-out. */
  readonly rendered: Framing;
  /** After the last result; `last` is that one. */
  end(last: ExecutionResult | undefined): string;
  /** Says nothing, but shows that the connection lives. */
  readonly keepAlive: string;
  /** Before the server goes. */
  drain(): string;
}

export interface ResultStreamOptions {
  readonly framing: ResultFraming;
  readonly keepAliveMs: number;
  /** Called once when the stream opens; what it returns, once when it has ended, in whichever way. */
  readonly register: (stream: { drain(): void }) => () => void;
  /** Aborts when the client has gone. A body that waits for its socket to drain is neither pulled nor cancelled then. */
  readonly signal: AbortSignal;
  /** Results go there, beside the body, which only begins and ends. */
  readonly outlet?: Outlet | undefined;
}

/**
 * A response body of results: pulled, so that a slow reader costs no queue, with keep-alives of its own. They go on while a
 * reader is slow: the timer skips a turn when the body is full, and never ends before the stream does.
 */
export function resultStream(
  results: AsyncIterator<ExecutionResult>,
  { framing, keepAliveMs, register, signal, outlet }: ResultStreamOptions,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let last: ExecutionResult | undefined;
  let isOver = false;
  let release = (): void => {};
  const source: UnderlyingDefaultSource<Uint8Array> = {
    start(controller) {
      controller.enqueue(encoder.encode(framing.head));
      const keepAlive = setInterval(() => {
        if (outlet && !outlet.isFull) void outlet.send(framing.keepAlive);
        if (!outlet && (controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(framing.keepAlive));
      }, keepAliveMs);
      const unregister = register({
        drain() {
          release();
          controller.enqueue(encoder.encode(framing.drain()));
          controller.close();
          void results.return?.();
        },
      });
      release = () => {
        isOver = true;
        clearInterval(keepAlive);
        unregister();
      };
      const leave = (): void => {
        if (isOver) return;
        release();
        controller.close();
        void results.return?.();
      };
      if (signal.aborted) leave();
      else signal.addEventListener('abort', leave, { once: true });
    },
    async pull(controller) {
      const { value, done } = await nextOf(results, () => release());
      // It may have been drained or cancelled meanwhile.
      if (isOver) return;
      if (done !== true) last = value;
      controller.enqueue(encoder.encode(done === true ? framing.end(last) : framing.result(value)));
      if (done !== true) return;
      release();
      controller.close();
    },
    async cancel() {
      release();
      await results.return?.();
    },
  };
  // Beside the body nothing may be written before its head is.
  return new ReadableStream(source, { highWaterMark: outlet ? 0 : 1 });
}

/** Fails as the body does: then nothing is left to be released by its end. */
async function nextOf<T>(results: AsyncIterator<T>, failed: () => void): Promise<IteratorResult<T>> {
  try {
    return await results.next();
  } catch (error) {
    failed();
    throw error;
  }
}

/** One result, as a stream of results. */
export async function* once(result: ExecutionResult): AsyncGenerator<ExecutionResult, void, void> {
  yield result;
}
