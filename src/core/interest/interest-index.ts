import type { KeyFilter } from '../input/key-filter.ts';
import { type Held, holds, visitEach, withoutValue, withValue } from './held-values.ts';
import { PrefixTree } from './prefix-tree.ts';

/**
 * Finds the values whose filter passes a key, without looking at the others. A filter is kept at the condition that excludes most: at
 * each of its keys if it lists keys, or else at its prefix, which is empty for a filter that passes every key. A further kind of condition
 * is a further structure beside these two: each filter stays in exactly one of them, so `find` visits no value twice.
 *
 * A value belongs to one filter at a time.
 *
 * @example
 * const index = new InterestIndex<Watch>();
 * index.add(keyFilter({ keyPrefix: 'user:' }), watch);
 * index.find('user:1', (found) => found.tell());
 */
export class InterestIndex<T extends object> {
  readonly #byKey = new Map<string, Held<T>>();
  readonly #byPrefix = new PrefixTree<T>();
  #size = 0;

  /** The number of values that `find` can visit. A filter that passes no key isn't counted. */
  get size(): number {
    return this.#size;
  }

  /** The number of places that hold the values, to measure memory: one for each key, and at most two for each prefix. */
  get places(): number {
    return this.#byKey.size + this.#byPrefix.nodes;
  }

  /** O(number of keys) for a filter with keys, O(length of the prefix) for one without. Adding it again changes nothing. */
  add({ keys, prefix }: KeyFilter, value: T): void {
    const isNew = keys ? this.#addAtKeys(keys, prefix, value) : this.#byPrefix.add(prefix, value);
    if (isNew) this.#size++;
  }

  /** Takes the filter that `add` got, or an equal one, and costs the same. Deleting it again changes nothing. */
  delete({ keys, prefix }: KeyFilter, value: T): void {
    const wasHeld = keys ? this.#deleteAtKeys(keys, value) : this.#byPrefix.delete(prefix, value);
    if (wasHeld) this.#size--;
  }

  /**
   * Visits each value whose filter passes the key, once. O(length of the key + values visited), however many filters there are.
   * `visit` must not change the index. Nothing is allocated unless several values share a key or a prefix.
   */
  find(key: string, visit: (value: T) => void): void {
    const held = this.#byKey.get(key);
    if (held !== undefined) visitEach(held, visit);
    this.#byPrefix.find(key, visit);
  }

  #addAtKeys(keys: ReadonlySet<string>, prefix: string, value: T): boolean {
    let isNew = false;
    for (const key of keys) {
      if (!key.startsWith(prefix)) continue;
      const held = this.#byKey.get(key);
      if (holds(held, value)) continue;
      this.#byKey.set(key, withValue(held, value));
      isNew = true;
    }
    return isNew;
  }

  #deleteAtKeys(keys: ReadonlySet<string>, value: T): boolean {
    let wasHeld = false;
    for (const key of keys) {
      const held = this.#byKey.get(key);
      if (held === undefined || !holds(held, value)) continue;
      const others = withoutValue(held, value);
      if (others === undefined) this.#byKey.delete(key);
      else this.#byKey.set(key, others);
      wasHeld = true;
    }
    return wasHeld;
  }
}
