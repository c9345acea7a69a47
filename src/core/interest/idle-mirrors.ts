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

  /** `toldAt`: the position of its last message. */
  add(listener: Listener, toldAt: Position): void {
    this.#toldAt.delete(listener);
    this.#toldAt.set(listener, toldAt);
  }

  delete(listener: Listener): void {
    this.#toldAt.delete(listener);
  }

  /** Wakes the mirrors that were told nothing for a quarter of the window. */
  headMoved(head: Place, window: number): void {
    for (const [listener, toldAt] of this.#toldAt) {
      if (!isOld(toldAt, head.position, window)) return;
      this.#toldAt.delete(listener);
      listener.wake(head);
    }
  }
}

/** Whether a mirror needs a message, so that its cursor stays in the window. */
export function isOld(toldAt: Position, head: Position, window: number): boolean {
  return head - toldAt >= window / 4;
}
