import { expect, it } from 'vitest';
import { filterName } from '../../../src/core/interest/watch.ts';
import { keyFilter } from '../../../src/core/input/key-filter.ts';
import type { Item, ItemChanges } from '../../../src/core/model/change.ts';
import type { Place } from '../../../src/core/model/position.ts';
import { Group } from '../../../src/fanout/group.ts';
import { ItemTexts } from '../../../src/fanout/selection/item-texts.ts';
import type { Source } from '../../../src/core/subscriptions/items.ts';
import { openMap } from '../../support/model/open-map.ts';

function groupOf(source: Source<unknown>): Group {
  return new Group({
    kind: 'itemChanges',
    source,
    filter: keyFilter(),
    name: filterName(keyFilter()),
    selection: {
      name: 'a',
      render: (message) => (message as ItemChanges<unknown>).cursor,
      texts: new ItemTexts(() => {}),
    },
    host: { concerned() {}, keepsPage() {} },
  });
}

const placeOf = ({ position, digest }: Item<unknown>): Place => ({ position, digest });

it('G6 a subscriber at another’s position that has seen another head has its own in its cursor', async () => {
  const map = await openMap();
  const items: Item<unknown>[] = [];
  // A page ends with a batch.
  for (let n = 0; n < 500; n += 50)
    items.push(...(await map.insertMany(Array.from({ length: 50 }, (_, m) => ({ key: `k${n + m}`, value: n })))));
  const group = groupOf(map.source);
  group.size = 3;
  // `at` is within the items.
  const placeAt = (at: number): Place => placeOf(items[at]!);
  const standing = { at: placeAt(100), cutoff: placeAt(100) };
  const told = [450, 480, 450].map((at) => group.changes({ ...standing, seen: placeAt(at) }, false, undefined));
  expect(told.map(({ next }) => next.seen)).toEqual([placeAt(450), placeAt(480), placeAt(450)]);
  const [first, second] = told.map(({ results }) => results[0]?.delivered.cursor);
  expect(first).not.toBe(second);
  expect(told[2]).toBe(told[0]);
});

it('G6 a page is read again when the head has moved, so that nobody is caught up with an old head', async () => {
  const map = await openMap();
  const at = placeOf(await map.insert({ key: 'a', value: 1 }));
  const group = groupOf(map.source);
  group.size = 2;
  const read = () => group.changes({ at, cutoff: at }, false, undefined);
  expect(read()).toMatchObject({ changes: [], caughtUp: true, next: { at } });
  const second = await map.insert({ key: 'b', value: 2 });
  expect(read()).toMatchObject({ changes: [{ key: 'b' }], caughtUp: true, next: { at: placeOf(second) } });
});
