import type { ExecutionResult } from 'graphql';
import type { Framing } from '../../fanout/framing.ts';
import type { Outlet } from '../../fanout/outlet.ts';
import type { ResponseCut } from '../protocol/response-cut.ts';

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
  /** The last text of a stream that ends before it is finished. */
  drain(): string;
}

export interface ResultStreamOptions {
  readonly framing: ResultFraming;
  readonly keepAliveMs: number;
  /** Called once when the stream opens; what it returns, once when it has ended, in whichever way. */
  readonly register: (stream: { drain(): void }) => () => void;
  /** Aborts when the client has gone. A body that waits for its socket to drain is neither pulled nor cancelled then. */
  readonly signal: AbortSignal;
  /** Where results go beside the body, which then only begins and ends; known when the first one is asked for. */
  readonly outlet?: (() => Outlet | undefined) | undefined;
  /** The last result of one that fails. */
  readonly fail: (error: unknown) => ExecutionResult;
  /** Undefined: a body that fails ends its connection. */
  readonly cut?: ResponseCut | undefined;
}

/** What a slow reader has of a stream that is drained, in ms. It resumes, so the rest isn't lost. */
const MAX_DRAIN_MS = 500;

/**
 * A response body of results: pulled, so that a slow reader costs no queue, with keep-alives of its own. They go on while a
 * reader is slow: the timer skips a turn when the body is full, and never ends before the stream does.
 *
 * Only a finished stream closes its body: many clients take a body's end for `complete`. One that is drained is broken off.
 */
export function resultStream(
  results: AsyncIterator<ExecutionResult>,
  { framing, keepAliveMs, register, signal, outlet, cut, fail }: ResultStreamOptions,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let last: ExecutionResult | undefined;
  let isOver = false;
  let isDrained = false;
  let release = (): void => {};
  let interrupt = (): void => {};
  let drainTimer: ReturnType<typeof setTimeout> | undefined;
  const deliver = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    const interrupted = new Promise<undefined>((resolve) => (interrupt = () => resolve(undefined)));
    const next = await Promise.race([results.next(), interrupted]);
    // It may have been drained or cancelled meanwhile.
    if (isOver || !next) return;
    if (next.done === true) return end(controller);
    last = next.value;
    controller.enqueue(encoder.encode(framing.result(last)));
  };
  /** Finished, with that result if it failed. */
  const end = (controller: ReadableStreamDefaultController<Uint8Array>, failure?: ExecutionResult): void => {
    release();
    if (failure) controller.enqueue(encoder.encode(framing.result(failure)));
    controller.enqueue(encoder.encode(framing.end(failure ?? last)));
    controller.close();
  };
  /** Nobody waits for it, nor for what may go wrong with it. */
  const leaveResults = (): void => void Promise.resolve(results.return?.()).catch(() => {});
  const source: UnderlyingDefaultSource<Uint8Array> = {
    start(controller) {
      controller.enqueue(encoder.encode(framing.head));
      const keepAlive = setInterval(() => {
        const beside = outlet?.();
        if (beside && !beside.isFull) void beside.send(framing.keepAlive);
        // One at most waits to be read.
        if (!beside && controller.desiredSize === 0) controller.enqueue(encoder.encode(framing.keepAlive));
      }, keepAliveMs);
      const unregister = register({
        drain() {
          release();
          isDrained = true;
          leaveResults();
          outlet?.()?.flush();
          controller.enqueue(encoder.encode(framing.drain()));
          interrupt();
          drainTimer = setTimeout(() => (cut ? cut.now() : controller.error(brokenOff())), MAX_DRAIN_MS);
        },
      });
      release = () => {
        isOver = true;
        clearInterval(keepAlive);
        unregister();
      };
      const leave = (): void => {
        clearTimeout(drainTimer);
        if (isOver) return;
        release();
        controller.close();
        leaveResults();
      };
      if (signal.aborted) leave();
      else signal.addEventListener('abort', leave, { once: true });
    },
    async pull(controller) {
      // What was drained has been read, and written.
      if (isDrained && cut) return cut.afterWritten();
      if (isDrained) {
        clearTimeout(drainTimer);
        return controller.error(brokenOff());
      }
      try {
        await deliver(controller);
      } catch (error) {
        if (isOver) return;
        leaveResults();
        end(controller, fail(error));
      }
    },
    async cancel() {
      clearTimeout(drainTimer);
      release();
      await results.return?.();
    },
  };
  // Pulled only by who has written all that went before: beside the body nothing may be written before its head is, nor its end
  // cut off before that.
  return new ReadableStream(source, { highWaterMark: 0 });
}

const brokenOff = (): Error => new Error('the stream ended before it was finished: resume it elsewhere');

/** One result, as a stream of results. */
export async function* once(result: ExecutionResult): AsyncGenerator<ExecutionResult, void, void> {
  yield result;
}
