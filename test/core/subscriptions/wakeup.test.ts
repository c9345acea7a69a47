import { expect, it, onTestFinished, vi } from 'vitest';
import { keyFilter } from '../../../src/core/input/key-filter.ts';
import { Wakeup } from '../../../src/core/subscriptions/cancellation.ts';
import { openMap } from '../../support/model/open-map.ts';

it.each(Array.from({ length: 12 }, (_, n) => n))(
  'G1 an item inserted %i ticks after a subscription has started is delivered, before the event loop turns',
  async (ticks) => {
    const map = await openMap<number>();
    const items = map.items({ limit: 1 });
    const next = items.next();
    for (let n = 0; n < ticks; n++) await new Promise<void>((resolve) => process.nextTick(resolve));
    await map.insert({ key: 'a', value: ticks });
    expect(await next).toMatchObject({ done: false, value: { key: 'a', value: ticks } });
  },
);

it.each(['items', 'changes'] as const)('G10 a reader that has left %s has no listener', async (kind) => {
  const map = await openMap<number>();
  const { interest } = map.source;
  const [added, removed] = [vi.spyOn(interest, 'listen'), vi.spyOn(interest, 'unlisten')];
  const subscription = map[kind]();
  const next = subscription.next();
  await vi.waitFor(() => expect(added).toHaveBeenCalled(), { timeout: 20_000 });
  await subscription.return();
  await next;
  expect(added).toHaveBeenCalledTimes(1);
  expect(removed.mock.calls).toEqual([[added.mock.results[0]?.value, added.mock.calls[0]?.[1]]]);
});

it.each(['items', 'changes'] as const)(
  'G10 a reader of %s that waits at the head is released when it leaves',
  async (kind) => {
    const map = await openMap<number>();
    const waits = vi.spyOn(Wakeup.prototype, 'wait');
    onTestFinished(() => waits.mockRestore());
    const subscription = map[kind]({ filter: keyFilter({ keys: ['nobody'] }) });
    // A mirror is told of its start.
    if (kind === 'changes') await subscription.next();
    const next = subscription.next();
    await vi.waitFor(() => expect(waits).toHaveBeenCalled(), { timeout: 20_000 });
    expect(map.subscriptions).toBe(1);
    await subscription.return();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(map.subscriptions).toBe(0);
  },
);
