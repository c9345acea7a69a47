import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MirroredItem } from '../../src/client/index.ts';
import { Rows } from '../../src/console/feed/rows.ts';

/** Cursors compare as strings in position order. */
const item = (key: string, position: number): MirroredItem => ({
  id: key,
  key,
  value: position,
  timestamp: '',
  expiresAt: null,
  cursor: String(position).padStart(8, '0'),
});

describe('Rows', () => {
  it('Rows behave like a plain list for any sequence of additions and removals', () => {
    const steps = fc.array(
      fc.record({ key: fc.nat(3000).map(String), count: fc.integer({ min: 1, max: 900 }), isRemoval: fc.boolean() }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(steps, fc.nat(1), (changes, offset) => {
        const rows = new Rows();
        const model = new Map<string, MirroredItem>();
        let position = 0;
        for (const { key, count, isRemoval } of changes)
          for (let n = 0; n < count; n++) {
            const name = String((Number(key) + n * (1 + offset * 6)) % 3000);
            model.delete(name);
            if (isRemoval) {
              rows.delete(name);
              continue;
            }
            const added = item(name, ++position);
            rows.add(added);
            model.set(name, added);
          }
        const newestFirst = [...model.values()].reverse();
        expect(rows.length).toBe(newestFirst.length);
        expect(newestFirst.map((_, place) => rows.at(place))).toEqual(newestFirst);
        expect(rows.at(newestFirst.length)).toBeUndefined();
        for (const [place, { cursor }] of newestFirst.entries()) expect(rows.countAfter(cursor)).toBe(place);
      }),
      { numRuns: 30 },
    );
  });
});
