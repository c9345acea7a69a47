import { type Change, isRemoval } from '../model/change.ts';
import { after, ORIGIN, type Place, type Position } from '../model/position.ts';

const NONE: readonly never[] = [];

/**
 * The newest changes, one by one: a ring that is bounded by a count and by bytes.
 *
 * Invariant: it holds exactly the positions `floor.position + 1 … head`, without a hole.
 */
export class Window<Value> {
  #ring: (Change<Value> | undefined)[] = new Array<undefined>(16);
  #count = 0;
  #bytes = 0;
  #maxCount: number;
  #maxBytes: number;
  /** The newest change that has left, or the origin. */
  #floor: Place;

  constructor(maxCount: number, maxBytes: number, floor: Place = ORIGIN) {
    this.#maxCount = maxCount;
    this.#maxBytes = maxBytes;
    this.#floor = floor;
  }

  get floor(): Place {
    return this.#floor;
  }

  /** The position must be the one behind the newest. Returns the changes that had to leave, oldest first. */
  push(change: Change<Value>): readonly Change<Value>[] {
    if (this.#count === this.#ring.length) this.#grow();
    this.#ring[change.position % this.#ring.length] = change;
    this.#count++;
    this.#bytes += sizeOf(change);
    return this.#trim();
  }

  /** Returns the changes that leave under the new bounds, oldest first. */
  resize(maxCount: number, maxBytes: number): readonly Change<Value>[] {
    this.#maxCount = maxCount;
    this.#maxBytes = maxBytes;
    return this.#trim();
  }

  /** Undefined for a position outside of the window. */
  get(position: Position): Change<Value> | undefined {
    const inside = position > this.#floor.position && position <= this.#floor.position + this.#count;
    return inside ? this.#ring[position % this.#ring.length] : undefined;
  }

  *[Symbol.iterator](): Generator<Change<Value>> {
    for (let at = after(this.#floor.position); ; at = after(at)) {
      const change = this.get(at);
      if (!change) return;
      yield change;
    }
  }

  #trim(): readonly Change<Value>[] {
    if (this.#count <= this.#maxCount && this.#bytes <= this.#maxBytes) return NONE;
    const left: Change<Value>[] = [];
    while (this.#count > this.#maxCount || this.#bytes > this.#maxBytes) {
      const slot = after(this.#floor.position) % this.#ring.length;
      // The ring holds every position behind the floor: `count` is above 0 here.
      const oldest = this.#ring[slot]!;
      this.#ring[slot] = undefined;
      this.#count--;
      this.#bytes -= sizeOf(oldest);
      this.#floor = { position: oldest.position, digest: oldest.digest };
      left.push(oldest);
    }
    return left;
  }

  #grow(): void {
    const held = [...this];
    this.#ring = new Array<undefined>(this.#ring.length * 2);
    for (const change of held) this.#ring[change.position % this.#ring.length] = change;
  }
}

function sizeOf(change: Change<unknown>): number {
  // A removal holds its key only; a key's length is near enough to its bytes, and the same on every node.
  return isRemoval(change) ? change.key.length : change.bytes;
}
