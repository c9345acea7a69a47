/**
 * The current items in position order, in blocks of up to 512 slots. A superseded item leaves a hole; a block that is mostly holes is
 * packed, and merged with the next block when both fit into one. Finding a position is O(log n), reading from there is linear in the items
 * read, and a change costs at most one block.
 */
import type { Item } from '../model/change.ts';
import type { Position } from '../model/position.ts';

const BLOCK = 512;

/** An item, or the hole that one has left. A hole keeps the position, so that binary search works. */
type Slot<Value> = Item<Value> | Position;

interface Block<Value> {
  /** The position of the first slot. Reading it from an item would fetch that item from memory. */
  readonly first: Position;
  /** In ascending order of their positions. */
  readonly slots: Slot<Value>[];
  live: number;
}

export class ItemIndex<Value> {
  readonly #blocks: Block<Value>[] = [];

  /** The item's position must be above all others. */
  add(item: Item<Value>): void {
    let last = this.#blocks.at(-1);
    if (!last || last.slots.length === BLOCK) {
      last = { first: item.position, slots: [], live: 0 };
      this.#blocks.push(last);
    }
    last.slots.push(item);
    last.live++;
  }

  remove(item: Item<Value>): void {
    const index = this.#blockOf(item.position);
    const block = this.#blocks[index];
    if (!block) return;
    // Where it is unless something before it in the block had no slot: a search would fetch an item from memory at each step.
    const expected = item.position - block.first;
    const isThere = block.slots[expected] === item;
    const at = isThere ? expected : firstAbove(block.slots, (item.position - 1) as Position);
    if (block.slots[at] !== item) return;
    block.slots[at] = item.position;
    block.live--;
    if (block.live === 0) this.#blocks.splice(index, 1);
    else if (block.live * 4 < block.slots.length) this.#pack(index);
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
      const { slots } = this.#blocks[at]!;
      for (let index = firstAbove(slots, position); index < slots.length; index++) {
        const slot = slots[index];
        if (isItem(slot)) yield slot;
      }
    }
  }

  /** The last block that starts at or before `position`, or -1. */
  #blockOf(position: Position): number {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      // `middle` is below the length.
      if (this.#blocks[middle]!.first <= position) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #pack(at: number): void {
    const neighbour = this.#blocks[at + 1];
    // `remove` has found this block.
    const block = this.#blocks[at]!;
    const merged = neighbour && block.live + neighbour.live <= BLOCK / 2 ? [block, neighbour] : [block];
    const slots = merged.flatMap((each) => each.slots).filter(isItem);
    const packed = { first: block.first, slots, live: slots.length };
    this.#blocks.splice(at, merged.length, packed);
  }
}

function isItem<Value>(slot: Slot<Value> | undefined): slot is Item<Value> {
  return typeof slot === 'object';
}

const positionOf = (slot: Slot<unknown>): Position => (typeof slot === 'object' ? slot.position : slot);

/** The first slot whose position is above the given one. */
function firstAbove(slots: readonly Slot<unknown>[], position: Position): number {
  let low = 0;
  let high = slots.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    // `middle` is below the length.
    if (positionOf(slots[middle]!) <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}
