import { expect, it } from 'vitest';
import { itemFilter } from '../../../src/core/input/item-filter.ts';
import { openMap } from '../../support/model/open-map.ts';

const open = itemFilter({ where: { path: '/status', eq: 'open' } });
const dear = itemFilter({ where: { path: '/price', gt: 100 } });

it.each([
  ['an equality', open, { status: 'open' }, { status: 'done' }],
  ['a range', dear, { price: 200 }, { price: 3 }],
])(
  'G6 a mirror with %s is told what matches and what no longer does, with size and checksum',
  async (_, filter, match, other) => {
    const map = await openMap();
    await map.insert({ key: 'a', value: match });
    await map.insert({ key: 'b', value: other });
    const messages = map.changes({ filter });
    const seen: unknown[] = [];
    const next = async (): Promise<void> => {
      const { value } = await messages.next();
      if (!value) throw new Error('the end');
      const { upserted, removed, caughtUp, size, reset } = value;
      seen.push([
        upserted.map(({ key }) => key),
        removed.map(({ key, reason }) => [key, reason]),
        caughtUp,
        size,
        reset,
      ]);
    };
    await next();
    await map.insert({ key: 'c', value: other });
    await map.insert({ key: 'b', value: match });
    await next();
    await map.insert({ key: 'c', value: other });
    await map.insert({ key: 'a', value: other });
    await next();
    await map.remove('c');
    await map.remove('b');
    await next();
    await messages.return();
    expect(seen).toEqual([
      [['a'], [], true, 1, true],
      [['b'], [], true, 2, false],
      [[], [['a', 'UNMATCHED']], true, 1, false],
      [[], [['b', 'REMOVED']], true, 0, false],
    ]);
  },
);

it('G6 a mirror that lags over a removal is told of the next value, which does not match', async () => {
  const map = await openMap({ window: 3 });
  await map.insert({ key: 'a', value: { status: 'open' } });
  const messages = map.changes({ filter: open });
  const first = await messages.next();
  expect(first.value?.upserted).toHaveLength(1);
  await map.remove('a');
  await map.insertMany(['a', 'b', 'c'].map((key) => ({ key, value: { status: 'done' } })));
  const told: unknown[] = [];
  for await (const { reset, removed, caughtUp, size, checksum } of messages) {
    expect(reset).toBe(false);
    told.push(...removed.map(({ key, reason }) => [key, reason]));
    if (!caughtUp) continue;
    expect([size, checksum]).toEqual([0, '00000000']);
    break;
  }
  expect(told).toContainEqual(['a', 'UNMATCHED']);
  await messages.return();
});
