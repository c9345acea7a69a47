/**
 * What the two subscription generators share: being woken when the head moves, and leaving at once. (scheduler.ts decides who delivers next.)
 *
 * `return()` on a generator that waits in an `await` queues behind that wait. So a subscriber is a thin wrapper around the
 * generator: its `return()` first ends the wait, then returns. Nothing is acquired before the generator's body runs, for
 * the `finally` of one that never started never runs.
 */
import type { HeadTarget } from './head-pub-sub.ts';

/** One subscriber's wake-ups. */
export class Wakeup {
  readonly #target: HeadTarget;
  readonly #signal: AbortSignal;
  #resolve: () => void = () => {};
  readonly #wake = (): void => this.#resolve();

  constructor(target: HeadTarget, signal: AbortSignal) {
    this.#target = target;
    this.#signal = signal;
    target.addEventListener('head', this.#wake);
    signal.addEventListener('abort', this.#wake);
  }

  /**
   * Until the head moves, or the subscriber has left. The caller has read up to the head in the same synchronous block: an
   * `await` between that read and this call would lose a wake-up.
   */
  async wait(): Promise<void> {
    if (!this.#signal.aborted) await new Promise<void>((resolve) => (this.#resolve = resolve));
  }

  release(): void {
    this.#target.removeEventListener('head', this.#wake);
    this.#signal.removeEventListener('abort', this.#wake);
  }
}

/** A generator that one can leave at any moment: by `return()`, or by aborting `signal`. */
export function leavable<T>(
  run: (left: AbortSignal) => AsyncGenerator<T, void, void>,
  signal?: AbortSignal,
): AsyncGenerator<T, void, void> {
  const leaving = new AbortController();
  const generator = run(leaving.signal);
  const leave = (): void => leaving.abort();
  const end = (): void => signal?.removeEventListener('abort', leave);
  if (signal?.aborted) leave();
  let isStarted = false;
  return {
    async next() {
      if (signal?.aborted) leave();
      else if (!isStarted) signal?.addEventListener('abort', leave);
      isStarted = true;
      try {
        const result = await generator.next();
        if (result.done) end();
        return result;
      } catch (error) {
        end();
        throw error;
      }
    },
    return() {
      leave();
      end();
      return generator.return();
    },
    throw(error) {
      leave();
      end();
      return generator.throw(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await this.return();
    },
  };
}
