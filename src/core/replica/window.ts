import { type Change, isRemoval } from '../model/change.ts';
import { after, ORIGIN, type Place, type Position } from '../model/position.ts';

const NONE: readonly never[] = [];

/**
 * The newest changes, one by one: a ring that is bounded by a count and by bytes.
 *
 * Invariant: it holds exactly the positions `floor.position + 1 … head`, without a gap.
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

  /** They count against `maxBytes`. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The change's position must be the next one. Returns the changes that leave the window, oldest first. */
  push(change: Change<Value>): readonly Change<Value>[] {
    if (this.#count === this.#ring.length) this.#grow();
    this.#ring[change.position % this.#ring.length] = change;
    this.#count++;
    this.#bytes += sizeOf(change);
    return this.#trim();
  }

  /** Returns the changes that leave the window, oldest first. */
  resize(maxCount: number, maxBytes: number): readonly Change<Value>[] {
    this.#maxCount = maxCount;
    this.#maxBytes = maxBytes;
    return this.#trim();
  }

  /** Undefined for a position outside the window. */
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
    const evicted: Change<Value>[] = [];
    while (this.#count > this.#maxCount || this.#bytes > this.#maxBytes) {
      const slot = after(this.#floor.position) % this.#ring.length;
      // `count` is above 0 here, and the ring holds every position above the floor.
      const oldest = this.#ring[slot]!;
      this.#ring[slot] = undefined;
      this.#count--;
      this.#bytes -= sizeOf(oldest);
      this.#floor = { position: oldest.position, digest: oldest.digest };
      evicted.push(oldest);
    }
    return evicted;
  }

  #grow(): void {
    const held = [...this];
    this.#ring = new Array<undefined>(this.#ring.length * 2);
    for (const change of held) this.#ring[change.position % this.#ring.length] = change;
  }
}

function sizeOf(change: Change<unknown>): number {
  // A removal holds only its key. The key's length approximates its bytes, and is the same on every node.
  return isRemoval(change) ? change.key.length : change.bytes;
}
