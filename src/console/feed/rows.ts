import type { MirroredItem } from '../../client/index.ts';

/** Items in one block. A change costs one pass over a block. */
const BLOCK = 512;

/**
 * Items in position order, shown newest first. They are stored in blocks, so that a change or a lookup by index doesn't cost a pass over all
 * items. An added item must be newer than all others.
 */
export class Rows {
  #blocks: MirroredItem[][] = [];
  readonly #blockOf = new Map<string, MirroredItem[]>();

  get length(): number {
    return this.#blockOf.size;
  }

  get(key: string): MirroredItem | undefined {
    return this.#blockOf.get(key)?.find((item) => item.key === key);
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

  /** `index` 0 is the newest item. */
  at(index: number): MirroredItem | undefined {
    let offset = index;
    for (const block of this.#newestFirst()) {
      if (offset < block.length) return block[block.length - 1 - offset];
      offset -= block.length;
    }
    return undefined;
  }

  /** The number of items newer than this cursor, which is also the index of the item with this cursor. */
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

  /** Refills blocks that removals have thinned out. It happens once in thousands of changes. */
  #pack(): void {
    const items = this.#blocks.flat();
    this.#blocks = [];
    this.#blockOf.clear();
    for (const item of items) this.add(item);
  }
}
