import { LRUCache } from 'lru-cache';
import type { Item } from '../model/change.ts';
import { ExpiryQueue, hasExpiry } from './expiry-queue.ts';
import { formatChecksum, itemHash } from '../model/hash.ts';
import { ItemIndex } from './item-index.ts';

/**
 * The current items: by key in an lru-cache, by position in an index, by expiry in a queue, with their checksum.
 *
 * Only `set` moves an entry of the lru-cache (reads use `peek`), so its order is position order and its least recently used entry has the
 * oldest position. The caller keeps the bounds, with `evict` after each batch: lru-cache's own bounds would evict within a batch.
 */
export class ItemStore<Value> {
  readonly #items = new LRUCache<string, Item<Value>>({
    maxSize: Number.MAX_SAFE_INTEGER,
    sizeCalculation: (item) => item.bytes,
  });
  readonly index = new ItemIndex<Value>();
  readonly expiry = new ExpiryQueue<Value>((item) => this.#items.peek(item.key) === item);
  #checksum = 0;

  get size(): number {
    return this.#items.size;
  }

  /** UTF-8 bytes of all keys and of all values' JSON. */
  get bytes(): number {
    return this.#items.calculatedSize;
  }

  /** The sum modulo 2^32 over the items of FNV-1a-32 of `key + "\n" + cursor`, as 8 hex digits. */
  get checksum(): string {
    return formatChecksum(this.#checksum);
  }

  get(key: string): Item<Value> | undefined {
    return this.#items.peek(key);
  }

  /** The item's position must be above all others. */
  set(item: Item<Value>): void {
    const superseded = this.#items.peek(item.key);
    this.restore(item);
    if (superseded) this.#forget(superseded);
    this.#checksum = (this.#checksum + itemHash(item)) >>> 0;
  }

  /** `set` for an item of a snapshot, which has each key once; `restoreChecksum` follows. */
  restore(item: Item<Value>): void {
    this.#items.set(item.key, item);
    this.index.add(item);
    if (hasExpiry(item)) this.expiry.push(item);
  }

  restoreChecksum(checksum: string): void {
    this.#checksum = Number.parseInt(checksum, 16);
  }

  delete(item: Item<Value>): void {
    this.#items.delete(item.key);
    this.#forget(item);
  }

  /** Removes and returns the oldest item. */
  evict(): Item<Value> | undefined {
    const oldest = this.#items.pop();
    if (oldest) this.#forget(oldest);
    return oldest;
  }

  #forget(item: Item<Value>): void {
    this.index.remove(item);
    if (hasExpiry(item)) this.expiry.forget();
    this.#checksum = (this.#checksum - itemHash(item)) >>> 0;
  }
}
