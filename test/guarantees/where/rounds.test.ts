/** Filters without an equality are tested some time after a change is applied. Nobody sees that, whatever happens while changes wait. */
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Doors, type Plan } from '../../support/interest/doors.ts';
import { givenFilter } from '../../support/interest/filters.ts';
import { ItemsMember } from '../../support/interest/items-member.ts';
import { fakeClock, Scene } from '../../support/interest/scene.ts';

/** Distinct filters: their tests with a batch take many slices. */
const FILTERS = 60;
const ranges = Array.from({ length: FILTERS }, (_, n) =>
  givenFilter({ where: { path: '/p', gte: n % 10, lt: 10 + n } }),
);
const contentOf = (n: number) => ({ p: (n * 7) % 12, s: n % 2 === 0 ? 'open' : 'done' });
const DEAR = givenFilter({ where: { path: '/p', gte: 5 } });
/** More than a page holds. */
const MANY = Array.from({ length: 300 }, (_, n) => `a/${n}`);

const KINDS = ['changes', 'items'] as const;

async function crowd(isFanned: boolean, window = 20_000): Promise<Scene> {
  fakeClock(0.05);
  const scene = await Scene.open(new Doors(), { isFanned, isSliced: true, window, contentOf });
  scene.insert(...MANY.slice(0, 40));
  await scene.rest();
  const shared = scene.socket();
  // A client that resumes finds others with its filter.
  for (const [n, filter] of ranges.entries()) {
    scene.join({ kind: 'changes', filter }, n % 3 === 0 ? shared : undefined);
    scene.join({ kind: KINDS[n % 2] ?? 'items', filter });
  }
  await scene.rest();
  scene.check();
  return scene;
}

const EVENTS: readonly (readonly [string, (scene: Scene) => void | Promise<void>])[] = [
  ['nothing else happens', () => {}],
  ['another change comes', (scene) => scene.insert('a/1', 'a/2')],
  [
    'a transaction inserts and removes',
    (scene) =>
      scene.transaction(
        ...MANY.slice(0, 200).map((key, n) =>
          n % 3 === 0 ? { key, removed: true as const } : { key, value: contentOf(n) },
        ),
      ),
  ],
  ['the items are removed', (scene) => MANY.slice(0, 30).forEach((key) => scene.remove(key))],
  [
    'clients join',
    (scene) => {
      for (const filter of [DEAR, ...ranges.slice(0, 3), ...ranges.slice(-6)])
        for (const kind of KINDS) {
          const member = scene.join({ kind, filter });
          if (member instanceof ItemsMember) member.startedMeanwhile();
        }
    },
  ],
  ['clients leave', (scene) => scene.members.slice(0, 40).forEach((member) => member.leave())],
  [
    'clients resume',
    (scene) => {
      // Those that are tested first, and those that are tested last.
      const some = scene.members.filter(({ isOver, resumption }) => !isOver && resumption !== undefined);
      for (const member of [...some.slice(0, 6), ...some.slice(-12)]) scene.resume(member);
    },
  ],
  ['another replica is shown', ({ world: { map } }) => map.source.interest.wakeAll(map.replica.head)],
  [
    'sockets fill up and drain',
    async (scene) => {
      const some = scene.sockets.slice(0, 20);
      for (const socket of some) socket.fill();
      for (let n = 0; n < 4; n++) await turn();
      scene.insert('a/3', 'a/4');
      for (const socket of some) socket.drain();
    },
  ],
];

describe.each([
  ['the fan-out', true],
  ['generators', false],
])('by %s', (_name, isFanned) => {
  it.each(EVENTS)('G1 to G6 hold for filters that are tested late while %s', async (_what, happen) => {
    const scene = await crowd(isFanned);
    for (const turns of [0, 2]) {
      scene.insert(...MANY.slice(0, 60));
      for (let n = 0; n < turns; n++) await turn();
      await happen(scene);
      await scene.rest();
      scene.check();
    }
    expect(scene.world.deliveries).toBeGreaterThan(FILTERS * 20);
    await scene.end();
  });

  it.each([0, 2])(
    'a map that closes while changes wait gives every subscriber all of them: after %i turns',
    async (turns) => {
      const scene = await crowd(isFanned);
      scene.insert(...MANY);
      for (let n = 0; n < turns; n++) await turn();
      // The writes are answered when they are applied, which the tests that wait are not.
      const closed = scene.world.map.close();
      await scene.rest();
      await closed;
      for (const member of scene.members) member.checkClosed({ isExact: true });
      expect(scene.world.map.subscriptions).toBe(0);
    },
  );

  it.each([
    ['4,096 changes', 5, 1000, ''],
    ['2 MiB', 8, 50, 'x'.repeat(9000)],
  ])('G1 to G6 hold when more than %s wait for late tests', async (_what, batches, size, text) => {
    fakeClock();
    const scene = await Scene.open(new Doors(), {
      isFanned,
      window: 20_000,
      contentOf: (n) => ({ ...contentOf(n), text }),
    });
    const plans: Plan[] = [DEAR, givenFilter({ where: { path: '/s', ne: 'open' } })].flatMap((filter) =>
      KINDS.flatMap((kind) => [
        { kind, filter },
        { kind, filter, selection: 1 as const },
      ]),
    );
    for (const plan of plans) scene.join(plan);
    await scene.rest();
    for (let round = 0; round < 2; round++) {
      for (let n = 0; n < batches; n++) scene.insert(...Array.from({ length: size }, (_, at) => `k${at % 200}`));
      await scene.rest();
      scene.check();
      scene.insert('k1', 'k2');
      await scene.rest();
      scene.check();
    }
    expect(scene.world.deliveries).toBeGreaterThan(batches * size);
    await scene.end();
  });
});
