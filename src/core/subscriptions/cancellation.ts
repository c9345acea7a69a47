/**
 * Wake-ups and cancellation of the two subscription generators.
 *
 * `return()` on a generator that waits in an `await` is queued until that wait ends. So a subscriber gets a wrapper around the generator,
 * whose `return()` first ends the wait and then returns. The generator acquires nothing before its body runs, because the `finally` of a
 * generator that was never started never runs.
 */
import type { ItemFilter } from '../input/item-filter.ts';
import type { Interest } from '../interest/interest.ts';
import type { Listener, Watch } from '../interest/watch.ts';
import { ORIGIN, type Place, type Position } from '../model/position.ts';
import { WrappedGenerator } from './wrapped-generator.ts';

/** Positions that are kept for a subscription that doesn't read. With more of them, it searches the window. */
const MAX_POSITIONS = 128;

/** Wakes one subscription when a change concerns its filter or `signal` aborts. */
export class Wakeup implements Listener {
  readonly #interest: Interest;
  readonly #watch: Watch;
  readonly #signal: AbortSignal;
  #resolve: ((place: Place) => void) | undefined;
  readonly #abort = (): void => this.#goOn(ORIGIN);
  /** Undefined: there are too many, or the subscription has not stood at the head. */
  #positions: Position[] | undefined;
  /** Nothing up to here concerns the filter since `stand`. Undefined: nothing does. */
  #before: Place | undefined;

  constructor(interest: Interest, filter: ItemFilter, signal: AbortSignal, isMirror = false) {
    this.#interest = interest;
    this.#watch = interest.listen(filter, this, isMirror);
    this.#signal = signal;
    signal.addEventListener('abort', this.#abort);
  }

  /**
   * Resolves with the place where the subscription stands: nothing up to it concerned the filter. When `signal` aborts, the place means nothing.
   * To be called in the same synchronous block that has read up to the head: an `await` between the two would lose a wake-up.
   * `toldAt`: the position of a mirror's last message, so that its cursor does not leave the window.
   */
  async wait(toldAt?: Position): Promise<Place> {
    if (this.#signal.aborted) return ORIGIN;
    this.#watch.catchUp();
    if (toldAt !== undefined) this.#interest.idle.add(this, toldAt);
    return new Promise<Place>((resolve) => (this.#resolve = resolve));
  }

  get watch(): Watch {
    return this.#watch;
  }

  /** Has been told of everything that is applied. To be called before the map is read. */
  caughtUp(): this {
    this.#watch.catchUp();
    return this;
  }

  /** Of the changes that concern the filter since `stand`, if they are known. */
  get positions(): readonly Position[] | undefined {
    return this.#positions;
  }

  /** Where the subscription stands if the positions are known. To be caught up. */
  placeAt(head: Place): Place | undefined {
    return this.#positions && (this.#before ?? head);
  }

  /** To be called when the map was read. `isAtHead`: whether up to the head. */
  stand(isAtHead: boolean): void {
    this.#positions = isAtHead ? [] : undefined;
    this.#before = undefined;
  }

  concern(position: Position, before: Place): void {
    if (this.#positions && this.#positions.length < MAX_POSITIONS) this.#positions.push(position);
    else this.#positions = undefined;
    this.#before ??= before;
    this.#goOn(before);
  }

  wake(before: Place): void {
    // A change that is noted only now has come first.
    this.#watch.catchUp();
    this.#positions = undefined;
    this.#goOn(before);
  }

  #goOn(before: Place): void {
    if (!this.#resolve) return;
    this.#interest.idle.delete(this);
    this.#resolve(before);
    this.#resolve = undefined;
  }

  release(): void {
    this.#interest.unlisten(this.#watch, this);
    this.#signal.removeEventListener('abort', this.#abort);
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
