/** G6: the first size and checksum of what matches takes several slices in a large map, and no message is `caughtUp` before they are known. */
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Doors } from '../../support/interest/doors.ts';
import { givenFilter } from '../../support/interest/filters.ts';
import { MirrorMember } from '../../support/interest/mirror-member.ts';
import { fakeClock, Scene } from '../../support/interest/scene.ts';

/** More than one slice looks at. */
const ITEMS = 2600;
const batch = (from: number, count: number): string[] => Array.from({ length: count }, (_, n) => `k${from + n}`);
const FILTERS = [
  givenFilter({ where: { path: '/p', eq: 1 } }),
  givenFilter({ where: { path: '/p', gt: 94 } }),
  givenFilter({ where: { path: '/p', eq: -1 } }),
  givenFilter({ keyPrefix: 'k1' }),
  givenFilter({ keyPrefix: 'k1', where: { not: { path: '/p', lt: 50 } } }),
];

/** What happens while the sum of a map with keys k0 to k2599 is computed. */
const EVENTS: readonly (readonly [string, (scene: Scene) => void])[] = [
  ['nothing', () => {}],
  [
    'an item that is counted already changes',
    (scene) => scene.put(['k0', { p: 1 }], ['k1', { p: 99 }], ['k100', { p: -1 }]),
  ],
  ['an item that is counted already is removed', (scene) => ['k1', 'k101', 'k95'].forEach((key) => scene.remove(key))],
  ['an item that is counted later changes', (scene) => scene.put(['k2501', { p: 95 }], ['k2595', { p: 1 }])],
  [
    'an item that is counted later is removed',
    (scene) => ['k2501', 'k2595', 'k2599'].forEach((key) => scene.remove(key)),
  ],
  [
    'items come and go',
    (scene) => [scene.put(['k1new', { p: 99 }]), scene.remove('k1new'), scene.put(['k1new', { p: 1 }])],
  ],
];

describe.each([
  ['the fan-out', true],
  ['generators', false],
])('by %s', (_name, isFanned) => {
  it.each(EVENTS)(
    'G6 a mirror of a large map is caught up once its sum is known; meanwhile: %s',
    async (_what, happen) => {
      fakeClock(0.05);
      const scene = await Scene.open(new Doors(), {
        isFanned,
        isSliced: true,
        maxItems: 10_000,
        window: 10_000,
        contentOf: (n) => ({ p: n % 100 }),
      });
      for (let from = 0; from < ITEMS; from += 650) scene.insert(...batch(from, 650));
      await scene.rest();
      const mirrors: MirrorMember[] = [];
      for (let n = 0; n < 2; n++) {
        for (const filter of FILTERS) {
          const member = scene.join({ kind: 'changes', filter, selection: n === 1 ? 1 : 0 });
          if (member instanceof MirrorMember) mirrors.push(member);
        }
        if (n === 0) mirrors[1]?.leave();
        // In the middle of the passes.
        for (let turns = 0; turns < 2; turns++) await turn();
        happen(scene);
      }
      await scene.rest();
      scene.check();
      for (const { messages, isOver } of mirrors) {
        if (isOver) continue;
        // One resets, and once a mirror has caught up it stays so unless it lacks something.
        expect(messages[0]?.reset).toBe(true);
        expect(messages.at(-1)?.caughtUp).toBe(true);
      }
      expect(mirrors.some(({ messages }) => messages[0]?.caughtUp === false)).toBe(true);
      scene.put(['k7', { p: 1 }], ['k8', { p: 99 }], ['k9', { p: -1 }]);
      await scene.rest();
      scene.check();
      await scene.end();
    },
  );
});
