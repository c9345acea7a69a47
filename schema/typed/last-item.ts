/** Reads members of stored values. An item's fields are read one after the other, so what is found of the last item serves all of them. */
import type { Item } from '../../src/core/model/change.ts';
import { StoredItem } from '../../src/core/model/stored-item.ts';

const [QUOTE, COMMA] = [0x22, 0x2c];
const [OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Of a member that is not stored. */
const ABSENT = -1;

/** The item of a collection that was read last. */
export class LastItem {
  /** The beginnings of the members, as they are stored: in the order of the type's fields. */
  readonly #heads: readonly string[];
  /** Where the text of each member begins and ends. */
  readonly #starts: number[];
  readonly #ends: number[];
  #item: Item<unknown> | undefined;
  /** Whether the places are those of the item; undefined before anything looks. */
  #isFound: boolean | undefined;
  /** Undefined before it is read. */
  #value: object | undefined;

  constructor(names: readonly string[]) {
    this.#heads = names.map((name) => `"${name}":`);
    this.#starts = names.map(() => ABSENT);
    this.#ends = names.map(() => ABSENT);
  }

  /** The value, parsed once. */
  value(item: Item<unknown>): object {
    this.#turnTo(item);
    // An item that doesn't fit its type has no members.
    return (this.#value ??= (item instanceof StoredItem ? item.valueInPassing : item.value) as object);
  }

  /**
   * The stored text of the member with this index, for which no value is parsed; null for a member that is not stored. Undefined for a value
   * that is stored in another form, or has escaped characters. A string's text is what `JSON.stringify` makes of it.
   */
  text(item: Item<unknown>, index: number): string | null | undefined {
    this.#turnTo(item);
    if (!(this.#isFound ??= this.#find(item.json))) return undefined;
    // The places have as many members as the type has fields.
    const start = this.#starts[index]!;
    return start === ABSENT ? null : item.json.slice(start, this.#ends[index]);
  }

  #turnTo(item: Item<unknown>): void {
    if (item === this.#item) return;
    this.#item = item;
    this.#isFound = undefined;
    this.#value = undefined;
  }

  /** False: the JSON is not the object that an insertion stores. */
  #find(json: string): boolean {
    if (json.charCodeAt(0) !== OPEN_BRACE || json.includes('\\')) return false;
    const [heads, starts, ends] = [this.#heads, this.#starts, this.#ends];
    let at = 1;
    let isOver = false;
    for (let index = 0; index < heads.length; index++) {
      // The index is below the length.
      const head = heads[index]!;
      if (isOver || !json.startsWith(head, at)) {
        starts[index] = ABSENT;
        continue;
      }
      const start = at + head.length;
      const end = endOf(json, start);
      starts[index] = start;
      ends[index] = end;
      isOver = json.charCodeAt(end) === CLOSE_BRACE;
      if (isOver ? end !== json.length - 1 : json.charCodeAt(end) !== COMMA) return false;
      at = end + 1;
    }
    // Otherwise another member follows: an unknown one, or one in another order.
    return isOver;
  }
}

/** Where the value ends that begins here, in JSON without escaped characters. */
function endOf(json: string, start: number): number {
  const first = json.charCodeAt(start);
  if (first === QUOTE) return json.indexOf('"', start + 1) + 1;
  let depth = 0;
  for (let at = start; at < json.length; at++)
    switch (json.charCodeAt(at)) {
      case QUOTE:
        at = json.indexOf('"', at + 1);
        break;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        depth++;
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        if (depth === 0) return at;
        if (--depth === 0) return at + 1;
        break;
      case COMMA:
        if (depth === 0) return at;
    }
  return json.length;
}
