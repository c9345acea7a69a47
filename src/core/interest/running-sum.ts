import { formatChecksum } from '../model/hash.ts';
import { type Position, START } from '../model/position.ts';
import type { NotedChange } from './noted-change.ts';

/** How far a pass over the items has come that computes first sums. */
export interface Pass {
  /** The position of the last item that it has counted. */
  last: Position;
}

/** The pass has not begun. */
export const NOT_BEGUN: Pass = Object.freeze({ last: START });

/** Size and checksum of the current items that pass a filter. Both are sums over the items, so a change costs two additions. */
export class RunningSum {
  #size = 0;
  #checksum = 0;
  /** The pass that counts the items that were there first. Undefined: all items are counted. */
  pass: Pass | undefined = NOT_BEGUN;

  get isWhole(): boolean {
    return this.pass === undefined;
  }

  get size(): number {
    return this.#size;
  }

  get checksum(): string {
    return formatChecksum(this.#checksum);
  }

  add(hash: number): void {
    this.#size++;
    this.#checksum = (this.#checksum + hash) >>> 0;
  }

  /** `wasIn`: whether the superseded item passed the filter. `isIn`: whether the item does. */
  note(change: NotedChange, wasIn: boolean, isIn: boolean): void {
    // A pass has not counted what it has not reached, and it meets each new item later.
    const wasCounted = this.pass === undefined || (change.superseded?.position ?? Infinity) <= this.pass.last;
    if (wasIn && wasCounted) {
      this.#size--;
      this.#checksum = (this.#checksum - change.supersededHash) >>> 0;
    }
    if (isIn && this.isWhole) this.add(change.hash);
  }
}
