/** No turn of the event loop waits for sums of many mirrors: what takes long is left for later slices. Times are counted as tests of values. */
import { expect, it } from 'vitest';
import { itemFilter, type ItemFilter } from '../../../src/core/input/item-filter.ts';
import { type Defer } from '../../../src/core/interest/first-sums.ts';
import { Interest } from '../../../src/core/interest/interest.ts';
import type { Watch } from '../../../src/core/interest/watch.ts';
import type { DecodedCommand } from '../../../src/core/model/command.ts';
import type { Epoch, Sequence } from '../../../src/core/model/position.ts';
import { Replica } from '../../../src/core/replica/replica.ts';

type Slice = Parameters<Defer>[0];

/** A map whose slices are made by the test, and which counts the tests of values. */
class CountedMap {
  readonly late: Slice[] = [];
  readonly sums: Slice[] = [];
  readonly replica = new Replica<unknown>('0123456789ab' as Epoch, { maxItems: 1e6, maxBytes: 1e9, window: 10_000 });
  readonly interest = new Interest({
    shown: () => this.replica,
    deferLate: (slice) => this.late.push(slice),
    deferSums: (slice) => this.sums.push(slice),
  });
  tests = 0;

  constructor(items: number) {
    this.replica.onChange = (change, superseded, before) => this.interest.note(change, superseded, before);
    this.insert('k', items);
  }

  insert(name: string, count: number): void {
    const insertions = Array.from({ length: count }, (_, n) => ({ key: `${name}${n}`, json: `{"p":${n}}`, bytes: 16 }));
    const command: DecodedCommand = {
      id: `${name}${this.replica.sequence}`,
      crc: 1,
      command: { kind: 'insert', insertions },
    };
    this.replica.apply((this.replica.sequence + 1) as Sequence, 1, command);
  }

  /** Mirrors with filters of their own, which no index finds. */
  join(count: number, first = 0): Watch[] {
    return Array.from({ length: count }, (_, n) =>
      this.interest.listen(
        this.#counted(itemFilter({ where: { path: '/p', gte: first + n } })),
        { concern() {}, wake() {} },
        true,
      ),
    );
  }

  /** How many tests the next slice of sums makes, whose time is over as soon as it asks. */
  slice(): number {
    const before = this.tests;
    this.sums.shift()?.(() => true);
    return this.tests - before;
  }

  rest(): void {
    while (this.late.length + this.sums.length > 0) {
      this.late.shift()?.(() => false);
      this.sums.shift()?.(() => false);
    }
  }

  #counted({ where, ...keys }: ItemFilter): ItemFilter {
    if (!where) throw new Error('no condition');
    const { matches } = where;
    const counting = (value: unknown): boolean => {
      this.tests++;
      return matches(value);
    };
    Object.defineProperty(where, 'matches', { value: counting });
    return { ...keys, where };
  }
}

const sizes = (watches: readonly Watch[]): (number | undefined)[] =>
  watches.map((watch) => {
    watch.catchUp();
    return watch.isSumKnown ? watch.sum?.size : undefined;
  });

it('a slice of sums does not test all late mirrors with all changes that wait', () => {
  const map = new CountedMap(3000);
  const watches = map.join(50);
  // The first pass is of the first mirror alone.
  map.sums.shift()?.(() => false);
  map.slice();
  map.insert('n', 200);
  expect(map.slice()).toBeLessThan(1000);
  map.rest();
  expect(sizes(watches)).toEqual(watches.map((_, n) => 3200 - 2 * n));
});

it('a mirror that joins does not compute at once what many others wait for', () => {
  const map = new CountedMap(1000);
  const watches = map.join(50);
  map.rest();
  for (let n = 0; n < 5; n++) map.insert(`n${n}-`, 1000);
  const before = map.tests;
  const last = map.join(1, 50);
  expect(map.tests - before).toBeLessThan(3000);
  map.rest();
  expect(sizes([...watches, ...last])).toEqual([...watches.map((_, n) => 6000 - 6 * n), 5700]);
});

it('many mirrors that join a small map at once share one pass over it', () => {
  const map = new CountedMap(1000);
  const watches = map.join(100);
  expect(map.tests).toBeLessThan(3000);
  map.rest();
  expect(sizes(watches)).toEqual(watches.map((_, n) => 1000 - n));
});

it('a mirror that joins a small map alone knows its sum at once', () => {
  const map = new CountedMap(1000);
  for (let n = 0; n < 10; n++) {
    expect(sizes(map.join(1))).toEqual([1000]);
    map.rest();
  }
});

it('a slice of sums looks at the clock after some tests, however many mirrors wait', () => {
  const map = new CountedMap(3000);
  const watches = map.join(100);
  map.sums.shift()?.(() => false);
  const tests = map.slice();
  expect(tests).toBeGreaterThan(0);
  expect(tests).toBeLessThan(300);
  map.rest();
  expect(sizes(watches)).toEqual(watches.map((_, n) => 3000 - n));
});

it('a pass that no mirror waits for any more ends', () => {
  const map = new CountedMap(3000);
  const [watch] = map.join(1);
  if (!watch) throw new Error('no watch');
  let listener: unknown;
  watch.visit((one) => (listener = one));
  map.interest.unlisten(watch, listener as Parameters<Interest['unlisten']>[1]);
  expect(map.sums).toHaveLength(1);
  map.slice();
  expect(map.sums).toHaveLength(0);
});
