/** What one delivery to all settled subscribers of a group must keep: more than one page, full sockets, the end of the map, joining. */
import { expect, it, vi } from 'vitest';
import { keyFilter } from '../../../src/core/input/key-filter.ts';
import { Doors, type Plan } from '../../support/interest/doors.ts';
import { ItemsMember } from '../../support/interest/items-member.ts';
import { fakeClock, Scene } from '../../support/interest/scene.ts';

const A = keyFilter({ keyPrefix: 'a' });
const ITEMS: Plan = { kind: 'items', filter: A };
const PLANS: readonly Plan[] = [ITEMS, { kind: 'changes', filter: A }];
/** More than a page holds. */
const MANY = Array.from({ length: 300 }, (_, n) => `a/${n}`);

/** Subscribers that have everything. */
async function settled(count: number, isSliced: boolean, plans = PLANS): Promise<Scene> {
  const scene = await Scene.open(new Doors(), { isFanned: true, isSliced });
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
