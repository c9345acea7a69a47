/** A subscriber that a change does not concern is not visited: its socket is not looked at, and nobody reads the window for it. */
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { keyFilter } from '../../../src/core/input/key-filter.ts';
import { Doors, type Plan } from '../../support/interest/doors.ts';
import { givenFilter } from '../../support/interest/filters.ts';
import { fakeClock, Scene } from '../../support/interest/scene.ts';

const COUNT = 500;

/** The n-th of many filters that the item of the key `b/0` does not pass, except the first ones. */
const FILTERS: readonly (readonly [name: string, filterOf: (n: number) => Plan['filter']])[] = [
  ['distinct keys', (n) => keyFilter({ keys: [`b/${n}`] })],
  ['distinct prefixes', (n) => keyFilter({ keyPrefix: `b/${n}` })],
  ['nested prefixes', (n) => keyFilter({ keyPrefix: n === 0 ? 'b/0' : `b/0${'/x'.repeat(n % 100)}/${n}` })],
  ['keys under a prefix', (n) => keyFilter({ keys: [`b/${n}`, `c/${n}`], keyPrefix: 'b/' })],
  ['the prefix of a token', (n) => keyFilter({ keyPrefix: 'b' }, `b/${n}`)],
  // The item's value is 0.
  ['distinct values', (n) => givenFilter({ where: { eq: n } })],
  ['distinct lists of values', (n) => givenFilter({ where: { in: [n, `value ${n}`] } })],
  ['distinct values under a prefix', (n) => givenFilter({ keyPrefix: 'b', where: { eq: n } })],
  ['distinct ranges', (n) => givenFilter({ where: { gte: n, lt: n + 1 } })],
];

const KINDS = ['items', 'changes'] as const;

/** How often somebody asked for a slot, read the window, or looked at the sockets of subscribers that the change does not concern. */
async function visitsOf(count: number, isFanned: boolean, planOf: (n: number) => Plan): Promise<number> {
  const scene = await Scene.open(new Doors(), { isFanned, window: 100_000 });
  for (let n = 0; n < count; n++) scene.join(planOf(n));
  await scene.rest();
  scene.check();
  const { map } = scene.world;
  const read = vi.spyOn(map.replica.window, 'get');
  const asked = vi.spyOn(map.source.scheduler, 'enqueue');
  onTestFinished(() => void [read, asked].map((spy) => spy.mockRestore()));
  for (const socket of scene.sockets) socket.looks = 0;
  const before = scene.world.deliveries;
  scene.insert('b/0');
  scene.remove('b/0');
  await scene.rest();
  const looks = scene.sockets.slice(1).reduce((sum, socket) => sum + socket.looks, 0);
  const visits = read.mock.calls.length + asked.mock.calls.length + looks;
  scene.check();
  expect(scene.world.deliveries - before).toBeGreaterThan(0);
  await scene.end();
  return visits;
}

describe.each([
  ['the fan-out', true],
  ['generators', false],
])('by %s', (_name, isFanned) => {
  describe.each(KINDS)('for %s', (kind) => {
    // One subscriber is concerned; the visits of the others must not grow with their number.
    it.each(FILTERS)('a change visits only the subscribers that it concerns: %s', async (_what, filterOf) => {
      fakeClock();
      const planOf = (n: number): Plan => ({ kind, filter: filterOf(n) });
      const few = await visitsOf(10, isFanned, planOf);
      const many = await visitsOf(COUNT, isFanned, planOf);
      expect(many).toBeLessThanOrEqual(few + 10);
    });
  });

  it('a change that concerns nobody visits nobody', async () => {
    fakeClock();
    const scene = await Scene.open(new Doors(), { isFanned, window: 100_000 });
    for (let n = 0; n < COUNT; n++)
      scene.join({ kind: KINDS[n % 2] ?? 'items', filter: keyFilter({ keys: [`b/${n}`] }) });
    await scene.rest();
    const read = vi.spyOn(scene.world.map.replica.window, 'get');
    const asked = vi.spyOn(scene.world.map.source.scheduler, 'enqueue');
    onTestFinished(() => void [read, asked].map((spy) => spy.mockRestore()));
    for (const socket of scene.sockets) socket.looks = 0;
    scene.insert('c');
    scene.remove('c');
    await scene.rest();
    expect(scene.sockets.reduce((sum, socket) => sum + socket.looks, 0)).toBe(0);
    // A sweep may be asked for once; nobody reads.
    expect(asked.mock.calls.length).toBeLessThanOrEqual(2);
    expect(read.mock.calls.length).toBeLessThanOrEqual(2);
    scene.check();
    await scene.end();
  });

  // One subscriber comes and goes among many: nothing is done for each of the others.
  it('a client that joins or leaves costs no visit of the others', async () => {
    fakeClock();
    const scene = await Scene.open(new Doors(), { isFanned, window: 100_000 });
    for (let n = 0; n < COUNT; n++) scene.join({ kind: 'items', filter: keyFilter({ keys: [`b/${n}`] }) });
    await scene.rest();
    const asked = vi.spyOn(scene.world.map.source.scheduler, 'enqueue');
    onTestFinished(() => asked.mockRestore());
    for (const socket of scene.sockets) socket.looks = 0;
    const joined = scene.join({ kind: 'items', filter: keyFilter({ keys: ['new'] }) });
    await scene.rest();
    joined.leave();
    await scene.rest();
    expect(scene.sockets.slice(0, COUNT).reduce((sum, socket) => sum + socket.looks, 0)).toBe(0);
    expect(asked.mock.calls.length).toBeLessThanOrEqual(5);
    await scene.end();
  });
});
