/**
 * Wake-ups when the head moves, and leaving at once, for the two subscription generators (scheduler.ts decides which of them delivers next).
 *
 * `return()` on a generator that waits in an `await` queues after that wait, so a subscriber gets a wrapper around the generator whose
 * `return()` first ends the wait. The generator acquires nothing before its body runs, because the `finally` of a generator that
 * never started never runs.
 */
import type { HeadTarget } from './head-pub-sub.ts';
import { wrapGenerator } from './wrap-generator.ts';

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
   * Waits until the head moves or the subscriber has left. The caller has read up to the head in the same synchronous block: an
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

/** A generator that can be left at any moment: by `return()`, or by aborting `signal`. */
export function leavable<T>(
  run: (signal: AbortSignal) => AsyncGenerator<T, void, void>,
  signal?: AbortSignal,
): AsyncGenerator<T, void, void> {
  const leaving = new AbortController();
  const leave = (): void => leaving.abort();
  return wrapGenerator(run(leaving.signal), {
    onStart: () => (signal?.aborted ? leave() : signal?.addEventListener('abort', leave)),
    onEnd() {
      leave();
      signal?.removeEventListener('abort', leave);
    },
  });
}
