import { expect, it } from 'vitest';
import type { Place } from '../../../src/core/model/position.ts';
import type { RenderedPage } from '../../../src/fanout/rendered-page.ts';
import { type Member, Settled } from '../../../src/fanout/settled.ts';
import { openMap } from '../../support/model/open-map.ts';

it('G6 a mirror that settles while others lack a change is not told that it follows that change', async () => {
  const map = await openMap();
  const { source } = map;
  const follows: number[] = [];
  const settled = new Settled(
    {
      kind: 'itemChanges',
      source,
      concerned(_at, { told }) {
        follows.push(told.position);
        const { head } = source.replica;
        return { count: 1, changes: [{}], caughtUp: true, next: { at: head, cutoff: head } } as unknown as RenderedPage;
      },
      catchUp() {},
      forget() {},
    },
    { concerned() {} },
  );
  const memberAt = (toldAt: Place): Member => ({
    isSettled: false,
    place: undefined,
    period: 0,
    outlet: { isFull: false },
    remaining: undefined,
    toldAt,
    take() {},
    goOnAt() {},
  });
  const insert = async (): Promise<Place> => {
    const before = source.replica.head;
    const { position } = await map.insert({ key: 'a', value: 1 });
    settled.concern(position, before);
    return before;
  };
  await map.insertMany(Array.from({ length: 5 }, (_, n) => ({ key: `k${n}`, value: n })));
  const old = source.replica.head;
  await map.insert({ key: 'b', value: 1 });
  settled.add(memberAt(source.replica.head));
  await insert();
  // Its snapshot ended at the head, and the last pages of it were empty.
  settled.add(memberAt(old));
  while (settled.next());
  follows.length = 0;
  await insert();
  while (settled.next());
  expect(follows.length).toBeGreaterThan(0);
  for (const told of follows) expect(told).toBeLessThanOrEqual(old.position);
});
