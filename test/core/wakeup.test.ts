import { expect, it } from 'vitest';
import { openMap } from '../support/open-map.ts';

it.each(Array.from({ length: 12 }, (_, n) => n))(
  'G1 what is inserted %i ticks after a subscriber has begun is delivered, before the event loop turns',
  async (ticks) => {
    const map = await openMap<number>();
    const items = map.items({ limit: 1 });
    const next = items.next();
    for (let n = 0; n < ticks; n++) await new Promise<void>((resolve) => process.nextTick(resolve));
    await map.insert({ key: 'a', value: ticks });
    expect(await next).toMatchObject({ done: false, value: { key: 'a', value: ticks } });
  },
);
