/** A retry follows its first append within far fewer commands. */
export const MAX_COMMAND_IDS = 65_536;

/** The ids of the newest 65,536 commands, oldest first. */
export class CommandIds {
  readonly #ids = new Set<string>();
  /** Ids before it have been deleted, so finding the oldest id takes O(1). */
  readonly #oldest = this.#ids.values();

  get size(): number {
    return this.#ids.size;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Returns false for a known id, which keeps its place. */
  add(id: string): boolean {
    const { size } = this.#ids;
    if (this.#ids.add(id).size === size) return false;
    // The set has one more than that now, so there is an oldest one.
    if (size === MAX_COMMAND_IDS) this.#ids.delete(this.#oldest.next().value!);
    return true;
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#ids.values();
  }
}
