import { expect, it } from 'vitest';
import type { StreamingMap } from '../../../src/core/streaming-map.ts';
import { itemFilter } from '../../../src/core/input/item-filter.ts';
import { openMap, take } from '../../support/model/open-map.ts';

const filters = {
  'an equality': itemFilter({ where: { path: '/status', eq: 'open' } }),
  'a negation': itemFilter({ where: { not: { path: '/status', ne: 'open' } } }),
};
const [open, done] = [{ status: 'open' }, { status: 'done' }];

/** What happens to the item of key `a`, which is open, and the reason that its mirror must be told. */
const lives: Readonly<Record<string, [change: (map: StreamingMap) => Promise<unknown>[], reason: string]>> = {
  'ceases to match and is removed': [(map) => [map.insert({ key: 'a', value: done }), map.remove('a')], 'REMOVED'],
  'is removed and comes back without a match': [
    (map) => [map.remove('a'), map.insert({ key: 'a', value: done })],
    'UNMATCHED',
  ],
  'ceases to match twice': [
    (map) => [map.insert({ key: 'a', value: done }), map.insert({ key: 'a', value: { status: 'held' } })],
    'UNMATCHED',
  ],
  'is removed, comes back and is removed again': [
    (map) => [map.remove('a'), map.insert({ key: 'a', value: done }), map.remove('a')],
    'REMOVED',
  ],
};

const cases = Object.entries(filters).flatMap(([kind, filter]) =>
  Object.entries(lives).map(([life, [change, reason]]) => ({ kind, filter, life, change, reason })),
);

it.each(cases)(
  'G6 a mirror with $kind is told $reason of an item that $life, at its last place, while it is live and when it resumes',
  async ({ filter, change, reason }) => {
    const map = await openMap();
    await map.insert({ key: 'a', value: open });
    const live = map.changes({ filter });
    const [first] = await take(live, 1);
    await Promise.all(change(map));
    await map.insert({ key: 'b', value: open });
    const last = map.replica.window.get((map.replica.head.position - 1) as never);
    const after = first?.cursor;
    for (const subscription of [live, map.changes({ filter, after })]) {
      const [message] = await take(subscription, 1);
      expect(message).toMatchObject({ caughtUp: true, removed: [{ key: 'a', reason, cursor: last?.cursor }], size: 1 });
      expect(message?.upserted.map(({ key }) => key)).toEqual(['b']);
      await subscription.return();
    }
  },
);
