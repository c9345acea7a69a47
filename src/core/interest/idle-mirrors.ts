import type { Place, Position } from '../model/position.ts';
import type { Listener } from './watch.ts';

/**
 * Mirrors that have everything, in the order in which they were last told something. Nothing may concern a mirror for long, and its cursor
 * must stay in the window all the same: so it is told from time to time that there is nothing.
 *
 * Each move of the head looks at the oldest only. A listener that was told something longer ago than those before it is found a quarter of
 * a window later, which is early enough.
 */
export class IdleMirrors {
  readonly #toldAt = new Map<Listener, Position>();
  /** All before it have been deleted. A new iterator for each move of the head would step over them again and again. */
  #next = this.#toldAt.keys();
  #oldest: Listener | undefined;
  /** Additions and deletions since `#next` was made. */
  #changes = 0;

  /** `toldAt`: the position of its last message. */
  add(listener: Listener, toldAt: Position): void {
    this.delete(listener);
    this.#toldAt.set(listener, toldAt);
    this.#noteChange();
  }

  delete(listener: Listener): void {
    if (!this.#toldAt.delete(listener)) return;
    if (listener === this.#oldest) this.#oldest = undefined;
    this.#noteChange();
  }

  /** Wakes the mirrors that were told nothing for a quarter of the window. */
  headMoved(head: Place, window: number): void {
    for (let oldest = this.#first(); oldest; oldest = this.#first()) {
      // It is among the keys.
      if (!isOld(this.#toldAt.get(oldest)!, head.position, window)) return;
      this.delete(oldest);
      oldest.wake(head);
    }
  }

  /** An iterator keeps the listeners that the map held when it was used last, and the oldest may stay the same for days. */
  #noteChange(): void {
    if (this.#changes++ < this.#toldAt.size) return;
    this.#changes = 0;
    this.#next = this.#toldAt.keys();
  }

  #first(): Listener | undefined {
    if (this.#oldest || this.#toldAt.size === 0) return this.#oldest;
    let { value } = this.#next.next();
    if (!value) {
      // An iterator that has reached the end stays there.
      this.#next = this.#toldAt.keys();
      ({ value } = this.#next.next());
    }
    return (this.#oldest = value);
  }
}

/** Whether a mirror needs a message, so that its cursor stays in the window. */
export function isOld(toldAt: Position, head: Position, window: number): boolean {
  return head - toldAt >= window / 4;
}
