import { expect, it } from 'vitest';
import { itemFilter, type ItemFilter } from '../../../src/core/input/item-filter.ts';
import type { ValueFilter } from '../../../src/core/input/where/where-filter.ts';
import { NotedChange } from '../../../src/core/interest/noted-change.ts';
import { ValueIndex } from '../../../src/core/interest/value-index.ts';
import { filterName, Watch } from '../../../src/core/interest/watch.ts';
import type { Item } from '../../../src/core/model/change.ts';
import { ORIGIN } from '../../../src/core/model/position.ts';

interface Filtered extends Watch {
  readonly filter: Required<ItemFilter> & { readonly where: ValueFilter };
}

function watchOf(pointer: number): Filtered {
  const filter = itemFilter({ where: { path: `/p${pointer}`, eq: 1 } });
  return new Watch(filterName(filter), filter) as Filtered;
}

/** How often a change that concerns none of the filters is looked at. */
function looks(index: ValueIndex): number {
  let count = 0;
  const value = new Proxy(
    {},
    {
      getOwnPropertyDescriptor() {
        count++;
        return undefined;
      },
      get() {
        count++;
        return undefined;
      },
      has() {
        count++;
        return false;
      },
    },
  );
  index.findEqual(new NotedChange({ key: 'k', value } as unknown as Item<unknown>, undefined, ORIGIN), () => {});
  return count;
}

it('a change costs a bounded number of lookups however many pointers filters have', () => {
  const index = new ValueIndex(() => {});
  const watches = Array.from({ length: 1000 }, (_, pointer) => watchOf(pointer));
  const late = watches.filter((watch) => index.add(watch, watch.filter.where) !== undefined);
  expect(looks(index)).toBeGreaterThan(0);
  expect(looks(index)).toBeLessThan(200);
  expect(index.late.watches).toEqual(new Set(late));
});

it('an index whose pointers were too many is empty when all its filters have gone, in any order', () => {
  for (const isReversed of [false, true]) {
    const index = new ValueIndex(() => {});
    const watches = Array.from({ length: 100 }, (_, n) => watchOf(n % 50));
    for (const watch of watches) index.add(watch, watch.filter.where);
    // A place becomes free, and a pointer that had none gets it.
    for (const n of [0, 50]) index.delete(watches[n]!, watches[n]!.filter.where);
    const again = watchOf(49);
    index.add(again, again.filter.where);
    const rest = [...watches.filter((_, n) => n % 50 !== 0), again];
    if (isReversed) rest.reverse();
    for (const watch of rest) {
      expect(index.isEmpty).toBe(false);
      index.delete(watch, watch.filter.where);
    }
    expect(index.isEmpty).toBe(true);
  }
});
