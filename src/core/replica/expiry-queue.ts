import type { Item } from '../model/change.ts';

/** An item with a time to live. */
type ExpiringItem<Value> = Item<Value> & { readonly expiresAt: number };

export function hasExpiry<Value>(item: Item<Value>): item is ExpiringItem<Value> {
  return item.expiresAt !== null;
}

/**
 * A binary heap of items, ordered by (expiresAt, position). A superseded or removed item stays in the heap until it reaches the top, or
 * until more than half of the heap is such; `isCurrent` distinguishes them.
 */
export class ExpiryQueue<Value> {
  #heap: ExpiringItem<Value>[] = [];
  #stale = 0;
  readonly #isCurrent: (item: Item<Value>) => boolean;

  constructor(isCurrent: (item: Item<Value>) => boolean) {
    this.#isCurrent = isCurrent;
  }

  push(item: ExpiringItem<Value>): void {
    this.#heap.push(item);
    this.#rise(this.#heap.length - 1);
  }

  /** To be called when an item in the queue is no longer current. */
  forget(): void {
    this.#stale++;
    if (this.#stale * 2 <= this.#heap.length || this.#heap.length < 1024) return;
    const current = this.#heap.filter(this.#isCurrent);
    this.#heap = [];
    this.#stale = 0;
    for (const item of current) this.push(item);
  }

  /** The current item that expires first. */
  peek(): ExpiringItem<Value> | undefined {
    for (;;) {
      const first = this.#heap[0];
      if (!first || this.#isCurrent(first)) return first;
      this.#stale--;
      this.#shift();
    }
  }

  #shift(): void {
    const last = this.#heap.pop();
    if (!last || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #rise(from: number): void {
    for (let at = from; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!this.#swapUnlessOrdered(parent, at)) return;
      at = parent;
    }
  }

  #sink(from: number): void {
    for (let at = from; ;) {
      const left = at * 2 + 1;
      const child = this.#heap[left + 1] && this.#isBefore(left + 1, left) ? left + 1 : left;
      if (!this.#heap[child] || !this.#swapUnlessOrdered(at, child)) return;
      at = child;
    }
  }

  #swapUnlessOrdered(upper: number, lower: number): boolean {
    if (!this.#isBefore(lower, upper)) return false;
    // Both exist, because `#isBefore` has compared them.
    [this.#heap[upper], this.#heap[lower]] = [this.#heap[lower]!, this.#heap[upper]!];
    return true;
  }

  #isBefore(a: number, b: number): boolean {
    const first = this.#heap[a];
    const second = this.#heap[b];
    if (!first || !second) return false;
    if (first.expiresAt !== second.expiresAt) return first.expiresAt < second.expiresAt;
    return first.position < second.position;
  }
}
