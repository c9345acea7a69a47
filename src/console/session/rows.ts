import type { MirroredItem } from '../../client/index.ts';

/** Items in one block; a block is what one change costs. */
const BLOCK = 512;

/**
 * Items in position order, to be shown newest first: any place by its number, in blocks, so that neither a change nor a look costs
 * what the whole costs. What is added is newer than all that is there.
 */
export class Rows {
  #blocks: MirroredItem[][] = [];
  readonly #blockOf = new Map<string, MirroredItem[]>();

  get length(): number {
    return this.#blockOf.size;
  }

  add(item: MirroredItem): void {
    this.delete(item.key);
    let block = this.#blocks.at(-1);
    if (!block || block.length >= BLOCK) this.#blocks.push((block = []));
    block.push(item);
    this.#blockOf.set(item.key, block);
  }

  delete(key: string): void {
    const block = this.#blockOf.get(key);
    if (!block) return;
    this.#blockOf.delete(key);
    block.splice(
      block.findIndex((item) => item.key === key),
      1,
    );
    if (block.length === 0) this.#blocks.splice(this.#blocks.indexOf(block), 1);
    if (this.#blocks.length > (2 * this.length) / BLOCK + 8) this.#pack();
  }

  /** `place`: 0 is the newest. */
  at(place: number): MirroredItem | undefined {
    let left = place;
    for (const block of this.#newestFirst()) {
      if (left < block.length) return block[block.length - 1 - left];
      left -= block.length;
    }
    return undefined;
  }

  /** How many are newer than this cursor: also the place of the item that has it. */
  countAfter(cursor: string): number {
    let count = 0;
    for (const block of this.#newestFirst()) {
      const [oldest] = block;
      if (oldest && oldest.cursor > cursor) count += block.length;
      else return count + block.filter((item) => item.cursor > cursor).length;
    }
    return count;
  }

  *#newestFirst(): Generator<MirroredItem[], void, void> {
    for (let index = this.#blocks.length - 1; index >= 0; index--) yield this.#blocks[index] ?? [];
  }

  /** Items leave from anywhere, so that blocks get thin; this comes once in thousands of changes. */
  #pack(): void {
    const items = this.#blocks.flat();
    this.#blocks = [];
    this.#blockOf.clear();
    for (const item of items) this.add(item);
  }
}
