/** Items that a log holds, of random types: what fits is fine, and one thing that is wrong is found. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unfitItem } from '../../../schema/typed/unfit-item.ts';
import { Dice } from '../../support/random/dice.ts';
import { Damager } from '../../support/typed/damages.ts';
import { keyOf, scenes } from '../../support/typed/served-sdl.ts';
import { SEED } from '../../support/typed/seed.ts';

/** `TYPED_RUNS=2000` takes some minutes. */
const RUNS = Number(process.env['TYPED_RUNS'] ?? 150);

/** These are wrong in an input only. */
const FINE = /^(member|number|surrogate|levels|key)/;

describe('stored items', () => {
  it('a stored item fits its type until one thing in it is wrong, and then the problem names its path', () => {
    let [found, single] = [0, 0];
    fc.assert(
      fc.property(scenes(2, 2), ({ sdl, collection, seed, values }) => {
        const unfit = unfitItem(sdl, collection);
        const damager = new Damager(sdl, new Dice(seed));
        for (const { stored } of values) {
          const key = keyOf(collection, stored);
          expect(unfit({ key, value: stored })).toBeUndefined();
          expect(unfit({ key: `${key}0`, value: stored })).toContain(`${collection.key.name}: must equal the key`);
          for (let round = 0; round < 10; round++) {
            const damage = damager.damage(collection, collection.key.name, stored);
            if (!damage || FINE.test(damage.what)) continue;
            const problem = unfit({ key, value: damage.input });
            // An input may have an element in place of a list of it. Both are wrong here.
            expect(problem).toBeDefined();
            found++;
            if (problem?.startsWith(damage.path.join('.'))) single++;
          }
        }
      }),
      { ...SEED, numRuns: RUNS },
    );
    expect(found).toBeGreaterThan(RUNS);
    expect(single).toBe(found);
  });
});
