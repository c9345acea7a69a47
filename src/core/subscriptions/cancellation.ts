/**
 * Wake-ups and cancellation of the two subscription generators.
 *
 * `return()` on a generator that waits in an `await` is queued until that wait ends. So a subscriber gets a wrapper around the generator,
 * whose `return()` first ends the wait and then returns. The generator acquires nothing before its body runs, because the `finally` of a
 * generator that was never started never runs.
 */
import type { HeadTarget } from './head-pub-sub.ts';
import { WrappedGenerator } from './wrapped-generator.ts';

/** Wakes one subscription when the head moves or `signal` aborts. */
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
   * Resolves when the head moves or `signal` aborts. To be called in the same synchronous block that has read up to the head: an `await`
   * between the two would lose a wake-up.
   */
  async wait(): Promise<void> {
    if (!this.#signal.aborted) await new Promise<void>((resolve) => (this.#resolve = resolve));
  }

  release(): void {
    this.#target.removeEventListener('head', this.#wake);
    this.#signal.removeEventListener('abort', this.#wake);
  }
}

/** A generator that ends at once on `return()`, even while it waits, and when `signal` aborts. */
export function leavable<T>(
  run: (signal: AbortSignal) => AsyncGenerator<T, void, void>,
  signal?: AbortSignal,
): AsyncGenerator<T, void, void> {
  const leaving = new AbortController();
  const leave = (): void => leaving.abort();
  return new WrappedGenerator(run(leaving.signal), {
    onStart: () => (signal?.aborted ? leave() : signal?.addEventListener('abort', leave)),
    onEnd() {
      leave();
      signal?.removeEventListener('abort', leave);
    },
  });
}
