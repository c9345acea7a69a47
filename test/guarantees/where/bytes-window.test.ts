import { expect, it } from 'vitest';
import { itemFilter } from '../../../src/core/input/item-filter.ts';
import { openMap, take } from '../../support/model/open-map.ts';

it.each([
  ['no value', { where: { path: '/s', eq: 'nobody' } }],
  ['no key', { keys: [] }],
])('G6 a mirror that selects %s can be resumed when large values have made the window short', async (_name, given) => {
  const map = await openMap({ maxBytes: 100_000 });
  const filter = itemFilter(given);
  const mirror = map.changes({ filter });
  let [last] = await take(mirror, 1);
  let next = mirror.next();
  for (let n = 0; n < 300; n++) {
    await map.insert({ key: `k${n}`, value: { s: 'x'.repeat(5000) } });
    // All that it is told of this insertion comes before the event loop turns twice.
    const told = await Promise.race([
      next,
      new Promise<undefined>((resolve) => setImmediate(() => setImmediate(() => resolve(undefined)))),
    ]);
    if (!told) continue;
    last = told.value ?? last;
    next = mirror.next();
  }
  const [resumed] = await take(map.changes({ filter, after: last?.cursor }), 1);
  expect(resumed).toMatchObject({ reset: false, upserted: [] });
  expect(map.replica.window.reach).toBeLessThan(50);
  await mirror.return();
});
