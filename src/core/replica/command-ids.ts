/** A retried append comes long before so many others. */
export const MAX_COMMAND_IDS = 65_536;

/** The ids of the newest commands, oldest first. */
export class CommandIds {
  readonly #ids = new Set<string>();
  /** Everything before it has gone, so it never looks at a place twice. */
  readonly #oldest = this.#ids.values();

  get size(): number {
    return this.#ids.size;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Whether it wasn't there. One that was keeps its place. */
  add(id: string): boolean {
    const { size } = this.#ids;
    if (this.#ids.add(id).size === size) return false;
    // There is one more than that, so one is the oldest.
    if (size === MAX_COMMAND_IDS) this.#ids.delete(this.#oldest.next().value!);
    return true;
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#ids.values();
  }
}
