import { describe, expect, it } from 'vitest';
import type { Item } from '../../../src/core/model/change.ts';
import { ItemIndex } from '../../../src/core/replica/item-index.ts';
import { type Cursor, type Position, START } from '../../../src/core/model/position.ts';
import { Dice } from '../../support/random/dice.ts';

function itemAt(position: number): Item<null> {
  const key = `k${position}`;
  return {
    key,
    value: null,
    json: 'null',
    position: position as Position,
    digest: 0,
    timestamp: 0,
    cursor: key as Cursor,
    expiresAt: null,
    bytes: 1,
    following: 0,
  };
}

/** The index and a plain list of the same items. */
class Model {
  readonly index = new ItemIndex<null>();
  items: Item<null>[] = [];
  newest = 0;

  add(gap = 1): void {
    const item = itemAt((this.newest += gap));
    this.index.add(item);
    this.items.push(item);
  }

  remove(at: number): void {
    // Only called with a place inside the list.
    this.index.remove(this.items[at]!);
    this.items.splice(at, 1);
  }

  /** The examined positions for which index and list have different items. */
  differences(): number[] {
    const around = this.items.flatMap(({ position }) => [position - 1, position, position + 1]);
    const ends = [0, this.newest - 1, this.newest, this.newest + 1];
    const wrong = ends.filter((from) => !this.readsOnSame(from));
    let at = 0;
    for (const from of around.toSorted((a, b) => a - b)) {
      while ((this.items[at]?.position ?? Infinity) <= from) at++;
      if (this.index.next(from as Position) !== this.items[at]) wrong.push(from);
    }
    return wrong;
  }

  /** Whether index and list have the same items after a position. */
  readsOnSame(from: number): boolean {
    const expected = this.items.filter(({ position }) => position > from);
    const read = [...this.index.from(from as Position)];
    const isSame = read.length === expected.length && read.every((item, at) => item === expected[at]);
    return isSame && this.index.next(from as Position) === expected[0];
  }
}

const of = (count: number, gap = 1): Model => {
  const model = new Model();
  for (let i = 0; i < count; i++) model.add(gap);
  return model;
};

describe('the index', () => {
  it('a new item index is empty', () => {
    const index = new ItemIndex<null>();
    expect(index.next(START)).toBeUndefined();
    expect([...index.from(START)]).toEqual([]);
  });

  it.each([1, 2, 511, 512, 513, 1024, 1025, 3000])(
    'the item index finds each of %i items from every position',
    (count) => expect(of(count, 3).differences()).toEqual([]),
  );

  it('the item index returns the items themselves', () => {
    const model = of(600);
    expect([...model.index.from(START)].every((item, at) => item === model.items[at])).toBe(true);
  });

  it('removing an unknown item changes nothing in the item index', () => {
    const model = of(5, 2);
    model.index.remove(itemAt(4));
    model.index.remove(itemAt(3));
    model.index.remove(itemAt(99));
    const [first] = model.items;
    model.remove(0);
    model.index.remove(first!);
    expect(model.differences()).toEqual([]);
  });

  it('the item index can be emptied and filled again', () => {
    const model = of(1200);
    while (model.items.length > 0) model.remove(model.items.length - 1);
    expect(model.differences()).toEqual([]);
    for (let i = 0; i < 700; i++) model.add();
    expect(model.differences()).toEqual([]);
  });

  it.each<[string, (item: Item<null>, at: number) => boolean]>([
    ['every other', (_, at) => at % 2 === 0],
    ['one of 64', (_, at) => at % 64 === 0],
    ['one of 600: less than one a block', (_, at) => at % 600 === 0],
    ['the newest 10', (_, at) => at >= 2990],
    ['the oldest 10', (_, at) => at < 10],
    ['both ends', (_, at) => at < 5 || at >= 2995],
    ['the middle', (_, at) => at > 1400 && at < 1600],
  ])('the item index keeps %s of 3,000 items in any order of removals, and takes more', (_, isKept) => {
    for (const order of ['oldest first', 'newest first', 'any']) {
      const model = of(3000, 2);
      const leaving = model.items.filter((item, at) => !isKept(item, at));
      if (order === 'newest first') leaving.reverse();
      const dice = new Dice(3);
      while (leaving.length > 0) {
        const [item] = leaving.splice(order === 'any' ? dice.below(leaving.length) : 0, 1);
        model.remove(model.items.indexOf(item!));
      }
      expect(model.readsOnSame(0)).toBe(true);
      for (let i = 0; i < 600; i++) model.add();
      expect(model.differences()).toEqual([]);
    }
  });

  it.each([31, 32, 33, 34, 35, 36])('the item index equals a sorted list over random operations, seed %i', (seed) => {
    const dice = new Dice(seed);
    const model = new Model();
    const wrong: number[] = [];
    for (let phase = 0; phase < 12; phase++) {
      // Phases that mostly add and phases that mostly remove make blocks fill, pack and merge.
      const growing = phase % 3 !== 2;
      for (let step = 0; step < 800; step++) {
        const adds = growing ? !dice.once(4) : dice.once(5);
        if (adds || model.items.length === 0) model.add(1 + dice.below(4));
        else model.remove(dice.once(3) ? 0 : dice.below(model.items.length));
        if (step % 10 === 0 && !model.readsOnSame(dice.below(model.newest + 3))) wrong.push(step);
      }
      expect(model.differences()).toEqual([]);
    }
    expect(wrong).toEqual([]);
  });

  it('the item index equals a list when hot keys change around cold ones', () => {
    const model = new Model();
    const dice = new Dice(37);
    for (let i = 0; i < 20_000; i++) {
      model.add();
      // One of 500 items stays; of the others the newest 40 or so.
      while (model.items.length > 40 + i / 500) {
        const at = model.items.length - 2 - dice.below(40);
        model.remove(at);
      }
    }
    expect(model.differences()).toEqual([]);
  });
});
