import { describe, expect, it } from 'vitest';
import type { Item } from '../../../src/core/model/change.ts';
import { ExpiryQueue, hasExpiry } from '../../../src/core/replica/expiry-queue.ts';
import type { Cursor, Position } from '../../../src/core/model/position.ts';
import { Dice } from '../../support/random/dice.ts';

type ExpiringItem = Item<null> & { readonly expiresAt: number };

function expiring(position: number, expiresAt: number): ExpiringItem {
  const key = `k${position}`;
  return {
    key,
    value: null,
    json: 'null',
    position: position as Position,
    digest: 0,
    timestamp: 0,
    cursor: key as Cursor,
    expiresAt,
    bytes: 1,
    following: 0,
  };
}

/** A queue with a set of current items, and the same by sorting. */
class Model {
  readonly current = new Set<Item<null>>();
  readonly queue = new ExpiryQueue<null>((item) => this.current.has(item));

  push(item: ExpiringItem): ExpiringItem {
    this.current.add(item);
    this.queue.push(item);
    return item;
  }

  forget(item: Item<null>): void {
    this.current.delete(item);
    this.queue.forget();
  }

  first(): Item<null> | undefined {
    const expiring = [...this.current].filter(hasExpiry);
    return expiring.toSorted((a, b) => a.expiresAt - b.expiresAt || a.position - b.position)[0];
  }

  /** Removes all items in order. */
  drain(): number[] {
    const positions: number[] = [];
    for (let item; (item = this.queue.peek()); this.forget(item)) positions.push(item.position);
    return positions;
  }
}

describe('the queue', () => {
  it('an empty expiry queue has no first item', () => expect(new Model().queue.peek()).toBeUndefined());

  it.each<[string, readonly (readonly [position: number, expiresAt: number])[], number[]]>([
    [
      'by expiresAt',
      [
        [1, 30],
        [2, 10],
        [3, 20],
      ],
      [2, 3, 1],
    ],
    [
      'by position where they expire at once',
      [
        [3, 10],
        [1, 10],
        [2, 10],
      ],
      [1, 2, 3],
    ],
    [
      'by expiresAt before position',
      [
        [1, 20],
        [2, 10],
        [3, 20],
        [4, 10],
      ],
      [2, 4, 1, 3],
    ],
    [
      'also when they came in reverse',
      [
        [1, 4],
        [2, 3],
        [3, 2],
        [4, 1],
      ],
      [4, 3, 2, 1],
    ],
    [
      'also when they came in order',
      [
        [1, 1],
        [2, 2],
        [3, 3],
        [4, 4],
      ],
      [1, 2, 3, 4],
    ],
    [
      'in ms that 32 bits can not hold',
      [
        [1, 2 ** 42],
        [2, 2 ** 42 - 1],
        [3, 2 ** 52],
      ],
      [2, 1, 3],
    ],
  ])('the expiry queue returns items %s', (_, pairs, expected) => {
    const model = new Model();
    for (const [position, expiresAt] of pairs) model.push(expiring(position, expiresAt));
    expect(model.drain()).toEqual(expected);
  });

  it('peek leaves the item in the expiry queue', () => {
    const model = new Model();
    const item = model.push(expiring(1, 10));
    expect([model.queue.peek(), model.queue.peek()]).toEqual([item, item]);
  });

  it('the expiry queue never returns an item that is no longer current', () => {
    const model = new Model();
    const [a, b] = [model.push(expiring(1, 10)), model.push(expiring(2, 20))];
    model.forget(a);
    expect(model.queue.peek()).toBe(b);
    model.forget(b);
    expect(model.queue.peek()).toBeUndefined();
  });

  it('the expiry queue returns the remaining items of thousands after any number were forgotten', () => {
    const model = new Model();
    const items = Array.from({ length: 5000 }, (_, i) => model.push(expiring(i + 1, (i * 7919) % 1000)));
    for (const item of items) if (item.position % 50 !== 0) model.forget(item);
    const expected = items.filter((item) => model.current.has(item));
    expected.sort((a, b) => a.expiresAt - b.expiresAt || a.position - b.position);
    expect(model.drain()).toEqual(expected.map(({ position }) => position));
  });

  it('the expiry queue holds at most about twice the current items', () => {
    const held = new Set<Item<null>>();
    const model = new Model();
    const queue = new ExpiryQueue<null>((item) => (held.add(item), model.current.has(item)));
    // The items are superseded, but never due: only packing removes them.
    for (let i = 1; i <= 20_000; i++) {
      const item = expiring(i, 1_000_000);
      queue.push(item);
      model.current.add(item);
      const old = [...model.current][0];
      if (model.current.size > 10 && old) {
        model.current.delete(old);
        queue.forget();
      }
    }
    held.clear();
    while (queue.peek()) {
      // Each peek returns a current item; the skipped ones were still held.
      model.current.delete(queue.peek()!);
      queue.forget();
    }
    expect(held.size).toBeLessThan(2048);
  });

  it.each([41, 42, 43, 44])('the expiry queue equals a sorted list over random operations, seed %i', (seed) => {
    const dice = new Dice(seed);
    const model = new Model();
    let position = 0;
    const wrong: number[] = [];
    for (let step = 0; step < 6000; step++) {
      const isGrowing = step % 2000 < 1400;
      if (isGrowing ? !dice.once(4) : dice.once(5)) model.push(expiring(++position, dice.below(500)));
      else if (model.current.size > 0) {
        const first = model.queue.peek();
        if (dice.once(2) && first) model.forget(first);
        else model.forget(dice.pick([...model.current]));
      }
      if (step % 10 === 0 && model.queue.peek() !== model.first()) wrong.push(step);
    }
    expect(wrong).toEqual([]);
    const expected = [...model.current]
      .filter(hasExpiry)
      .toSorted((a, b) => a.expiresAt - b.expiresAt || a.position - b.position);
    expect(model.drain()).toEqual(expected.map((item) => item.position));
  });
});

it('an item without a ttl has no expiry', () => {
  expect(hasExpiry(expiring(1, 10))).toBe(true);
  expect(hasExpiry({ ...expiring(1, 10), expiresAt: null })).toBe(false);
});
