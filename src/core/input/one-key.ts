/** A set of one value. A `Set` takes 230 bytes, and most filters have one key. */
export class OneKey implements ReadonlySet<string> {
  readonly #key: string;

  constructor(key: string) {
    this.#key = key;
  }

  get size(): number {
    return 1;
  }

  has(key: string): boolean {
    return key === this.#key;
  }

  forEach(visit: (value: string, key: string, set: ReadonlySet<string>) => void, thisArg?: unknown): void {
    visit.call(thisArg, this.#key, this.#key, this);
  }

  values(): SetIterator<string> {
    return new Set([this.#key]).values();
  }

  keys(): SetIterator<string> {
    return this.values();
  }

  entries(): SetIterator<[string, string]> {
    return new Set([this.#key]).entries();
  }

  [Symbol.iterator](): SetIterator<string> {
    return this.values();
  }
}
