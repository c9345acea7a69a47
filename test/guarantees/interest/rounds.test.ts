/** What one delivery to all settled subscribers of a group must keep: more than one page, full sockets, the end of the map, joining. */
import { describe, expect, it, vi } from 'vitest';
import { keyFilter } from '../../../src/core/input/key-filter.ts';
import { type DeliveredChanges, Doors, type Plan } from '../../support/interest/doors.ts';
import { ItemsMember } from '../../support/interest/items-member.ts';
import { fakeClock, Scene } from '../../support/interest/scene.ts';

const A = keyFilter({ keyPrefix: 'a' });
const ITEMS: Plan = { kind: 'items', filter: A };
const PLANS: readonly Plan[] = [ITEMS, { kind: 'changes', filter: A }];
/** More than a page holds. */
const MANY = Array.from({ length: 300 }, (_, n) => `a/${n}`);

/** Subscribers that have everything. */
async function settled(count: number, isSliced: boolean, plans = PLANS, window = 1000): Promise<Scene> {
  const scene = await Scene.open(new Doors(), { isFanned: true, isSliced, window });
  for (let n = 0; n < count; n++) for (const plan of plans) scene.join(plan);
  await scene.rest();
  scene.check();
  return scene;
}

/** Calls `happen` once after so many writes, between two slots. */
function afterWrites(scene: Scene, count: number, happen: () => void): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    for (const socket of scene.sockets)
      socket.onWrite = () => {
        if (--left === 0) process.nextTick(() => resolve(happen()));
      };
  });
}

it('G5 nothing is gathered for a full socket, however much concerns its subscriptions', async () => {
  fakeClock();
  const scene = await settled(2, false);
  const [full] = scene.sockets;
  full?.fill();
  for (let n = 0; n < 5; n++) {
    scene.insert('a/1', 'a/2');
    await scene.rest();
    expect(full?.outlet.size).toBe(0);
  }
  full?.drain();
  await scene.rest();
  scene.check();
  await scene.end();
});

it('G5 a change asks for no slot while every socket that it concerns is full', async () => {
  fakeClock();
  const scene = await settled(2, false);
  for (const socket of scene.sockets) socket.fill();
  scene.insert('a/1');
  await scene.rest();
  const asked = vi.spyOn(scene.world.map.source.scheduler, 'enqueue');
  for (let n = 0; n < 5; n++) {
    scene.insert('a/2');
    await scene.rest();
  }
  expect(asked).not.toHaveBeenCalled();
  asked.mockRestore();
  for (const socket of scene.sockets) socket.drain();
  await scene.rest();
  scene.check();
  await scene.end();
});

it('a subscriber whose socket drains while others are given a change does not wait for the last of them', async () => {
  fakeClock(0.05);
  const scene = await settled(400, true, [ITEMS]);
  const full = scene.sockets.at(-1);
  full?.fill();
  scene.insert('a/1');
  await scene.rest();
  const order: string[] = [];
  const drained = afterWrites(scene, 1, () => {
    for (const socket of scene.sockets) socket.onWrite = () => order.push(socket === full ? 'drained' : 'other');
    full?.drain();
  });
  scene.insert('a/2');
  await drained;
  await scene.rest();
  const place = order.indexOf('drained');
  expect(place).toBeGreaterThanOrEqual(0);
  expect(place).toBeLessThan(order.length / 2);
  scene.check();
  await scene.end();
});

it('settled subscribers get all of a batch that no page holds (G1, G2)', async () => {
  fakeClock();
  const scene = await settled(3, false);
  scene.insert(...MANY);
  await scene.rest();
  scene.check();
  scene.insert(...MANY.slice(0, 128));
  scene.insert('a/1');
  scene.insert('b');
  await scene.rest();
  scene.check();
  expect(scene.world.deliveries).toBeGreaterThan(3 * (300 + 129));
  await scene.end();
});

