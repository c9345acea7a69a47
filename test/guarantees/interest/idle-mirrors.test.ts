/** G6: a mirror that nothing concerns keeps a cursor within the window, however many of them there are. */
import { describe, expect, it } from 'vitest';
import { keyFilter } from '../../../src/core/input/key-filter.ts';
import { Doors } from '../../support/interest/doors.ts';
import { givenFilter } from '../../support/interest/filters.ts';
import { MirrorMember } from '../../support/interest/mirror-member.ts';
import { positionOf } from '../../support/interest/member.ts';
import { fakeClock, Scene } from '../../support/interest/scene.ts';

/** No value is so large. */
const QUIET_VALUE = givenFilter({ where: { gt: 1e9 } });
const WINDOWS = [1, 2, 3, 4, 5, 8, 10, 40, 200];

/** Mirrors that nothing concerns: of distinct filters, and of one filter. */
const idle = (n: number) => {
  if (n % 4 === 1) return givenFilter({ where: { path: '/s', eq: n % 3 === 0 ? 'nobody' : `nobody ${n}` } });
  if (n % 4 === 2) return givenFilter({ where: { path: '/s', gt: n } });
  return keyFilter({ keys: [n % 3 === 0 ? 'nobody' : `nobody ${n}`] });
};

describe.each([
  ['the fan-out', true],
  ['generators', false],
])('by %s', (_name, isFanned) => {
  it.each(WINDOWS)(
    'G6 every one of 120 idle mirrors can be resumed after each write, in a window of %i changes',
    async (window) => {
      fakeClock();
      const scene = await Scene.open(new Doors(), { isFanned, window });
      const mirrors: MirrorMember[] = [];
      const joinSome = (count: number): void => {
        for (let n = 0; n < count; n++) {
          const member = scene.join({ kind: 'changes', filter: idle(mirrors.length) });
          if (member instanceof MirrorMember) mirrors.push(member);
        }
      };
      joinSome(60);
      await scene.rest();
      for (let written = 0, round = 0; round < 12 || written < 2.5 * window; round++) {
        // A single change, or a batch of many.
        const batch = Array.from({ length: [1, 3, 1, 7][round % 4] ?? 1 }, (_, n) => `busy ${n}`);
        scene.insert(...batch);
        written += batch.length;
        await scene.rest();
        // Checks that the cursor is within the window.
        scene.check();
        if (round < 12) joinSome(5);
        await scene.rest();
        scene.check();
      }
      expect(mirrors).toHaveLength(120);
      const { head } = scene.world.oracle;
      // Each has been told of newer heads, and continues without a reset: `check` refuses one.
      for (const mirror of mirrors) {
        const after = mirror.resumption;
        expect(head - positionOf(after ?? '')).toBeLessThanOrEqual(window);
        mirror.leave();
        scene.join(mirror.plan, undefined, after);
      }
      await scene.rest();
      scene.check();
      expect(scene.world.map.counters.resets).toBe(0);
      await scene.end();
    },
  );

  it.each(WINDOWS)(
    'G6 a mirror that shares its filter with an active client, or its socket with a full one, stays within a window of %i',
    async (window) => {
      fakeClock();
      const scene = await Scene.open(new Doors(), { isFanned, window });
      const [shared, other] = [scene.socket(), scene.socket()];
      for (const filter of [keyFilter({ keyPrefix: 'a' }), keyFilter({ keys: ['quiet'] }), QUIET_VALUE])
        for (const socket of [shared, other])
          for (const kind of ['changes', 'items'] as const)
            for (const selection of [0, 1] as const) scene.join({ kind, filter, selection }, socket);
      await scene.rest();
      scene.check();
      for (let round = 0; round < window + 20; round++) {
        if (round % 5 === 0) scene.insert('a');
        else if (round % 7 === 0) scene.remove('a');
        else scene.insert('busy');
        // A member joins the group of the others late, and one socket stalls now and then.
        if (round % 6 === 2) scene.join({ kind: 'changes', filter: keyFilter({ keys: ['quiet'] }) }, other);
        if (round % 11 === 3) shared.fill();
        if (round % 11 === 5) shared.drain();
        await scene.rest();
        scene.check();
      }
      shared.drain();
      await scene.rest();
      scene.check();
      expect(scene.world.deliveries).toBeGreaterThan(window);
      await scene.end();
    },
  );
});
