import { type Held, visitEach, withoutValue, withValue } from './held-values.ts';
import type { IndexedEquality, Scalar, ValueFilter } from '../input/where/where-filter.ts';
import { type JsonPointer, lookup } from '../input/where/json-pointer.ts';
import { LateWatches } from './late-watches.ts';
import type { NotedChange } from './noted-change.ts';
import type { Watch } from './watch.ts';

/** Each pointer costs every change two lookups, and anybody may make up another one. */
const MAX_POINTERS = 32;

/** Watches with an equality on what one pointer leads to, by value. */
interface Pointed {
  readonly pointer: JsonPointer;
  readonly byValue: Map<unknown, Held<Watch>>;
  /** Those with several values. */
  readonly several: Map<Watch, readonly Scalar[]>;
}

/**
 * The watches of filters with one key part, and conditions on values. Those with an equality are found by the value that its pointer leads to.
 * The others are tested late, and so are those whose pointer is one too many.
 */
export class ValueIndex {
  readonly late: LateWatches;
  readonly #byPointer = new Map<string, Pointed>();

  constructor(onLost: (watch: Watch) => void) {
    this.late = new LateWatches(onLost);
  }

  get isEmpty(): boolean {
    return this.#byPointer.size === 0 && this.late.watches.size === 0;
  }

  /** Where the watch is tested late, if it is. */
  add(watch: Watch, where: ValueFilter): LateWatches | undefined {
    const equality = narrowest(where);
    if (!equality || !this.#hasPlaceFor(equality.pointer)) {
      this.late.watches.add(watch);
      return this.late;
    }
    const { pointer, values } = equality;
    const pointed = this.#byPointer.get(pointer.text) ?? { pointer, byValue: new Map(), several: new Map() };
    this.#byPointer.set(pointer.text, pointed);
    for (const value of values) pointed.byValue.set(value, withValue(pointed.byValue.get(value), watch));
    if (values.length > 1) pointed.several.set(watch, values);
    return undefined;
  }

  delete(watch: Watch, where: ValueFilter): void {
    if (this.late.watches.has(watch)) return this.late.delete(watch);
    const equality = narrowest(where);
    const pointed = equality && this.#byPointer.get(equality.pointer.text);
    if (!equality || !pointed) return;
    for (const value of equality.values) {
      const held = pointed.byValue.get(value);
      const others = held && withoutValue(held, watch);
      if (others) pointed.byValue.set(value, others);
      else pointed.byValue.delete(value);
    }
    pointed.several.delete(watch);
    if (pointed.byValue.size === 0) this.#byPointer.delete(equality.pointer.text);
  }

  #hasPlaceFor({ text }: JsonPointer): boolean {
    return this.#byPointer.has(text) || this.#byPointer.size < MAX_POINTERS;
  }

  /** Visits each watch whose equality holds for the item or for what it has superseded, once. */
  findEqual(change: NotedChange, visit: (watch: Watch) => void): void {
    for (const { pointer, byValue, several } of this.#byPointer.values()) {
      const value = lookup(change.value, pointer.steps);
      const superseded = lookup(change.supersededValue, pointer.steps);
      const held = byValue.get(value);
      if (held) visitEach(held, visit);
      // A map finds numbers by value, so 0 equals -0.
      const others = value === superseded ? undefined : byValue.get(superseded);
      if (!others) continue;
      visitEach(others, (watch) => {
        if (several.get(watch)?.includes(value as Scalar) !== true) visit(watch);
      });
    }
  }
}

/** The equality with the fewest values. */
function narrowest({ equalities }: ValueFilter): IndexedEquality | undefined {
  return equalities.reduce<IndexedEquality | undefined>(
    (best, next) => (best && best.values.length <= next.values.length ? best : next),
    undefined,
  );
}
