import { expect, it } from 'vitest';
import { filterName } from '../../../src/core/interest/watch.ts';
import { keyFilter } from '../../../src/core/input/key-filter.ts';
import type { Item, ItemChanges } from '../../../src/core/model/change.ts';
import type { Place, Position } from '../../../src/core/model/position.ts';
import { Group } from '../../../src/fanout/group.ts';
import { ItemTexts } from '../../../src/fanout/selection/item-texts.ts';
import { openMap } from '../../support/model/open-map.ts';

it('G6 a subscriber at another’s position that has seen another head has its own in its cursor', async () => {
  const map = await openMap();
  const items: Item<unknown>[] = [];
  // A page ends with a batch.
  for (let n = 0; n < 500; n += 50)
    items.push(...(await map.insertMany(Array.from({ length: 50 }, (_, m) => ({ key: `k${n + m}`, value: n })))));
  const group = new Group({
    kind: 'itemChanges',
    source: map.source,
    filter: keyFilter(),
    name: filterName(keyFilter()),
    selection: {
      name: 'a',
      render: (message) => (message as ItemChanges<unknown>).cursor,
      texts: new ItemTexts(() => {}),
    },
    host: { concerned() {}, keepsPage() {} },
  });
  group.size = 3;
  // `at` is within the items.
  const placeOf = (at: number): Place => ({ position: (at + 1) as Position, digest: items[at]!.digest });
  const standing = { at: placeOf(100), cutoff: placeOf(100) };
  const told = [450, 480, 450].map((at) => group.changes({ ...standing, seen: placeOf(at) }, false, undefined));
  expect(told.map(({ next }) => next.seen)).toEqual([placeOf(450), placeOf(480), placeOf(450)]);
  const [first, second] = told.map(({ results }) => results[0]?.delivered.cursor);
  expect(first).not.toBe(second);
  expect(told[2]).toBe(told[0]);
});