it.each([1, 60, 150, 250])(
  'a map that closes after %i writes of a delivery of several pages gives every subscriber all of them (G1)',
  async (count) => {
    fakeClock(0.05);
    const scene = await settled(100, true);
    const closed = afterWrites(scene, count, () => void scene.world.map.close());
    scene.insert(...MANY);
    await closed;
    await scene.rest();
    for (const member of scene.members) member.checkClosed({ isExact: true });
    expect(scene.world.map.subscriptions).toBe(0);
  },
);

it.each([1, 60, 150])(
  'a subscriber that joins after %i writes of a delivery of several pages gets each change once (G1, G2)',
  async (count) => {
    fakeClock(0.05);
    const scene = await settled(100, true);
    const joined = afterWrites(scene, count, () => {
      for (const plan of PLANS) {
        const member = scene.join(plan);
        if (member instanceof ItemsMember) member.startedMeanwhile();
      }
    });
    scene.insert(...MANY);
    await joined;
    scene.insert('a/1');
    await scene.rest();
    scene.check();
    expect(scene.world.deliveries).toBeGreaterThan(100 * 301);
    await scene.end();
  },
);

describe.each([
  ['one page', ['a/1']],
  ['several pages', MANY],
])('within a delivery of %s', (_name, keys) => {
  it.each([1, 60, 150])(
    'subscribers that are all woken after %i writes lose and repeat nothing (G1, G2)',
    async (count) => {
      fakeClock(0.05);
      const scene = await settled(100, true);
      const { map } = scene.world;
      const woken = afterWrites(scene, count, () => {
        scene.insert('a/2');
        // As when another replica is shown, in the middle of everything.
        map.source.interest.wakeAll(map.replica.head);
        scene.insert('a/3');
      });
      scene.insert(...keys);
      await woken;
      await scene.rest();
      scene.check();
      expect(scene.world.deliveries).toBeGreaterThan(100 * keys.length);
      await scene.end();
    },
  );

  it.each([1, 60, 150])(
    'subscribers whose next changes have left the window after %i writes converge, or fail if they ask for it (G3, G5)',
    async (count) => {
      fakeClock(0.05);
      const plans: readonly Plan[] = [...PLANS, { kind: 'items', filter: A, onLag: 'FAIL' }];
      const scene = await settled(70, true, plans, 2);
      const lagging = afterWrites(scene, count, () => {
        for (let n = 0; n < 6; n++) scene.insert(`a/${n % 3}`, 'b');
        scene.remove('a/1');
      });
      scene.insert(...keys);
      await lagging;
      await scene.rest();
      scene.check(false);
      scene.insert('a/1');
      await scene.rest();
      scene.check(false);
      expect(scene.world.map.counters.lagged).toBeGreaterThan(100);
      await scene.end();
    },
  );
});

it.each([
  ['at the head', []],
  ['before the last change', ['a/last']],
])('G6 a mirror is sent no message without changes %s, and is told that it is at the head', async (_where, last) => {
  fakeClock();
  const scene = await Scene.open(new Doors(), { isFanned: true, window: 20_000 });
  const socket = scene.socket();
  scene.join({ kind: 'changes', filter: A }, socket);
  await scene.rest();
  const messages: DeliveredChanges[] = [];
  const receive = socket.receivers.get('0');
  socket.receivers.set('0', (payload) => {
    messages.push((payload as { data: { itemChanges: DeliveredChanges } }).data.itemChanges);
    receive?.(payload);
  });
  scene.insert(...MANY);
  // More than one read looks at.
  for (let n = 0; n < 12; n++) scene.insert(...Array.from({ length: 1000 }, () => 'c'));
  if (last.length > 0) scene.insert(...last);
  await scene.rest();
  scene.check();
  expect(messages.at(-1)?.caughtUp).toBe(true);
  const isEmpty = ({ caughtUp, upserted, removed }: DeliveredChanges) =>
    !caughtUp && upserted.length + removed.length === 0;
  expect(messages.filter((message) => isEmpty(message))).toEqual([]);
  await scene.end();
});
