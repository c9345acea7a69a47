import { type Change, isRemoval, type Item } from '../model/change.ts';
import { after, ORIGIN, type Place, type Position, START } from '../model/position.ts';

const NONE: readonly never[] = [];
/** The replica comes from a snapshot, which doesn't say what its changes have superseded. */
const UNKNOWN = -1 as Position;

/**
 * The newest changes, one by one: a ring that is bounded by a count and by bytes.
 *
 * Invariant: it holds exactly the positions `floor.position + 1 … head`, without a gap.
 */
export class Window<Value> {
  #ring: (Change<Value> | undefined)[] = new Array<undefined>(16);
  /** What each change in the ring has superseded: `START` for nothing. */
  #superseded = new Float64Array(16);
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

  /** How many positions it reaches back. Changes leave at either limit, so large values make it shorter than its count. */
  get reach(): number {
    return this.#floor.position === START ? this.#maxCount : Math.min(this.#maxCount, this.#count);
  }

  /** They count against `maxBytes`. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * The change's position must be the next one. `superseded`: the position of the item that it has replaced or removed, `START` for none.
   * Returns the changes that leave the window, oldest first.
   */
  push(change: Change<Value>, superseded: Position = UNKNOWN): readonly Change<Value>[] {
    if (this.#count === this.#ring.length) this.#grow();
    this.#ring[change.position % this.#ring.length] = change;
    this.#superseded[change.position % this.#ring.length] = superseded;
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

  /**
   * The item that a change in the window has replaced or removed: null if there was none, undefined if it is not known any more. A reader
   * at the window's floor or further has seen each item that is known here. Where there was none, one that comes out of a lag may still have an
   * item whose removal has left the window.
   */
  supersededBy(position: Position): Item<Value> | null | undefined {
    const superseded = this.#superseded[position % this.#ring.length];
    if (superseded === START) return null;
    const known = this.get(superseded as Position);
    return known && !isRemoval(known) ? known : undefined;
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
    const superseded = this.#superseded;
    const before = this.#ring.length;
    this.#ring = new Array<undefined>(before * 2);
    this.#superseded = new Float64Array(before * 2);
    for (const change of held) {
      const slot = change.position % this.#ring.length;
      this.#ring[slot] = change;
      this.#superseded[slot] = superseded[change.position % before] ?? UNKNOWN;
    }
  }
}

function sizeOf(change: Change<unknown>): number {
  // A removal holds only its key. The key's length approximates its bytes, and is the same on every node.
  return isRemoval(change) ? change.key.length : change.bytes;
}
