/**
 * The current items in position order, in blocks of up to 512 slots. A superseded item leaves a hole; a block that is mostly holes is
 * packed, and merged with the next block when both fit into one. Finding a position is O(log n), reading from there is linear in the items
 * read, and a change costs at most one block.
 */
import type { Item } from '../model/change.ts';
import type { Position } from '../model/position.ts';

const BLOCK = 512;

interface Block<Value> {
  /** Ascending. A hole keeps its position, so that binary search works. */
  positions: Position[];
  items: (Item<Value> | undefined)[];
  live: number;
}

export class ItemIndex<Value> {
  readonly #blocks: Block<Value>[] = [];

  /** The item's position must be above all others. */
  add(item: Item<Value>): void {
    let last = this.#blocks.at(-1);
    if (!last || last.items.length === BLOCK) {
      last = { positions: [], items: [], live: 0 };
      this.#blocks.push(last);
    }
    last.positions.push(item.position);
    last.items.push(item);
    last.live++;
  }

  remove(item: Item<Value>): void {
    const at = this.#blockOf(item.position);
    const block = this.#blocks[at];
    const slot = block ? firstAbove(block.positions, (item.position - 1) as Position) : 0;
    if (block?.items[slot] !== item) return;
    block.items[slot] = undefined;
    block.live--;
    if (block.live === 0) this.#blocks.splice(at, 1);
    else if (block.live * 4 < block.items.length) this.#pack(at);
  }

  /** The first current item after `position`. */
  next(position: Position): Item<Value> | undefined {
    for (const item of this.from(position)) return item;
    return undefined;
  }

  /** The current items after `position`, oldest first. Valid until the next change. */
  *from(position: Position): Generator<Item<Value>> {
    for (let at = Math.max(0, this.#blockOf(position)); at < this.#blocks.length; at++) {
      // `at` is below the length.
      const { positions, items } = this.#blocks[at]!;
      for (let slot = firstAbove(positions, position); slot < items.length; slot++) {
        const item = items[slot];
        if (item) yield item;
      }
    }
  }

  /** The last block that starts at or before `position`, or -1. */
  #blockOf(position: Position): number {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      // `remove` drops empty blocks, so each has a first position.
      if (this.#blocks[middle]!.positions[0]! <= position) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #pack(at: number): void {
    const neighbour = this.#blocks[at + 1];
    // `remove` has found this block.
    const block = this.#blocks[at]!;
    const merged = neighbour && block.live + neighbour.live <= BLOCK / 2 ? [block, neighbour] : [block];
    const items = merged.flatMap((each) => each.items).filter((item) => item !== undefined);
    const packed = { positions: items.map((item) => item.position), items, live: items.length };
    this.#blocks.splice(at, merged.length, packed);
  }
}

/** The first slot whose position is above the given one. */
function firstAbove(positions: readonly Position[], position: Position): number {
  let low = 0;
  let high = positions.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    // `middle` is below the length.
    if (positions[middle]! <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}
