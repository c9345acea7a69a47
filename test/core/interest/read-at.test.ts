import { expect, it } from 'vitest';
import { keyFilter } from '../../../src/core/input/key-filter.ts';
import { ORIGIN, type Position } from '../../../src/core/model/position.ts';
import { read, readAt } from '../../../src/core/replica/read.ts';
import { openMap } from '../../support/model/open-map.ts';

const positions = (count: number): Position[] => Array.from({ length: count }, (_, n) => (n + 1) as Position);

it.each([
  ['128 small items', 128, 10, true],
  ['129 small items', 129, 10, false],
  ['48 items of 1 KB', 48, 1024, true],
  ['60 items of 1 KB', 60, 1024, false],
  ['one item of 60 KB', 1, 60_000, true],
])('noted positions are read in one page if it holds them: %s', async (_name, count, bytes, isHeld) => {
  const map = await openMap<string>();
  for (let n = 0; n < count; n++) await map.insert({ key: `k${n}`, value: 'x'.repeat(bytes) });
  const page = readAt(map.replica, positions(count), keyFilter());
  expect(page?.changes.length).toBe(isHeld ? count : undefined);
  const searched = read(map.replica, { at: ORIGIN, cutoff: ORIGIN }, 128, keyFilter());
  expect(searched.changes.length).toBe(page?.changes.length ?? searched.changes.length);
  expect(searched.next.at.position === map.replica.head.position).toBe(isHeld);
});

it('noted positions of which the window has lost one are read in no page', async () => {
  const map = await openMap<number>({ window: 2 });
  for (let n = 0; n < 3; n++) await map.insert({ key: 'a', value: n });
  expect(readAt(map.replica, positions(3), keyFilter())).toBeUndefined();
});
