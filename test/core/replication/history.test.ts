import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { History, sharedUpTo } from '../../../src/core/replica/history.ts';
import { type Place, parseEpoch, type Position } from '../../../src/core/model/position.ts';
import { Replica } from '../../../src/core/replica/replica.ts';
import { Feed } from '../../support/model/feed.ts';

const place = (position: number): Place => ({ position: position as Position, digest: position });
const positionAt = (at: number, cutoff = at, seen?: number) => ({
  at: place(at),
  cutoff: place(cutoff),
  seen: seen === undefined ? undefined : place(seen),
});

describe('a read position is kept', () => {
  it.each([
    ['at the last shared position', positionAt(5), 5, true],
    ['after the last shared position', positionAt(6), 5, false],
    ['in a snapshot whose cutoff is not shared', positionAt(2, 6), 5, false],
    ['in a lag that has seen later changes', positionAt(2, 2, 6), 5, false],
    ['that has passed its seen head', positionAt(5, 2, 3), 5, true],
    ['at the start of another epoch', positionAt(0), -1, false],
  ] as const)('a subscription %s is judged by the shared history', (_name, its, shared, isKept) => {
    const history = new History();
    history.endAt(shared);
    expect(history.keeps(its)).toBe(isKept);
  });

  it('a read position is kept when every later history has kept it', () => {
    const first = new History();
    const second = first.endAt(5);
    const third = second.endAt(3);
    const keeps = (history: History, position: number): boolean => history.keeps(positionAt(position));
    expect([keeps(first, 3), keeps(first, 4), keeps(second, 4), keeps(third, 9)]).toEqual([true, false, false, true]);
  });
});

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const story = fc.array(fc.record({ key, isRemoval: fc.boolean() }), { maxLength: 12 });
type Story = readonly { readonly key: string; readonly isRemoval: boolean }[];

function told(window: number, before: Story, after: Story, now: number): { feed: Feed; fork: number } {
  const feed = new Feed({ window });
  const tell = (steps: Story): void => {
    for (const step of steps) {
      if (step.isRemoval) feed.remove(step.key);
      else feed.insert({ key: step.key });
    }
  };
  tell(before);
  const fork = feed.replica.head.position;
  feed.now += now;
  tell(after);
  return { feed, fork };
}

describe('what two replicas share', () => {
  it('two replicas share everything before they diverged, when both know all later digests', () => {
    fc.assert(
      fc.property(story, story, story, (before, one, other) => {
        const [older, newer] = [told(1000, before, one, 1), told(1000, before, other, 2)];
        expect(sharedUpTo(older.feed.replica, newer.feed.replica)).toBe(older.fork);
      }),
    );
  });

  it('two replicas never share a current item that the other one knew as another', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), story, story, story, (window, before, one, other) => {
        const [{ feed: older, fork }, { feed: newer }] = [told(window, before, one, 1), told(window, before, other, 2)];
        const shared = sharedUpTo(older.replica, newer.replica);
        expect(shared).toBeLessThanOrEqual(Math.min(older.replica.head.position, newer.replica.head.position));
        for (const { position } of newer.replica.items.index.from(fork as Position))
          if (position <= shared) expect(older.replica.digestAt(position)).toBeUndefined();
      }),
      { numRuns: 2000 },
    );
  });

  it('two replicas share the whole shorter one when it only lacks the rest, or the digests are forgotten', () => {
    const [older, newer] = [new Feed({ window: 2 }), new Feed({ window: 2 })];
    for (const name of ['a', 'b', 'c', 'd']) older.insert({ key: name });
    for (const name of ['a', 'b', 'c']) newer.insert({ key: name });
    expect(sharedUpTo(older.replica, newer.replica)).toBe(3);
    newer.insert({ key: 'd' });
    for (let n = 0; n < 9; n++) newer.insert({ key: 'd' });
    expect(newer.replica.digestAt(4 as Position)).toBeUndefined();
    expect(sharedUpTo(older.replica, newer.replica)).toBe(4);
  });

  it('two replicas share nothing when they diverged at the first change, and not even the start in another epoch', () => {
    const [older, newer] = [
      told(1000, [], [{ key: 'a', isRemoval: false }], 1),
      told(1000, [], [{ key: 'a', isRemoval: false }], 2),
    ];
    expect(sharedUpTo(older.feed.replica, newer.feed.replica)).toBe(0);
    const other = new Replica<unknown>(parseEpoch('another00000'), older.feed.replica.bounds);
    expect(sharedUpTo(older.feed.replica, other)).toBe(-1);
  });
});
