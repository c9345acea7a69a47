/**
 * Random lives of a map and of subscribers with many distinct and overlapping filters: they come, leave, resume, stall and drain, by the
 * fan-out and by generators, while the log breaks, loses its end or is replaced. An oracle of a few lines says what each must see.
 *
 * A failure prints its seed and the shortest such life; put that into `REGRESSIONS`. 10^5 lives in one go, repeatable by the seed:
 *
 *     MODEL_RUNS=100000 MODEL_SEED=1 npm test -- test/guarantees/interest/lives.test.ts
 */
import fc from 'fast-check';
import { expect, it, onTestFinished, vi } from 'vitest';
import { lifeOf, type Life } from '../../support/interest/commands.ts';
import { Doors } from '../../support/interest/doors.ts';
import { live } from '../../support/interest/life.ts';

const RUNS = Number(process.env['MODEL_RUNS'] ?? 1500);
const SEED = process.env['MODEL_SEED'];

/** Lives that failed once. They run first. */
const REGRESSIONS: [Life][] = [];

it.each([
  ['the fan-out', fc.constant(true)],
  ['generators', fc.constant(false)],
  ['the fan-out and generators', fc.boolean()],
])(
  'G1 to G8 and G10 hold in random lives of subscribers with filters: %s',
  { timeout: 3_600_000 },
  async (name, isFanned) => {
    // No pause before a broken log is opened again.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    // No slot ends early on a busy machine, so all subscribers are at rest after each step.
    const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
    onTestFinished(() => clock.mockRestore());
    const doors = new Doors();
    let [deliveries, unmatched] = [0, 0];
    const lives = fc.asyncProperty(lifeOf(isFanned), async (life) => {
      const checked = await live(life, doors);
      deliveries += checked.deliveries;
      unmatched += checked.unmatched;
    });
    const numRuns = Math.ceil(RUNS / 3);
    await fc.assert(lives, { numRuns, examples: REGRESSIONS, ...(SEED !== undefined && { seed: Number(SEED) }) });
    expect(deliveries).toBeGreaterThan(numRuns);
    expect(unmatched).toBeGreaterThan(numRuns / 4);
    console.info(
      `${name}: ${numRuns} lives, ${deliveries} deliveries checked, ${unmatched} of items that ceased to match`,
    );
  },
);
