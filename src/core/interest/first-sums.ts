import { matches } from '../input/item-filter.ts';
import type { Item } from '../model/change.ts';
import { itemHash } from '../model/hash.ts';
import { ORIGIN, type Place, type Position, START } from '../model/position.ts';
import { NotedChange } from './noted-change.ts';
import { type Pass, RunningSum } from './running-sum.ts';
import type { Watch } from './watch.ts';
import { WatchIndex } from './watch-index.ts';

/** The replica that is shown. */
export interface ShownItems {
  readonly head: Place;
  readonly items: {
    get(key: string): Item<unknown> | undefined;
    readonly index: { from(position: Position): Iterable<Item<unknown>> };
  };
}

/** Of the slices that are made at once until the next one is made later: as many items as a small map has, or values that take as long to test. */
const FIRST_SLICE = 2048;
/** Tests between two looks at the clock. */
const TESTS = 64;
/** Keys that are looked up instead of a pass over the map. */
const MAX_LOOKED_UP = 100;

/** Calls a slice later. `isOver` tells it when its time is over. */
export type Defer = (slice: (isOver: () => boolean) => void) => void;

interface CurrentPass {
  readonly watches: Set<Watch>;
  readonly index: WatchIndex;
  readonly pass: Pass;
}

/**
 * Computes the first size and checksum of each watch that mirrors use. One pass over the map serves all watches that wait when it begins, so a
 * thousand mirrors that reconnect at once don't walk it a thousand times. The map changes between slices: see `RunningSum.note`.
 */
export class FirstSums {
  readonly #shown: () => ShownItems;
  readonly #defer: Defer;
  readonly #waiting = new Set<Watch>();
  #current: CurrentPass | undefined;
  #isDeferred = false;
  /** What is left of `FIRST_SLICE`. */
  #atOnce = FIRST_SLICE;

  constructor(shown: () => ShownItems, defer: Defer) {
    this.#shown = shown;
    this.#defer = defer;
  }

  /** The watch, which is caught up, gets a sum: at once in a small map, otherwise in some slices. Then its listeners are woken. */
  want(watch: Watch): void {
    if (watch.sum) return;
    const sum = (watch.sum = new RunningSum());
    const { keys, where } = watch.filter;
    if (keys && keys.size <= (where ? 1 : MAX_LOOKED_UP)) return this.#lookUp(watch, sum, keys);
    this.#waiting.add(watch);
    const isAlone = !this.#current && this.#waiting.size === 1;
    const weight = where?.weight ?? 1;
    if (isAlone && this.#atOnce > 0)
      this.#slice(
        (item) => (this.#atOnce -= (1 + item.bytes / 64) * weight) < 0,
        () => false,
      );
    if (this.#atOnce < FIRST_SLICE) this.#askForSlice();
  }

  /** The sum has missed changes. */
  renew(watch: Watch): void {
    if (!watch.sum) return;
    this.forget(watch);
    watch.sum = new RunningSum();
    this.#waiting.add(watch);
    this.#askForSlice();
  }

  /** Nobody needs the sum any more. */
  forget(watch: Watch): void {
    this.#waiting.delete(watch);
    const current = this.#current;
    if (!current?.watches.delete(watch)) return;
    current.index.delete(watch);
    if (current.watches.size === 0) this.#current = undefined;
  }

  /** Another replica is shown. */
  restart(watches: Iterable<Watch>): void {
    this.#current = undefined;
    this.#waiting.clear();
    for (const watch of watches) this.renew(watch);
  }

  #lookUp(watch: Watch, sum: RunningSum, keys: Iterable<string>): void {
    const { items } = this.#shown();
    for (const key of keys) {
      const item = items.get(key);
      if (item && matches(watch.filter, item)) sum.add(itemHash(item));
    }
    sum.pass = undefined;
  }

  #askForSlice(): void {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#defer((isOver) => {
      this.#isDeferred = false;
      this.#atOnce = FIRST_SLICE;
      let tests = 0;
      const isFull = (_item: Item<unknown>, made: number): boolean => {
        tests += 4 + made;
        if (tests < TESTS) return false;
        tests = 0;
        return isOver();
      };
      this.#slice(isFull, isOver);
    });
  }

  /**
   * `isOver`: whether no further item should be looked at, after so many tests of the one before. `isLateOver`: whether no further watch should be
   * tested with what is late.
   */
  #slice(isOver: (item: Item<unknown>, tests: number) => boolean, isLateOver: () => boolean): void {
    if (!this.#current && this.#waiting.size === 0) return;
    const { watches, index, pass } = (this.#current ??= this.#begin());
    // What is late would be counted by its pass and noted after it.
    for (const watch of watches) if (watch.catchUp() && isLateOver()) return this.#askForSlice();
    const { head, items } = this.#shown();
    let tests = 0;
    for (const item of items.index.from(pass.last)) {
      if (isOver(item, tests)) return this.#askForSlice();
      tests = count(index, item);
      pass.last = item.position;
    }
    this.#current = undefined;
    for (const { sum } of watches) if (sum) sum.pass = undefined;
    for (const watch of watches) watch.visit((listener) => listener.wake(head));
    if (this.#waiting.size > 0) this.#askForSlice();
  }

  #begin(): CurrentPass {
    const current = { watches: new Set(this.#waiting), index: new WatchIndex(), pass: { last: START } };
    this.#waiting.clear();
    for (const watch of current.watches) {
      current.index.add(watch);
      if (watch.sum) watch.sum.pass = current.pass;
    }
    return current;
  }
}

/** Returns how many watches it has tested. */
function count(index: WatchIndex, item: Item<unknown>): number {
  let tests = 0;
  const noted = new NotedChange(item, undefined, ORIGIN);
  const countIn = ({ filter: { where }, sum }: Watch): void => {
    tests++;
    if (!where || where.matches(noted.value)) sum?.add(noted.hash);
  };
  index.find(noted, countIn, (late) => late.watches.forEach(countIn));
  return tests;
}
