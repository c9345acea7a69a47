/** Values whose JSON is short, or long, for what they are. The map and the window are full of them. */
import { describe, expect, it } from 'vitest';
import { expectUnharmed, underAttack } from '../support/abuse/abuse.ts';
import { MAX_BYTES } from '../support/abuse/served.ts';

/** By docs/docker.md: of what the map and the window count, and of each entry. */
const PER_COUNTED = 2.5;
const PER_ENTRY_MB = 500 / 2 ** 20;

/** The map holds as much as it may, and the window the same again. */
const MAP_AND_WINDOW_MB = (2 * MAX_BYTES) / 2 ** 20;

describe('values of every shape', () => {
  it.each([
    ['lists of empty objects', 'objects', 60_000],
    ['lists of numbers', 'numbers', 30_000],
    ['objects with many members', 'members', 60_000],
    ['long texts with one wide character', 'wide', 60_000],
  ])('a map and a window full of %s take at most 2.5 times their bytes', async (_what, shape, size) => {
    const bytes = 2.2 * MAX_BYTES;
    const outcome = await underAttack({ name: 'fill', shape, size, bytes }, { isFilling: true, withinMs: 25_000 });
    expectUnharmed(outcome, { isFilling: true });
    expect(outcome.report).toMatchObject({ refused: 0 });
    const entriesMb = (2 * bytes * PER_ENTRY_MB) / size;
    // Garbage is part of it: the heap grows by a quarter before it is collected.
    expect(outcome.endMb - outcome.startMb).toBeLessThan(PER_COUNTED * MAP_AND_WINDOW_MB + entriesMb);
  });

  it('a map and a window full of the smallest values take at most 500 bytes an entry', async () => {
    const outcome = await underAttack(
      { name: 'fill', shape: 'tiny', size: 10, items: 200_000 },
      { isFilling: true, withinMs: 25_000 },
    );
    expectUnharmed(outcome, { isFilling: true });
    // Garbage is part of it: the heap grows by a quarter before it is collected.
    expect(outcome.endMb - outcome.startMb).toBeLessThan(1.25 * 165_536 * PER_ENTRY_MB + 200_000 * (25 / 2 ** 20));
  });
});
