import type { ExecutionResult } from 'graphql';
import type { Framing } from '../../fanout/framing.ts';
import type { Outlet } from '../../fanout/outlet.ts';
import type { Share } from '../answers/share.ts';
import type { ResponseCut } from '../protocol/response-cut.ts';

/** The format of one transport's response body. */
export interface ResultFraming {
  /** Before everything else. */
  readonly head: string;
  /** In pieces. */
  result(result: ExecutionResult): Iterable<string>;
  /** The format of results that the fan-out writes. */
  readonly rendered: Framing;
  /** After the last result; `last` is that one. */
  end(last: ExecutionResult | undefined): string;
  /** Shows that the connection is alive. */
  readonly keepAlive: string;
  /** The last text of a stream that ends before it is finished. */
  drain(): string;
}

export interface ResultStreamOptions {
  readonly framing: ResultFraming;
  readonly keepAliveMs: number;
  /** Called once when the stream opens. The function that it returns is called once when the stream has ended, for any reason. */
  readonly register: (stream: { drain(): void }) => () => void;
  /** Aborts when the client leaves. A body that waits for its socket to drain is neither pulled nor cancelled then. */
  readonly signal: AbortSignal;
  /** Takes the results in place of the body, which then only begins and ends. Known when the first result is requested. */
  readonly outlet?: (() => Outlet | undefined) | undefined;
  /** The last result of a stream that fails. */
  readonly fail: (error: unknown) => ExecutionResult;
  /** Undefined: a body that fails ends its connection. */
  readonly cut?: ResponseCut | undefined;
  /** What the results take until they are read. */
  readonly share?: Share | undefined;
}

/** Time that a slow reader has for the rest of a drained stream, in ms. It resumes elsewhere, so nothing is lost. */
const MAX_DRAIN_MS = 500;

/**
 * A response body of results with keep-alives. It is pulled, so that a slow reader costs no queue. The keep-alive timer skips a beat when
 * the body is full, and lasts until the stream ends.
 *
 * Only a finished stream closes its body, because many clients take a body's end for `complete`. A drained stream is broken off.
 */
export function resultStream(
  results: AsyncIterator<ExecutionResult>,
  { framing, keepAliveMs, register, signal, outlet, cut, fail, share }: ResultStreamOptions,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let last: ExecutionResult | undefined;
  /** Of the result that is being sent. */
  let pieces: Iterator<string, unknown> | undefined;
  /** The next one: nothing else may come before it. */
  let piece: string | undefined;
  let isOver = false;
  let isDrained = false;
  let release = (): void => {};
  let interrupt = (): void => {};
  let drainTimer: ReturnType<typeof setTimeout> | undefined;
  const makePiece = (): void => {
    const next = pieces?.next();
    piece = next?.done === false ? next.value : undefined;
  };
  /** Whether there was a piece left. */
  const continued = (controller: ReadableStreamDefaultController<Uint8Array>): boolean => {
    if (piece === undefined) return false;
    controller.enqueue(encoder.encode(piece));
    makePiece();
    return true;
  };
  const deliver = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    // Everything before this pull has been written.
    if (last) share?.clear();
    const interrupted = new Promise<undefined>((resolve) => (interrupt = () => resolve(undefined)));
    const next = await Promise.race([results.next(), interrupted]);
    share?.executed();
    // The stream may have been drained or cancelled meanwhile.
    if (isOver || !next) return;
    if (next.done === true) return end(controller);
    last = next.value;
    pieces = framing.result(last)[Symbol.iterator]();
    makePiece();
    continued(controller);
  };
  /** Ends a finished stream. `failure`: the result to send first when it failed. */
  const end = (controller: ReadableStreamDefaultController<Uint8Array>, failure?: ExecutionResult): void => {
    release();
    if (failure) controller.enqueue(encoder.encode([...framing.result(failure)].join('')));
    controller.enqueue(encoder.encode(framing.end(failure ?? last)));
    controller.close();
  };
  /** Without waiting for it, and without its errors. */
  const leaveResults = (): void => void Promise.resolve(results.return?.()).catch(() => {});
  const source: UnderlyingDefaultSource<Uint8Array> = {
    start(controller) {
      controller.enqueue(encoder.encode(framing.head));
      const keepAlive = setInterval(() => {
        const beside = outlet?.();
        if (beside && !beside.isFull) void beside.send(framing.keepAlive);
        // At most one waits to be read.
        if (!beside && piece === undefined && controller.desiredSize === 0)
          controller.enqueue(encoder.encode(framing.keepAlive));
      }, keepAliveMs);
      const unregister = register({
        drain() {
          release();
          isDrained = true;
          leaveResults();
          outlet?.()?.flush();
          // A result that was cut is none.
          if (piece === undefined) controller.enqueue(encoder.encode(framing.drain()));
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
      if (piece !== undefined) await share?.next();
      // The last text of the drained stream has been read and written.
      if (isDrained && cut) return cut.afterWritten();
      if (isDrained) {
        clearTimeout(drainTimer);
        return controller.error(brokenOff());
      }
      try {
        if (!continued(controller)) await deliver(controller);
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
  // Without a buffer, a pull means that everything before it has been written. The outlet must not write before the head of the body, and
  // the end must not be cut off before it.
  return new ReadableStream(source, { highWaterMark: 0 });
}

const brokenOff = (): Error => new Error('the stream was drained before it had finished: resume it elsewhere');

/** One result, as a stream of results. */
export async function* once(result: ExecutionResult): AsyncGenerator<ExecutionResult, void, void> {
  yield result;
}
