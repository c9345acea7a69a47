/** How many values a page with `where` looks at, and how long that takes. */
import type { ValueFilter } from '../input/where/where-filter.ts';
import type { Item } from '../model/change.ts';

/** Of one page. A page whose filter few items match would otherwise take seconds on a large map. */
export const MAX_SEARCHED_ITEMS = 50_000;
/** Of the values of one page, each counted once and an eighth more for each operator of the filter. */
export const MAX_SEARCHED_BYTES = 8 * 1024 * 1024;

/** Looks that parsing a byte of JSON takes: 10 ns, where a look takes 25 ns. */
const LOOKS_OF_A_BYTE = 0.4;
/** Looks that a small value takes. */
const LOOKS_OF_A_VALUE = 20;

/** Counts the values of one page. */
export class SearchBound {
  /** 0: no value is looked at. */
  readonly #weight: number;
  #items = 0;
  #bytes = 0;

  constructor(where: ValueFilter | undefined) {
    this.#weight = where?.weight ?? 0;
  }

  /** Whether no further value may be looked at. */
  get isReached(): boolean {
    return this.#weight > 0 && (this.#items >= MAX_SEARCHED_ITEMS || this.#bytes >= MAX_SEARCHED_BYTES);
  }

  /** Counts an item whose key passes, and returns how many looks it takes. */
  spend(item: Item<unknown>): number {
    this.#items++;
    this.#bytes += item.json.length * this.#weight;
    return this.looksOf(item);
  }

  looksOf({ json }: Item<unknown>): number {
    return this.#weight === 0 ? 1 : LOOKS_OF_A_VALUE + Math.ceil(json.length * this.#weight * LOOKS_OF_A_BYTE);
  }
}
