/**
 * What the two subscription generators share: being woken when the head moves, leaving at once, and taking turns.
 *
 * `return()` on a generator that waits in an `await` queues behind that wait. So a subscriber is a thin wrapper around the
 * generator: its `return()` first ends the wait, then returns. Nothing is acquired before the generator's body runs, for
 * the `finally` of one that never started never runs.
 */
import type { HeadTarget } from './pub-sub.ts';

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

/** Deliveries that all subscribers of one map may make before the event loop gets its turn: 2 ms, or 10 while the code is cold. */
const DELIVERIES_PER_TURN = 64;

/** Keeps subscribers that never have to wait (a long snapshot, a fast socket) from starving everything else. */
export class Turns {
  #left = DELIVERIES_PER_TURN;
  #next: Promise<void> | undefined;

  /** Counts one delivery. */
  async take(): Promise<void> {
    for (;;) {
      this.#next ??= new Promise((resolve) => {
        setImmediate(() => {
          this.#left = DELIVERIES_PER_TURN;
          this.#next = undefined;
          resolve();
        });
      });
      if (this.#left-- > 0) return;
      await this.#next;
    }
  }
}
