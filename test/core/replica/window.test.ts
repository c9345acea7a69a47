import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/core/model/change.ts';
import { type Cursor, ORIGIN, type Position } from '../../../src/core/model/position.ts';
import { Window } from '../../../src/core/replica/window.ts';
import { Dice } from '../../support/random/dice.ts';

function change(position: number, bytes = 1): Change<null> {
  const placed = {
    position: position as Position,
    digest: position * 7,
    timestamp: 0,
    cursor: '' as Cursor,
    following: 0,
  };
  return { key: 'k', value: null, json: 'null', expiresAt: null, bytes, ...placed };
}

function removal(position: number, key: string): Change<null> {
  const placed = {
    position: position as Position,
    digest: position * 7,
    timestamp: 0,
    cursor: '' as Cursor,
    following: 0,
  };
  return { key, reason: 'REMOVED', ...placed };
}

const positionsOf = (changes: Iterable<Change<null>>): number[] => [...changes].map(({ position }) => position);

describe('a window', () => {
  it('a new window is empty, with its floor at the origin', () => {
    const window = new Window<null>(3, 100);
    expect([...window]).toEqual([]);
    expect(window.floor).toEqual(ORIGIN);
    expect(window.get(0 as Position)).toBeUndefined();
    expect(window.get(1 as Position)).toBeUndefined();
  });

  it('a window holds the newest changes, and returns those that leave', () => {
    const window = new Window<null>(3, 100);
    const left = [1, 2, 3, 4, 5].map((position) => positionsOf(window.push(change(position))));
    expect(left).toEqual([[], [], [], [1], [2]]);
    expect(positionsOf(window)).toEqual([3, 4, 5]);
    expect(window.floor).toEqual({ position: 2, digest: 14 });
  });

  it.each([
    [2, undefined],
    [3, 3],
    [5, 5],
    [6, undefined],
    [3 + 16, undefined],
    [5 + 1024, undefined],
    [-13, undefined],
  ])('a window returns for position %i: %s', (position, expected) => {
    const window = new Window<null>(3, 100);
    for (const at of [1, 2, 3, 4, 5]) window.push(change(at));
    expect(window.get(position as Position)?.position).toBe(expected);
  });

  it('a window is bounded by the bytes of items and of the keys of removals', () => {
    const window = new Window<null>(100, 10);
    window.push(change(1, 4));
    window.push(removal(2, 'four'));
    expect(positionsOf(window.push(change(3, 2)))).toEqual([]);
    expect(positionsOf(window.push(change(4, 1)))).toEqual([1]);
    expect(positionsOf(window.push(change(5, 7)))).toEqual([2]);
    expect(positionsOf(window)).toEqual([3, 4, 5]);
  });

  it('a change that alone exceeds the bytes leaves the window at once, with everything before it', () => {
    const window = new Window<null>(100, 10);
    window.push(change(1, 4));
    expect(positionsOf(window.push(change(2, 11)))).toEqual([1, 2]);
    expect(window.floor.position).toBe(2);
    window.push(change(3, 10));
    expect(positionsOf(window)).toEqual([3]);
  });

  it('a window continues from the floor of a snapshot', () => {
    const floor = { position: 1000 as Position, digest: 5 };
    const window = new Window<null>(2, 100, floor);
    expect(window.floor).toEqual(floor);
    for (const at of [1001, 1002, 1003]) window.push(change(at));
    expect(positionsOf(window)).toEqual([1002, 1003]);
  });

  it('a resized window returns the changes that no longer fit, oldest first', () => {
    const window = new Window<null>(100, 1000);
    for (let at = 1; at <= 50; at++) window.push(change(at, 2));
    expect(positionsOf(window.resize(48, 1000))).toEqual([1, 2]);
    expect(positionsOf(window.resize(100, 90))).toEqual([3, 4, 5]);
    expect(positionsOf(window.resize(100, 1000))).toEqual([]);
    window.push(change(51, 2));
    expect(positionsOf(window)).toEqual(Array.from({ length: 46 }, (_, at) => at + 6));
  });

  it.each([51, 52, 53])('a window equals a list over random operations, seed %i', (seed) => {
    const dice = new Dice(seed);
    const start = dice.below(1000);
    const window = new Window<null>(40, 200, { position: start as Position, digest: 0 });
    const model: Change<null>[] = [];
    let [maxCount, maxBytes, head] = [40, 200, start];
    const sizeOf = (each: Change<null>): number => ('bytes' in each ? each.bytes : each.key.length);
    for (let step = 0; step < 3000; step++) {
      let left: readonly Change<null>[];
      if (dice.once(40)) {
        [maxCount, maxBytes] = [1 + dice.below(300), 1 + dice.below(1500)];
        left = window.resize(maxCount, maxBytes);
      } else {
        const next = dice.once(3) ? removal(++head, 'k'.repeat(1 + dice.below(9))) : change(++head, 1 + dice.below(12));
        left = window.push(next);
        model.push(next);
      }
      const bytes = (): number => model.reduce((sum, each) => sum + sizeOf(each), 0);
      const gone: Change<null>[] = [];
      while (model.length > maxCount || bytes() > maxBytes) gone.push(...model.splice(0, 1));
      expect(left).toEqual(gone);
      expect([...window]).toEqual(model);
      expect(window.floor.position).toBe(head - model.length);
      expect(window.get((head + 1) as Position)).toBeUndefined();
      expect(window.get(window.floor.position)).toBeUndefined();
    }
  });
});

it('a window reaches back as far as its count until something has left it, and then as far as it holds changes', () => {
  const window = new Window<null>(8, 30);
  expect(window.reach).toBe(8);
  for (const at of [1, 2, 3]) window.push(change(at, 10));
  expect(window.reach).toBe(8);
  for (const at of [4, 5]) window.push(change(at, 15));
  expect(window.reach).toBe(2);
  for (let at = 6; at <= 40; at++) window.push(change(at));
  expect(window.reach).toBe(8);
});
