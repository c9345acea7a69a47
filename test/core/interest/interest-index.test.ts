import { describe, expect, it } from 'vitest';
import { type KeyFilter, keyFilter, passes } from '../../../src/core/input/key-filter.ts';
import { InterestIndex } from '../../../src/core/interest/interest-index.ts';
import { Dice } from '../../support/random/dice.ts';

interface Watch {
  readonly id: number;
  readonly filter: KeyFilter;
}

const visited = (index: InterestIndex<Watch>, key: string): Watch[] => {
  const watches: Watch[] = [];
  index.find(key, (watch) => watches.push(watch));
  return watches;
};

const ids = (watches: readonly Watch[]): number[] => watches.map(({ id }) => id).toSorted((a, b) => a - b);

describe('the index of filters', () => {
  const indexOf = (...filters: readonly KeyFilter[]): InterestIndex<Watch> => {
    const index = new InterestIndex<Watch>();
    for (const [id, filter] of filters.entries()) index.add(filter, { id, filter });
    return index;
  };

  it('a key finds the filters that list it, have a prefix of it, or pass every key', () => {
    const index = indexOf(
      keyFilter(),
      keyFilter({ keys: ['user:1', 'user:2'] }),
      keyFilter({ keyPrefix: 'user:' }),
      keyFilter({ keys: ['user:2'] }),
      keyFilter({ keyPrefix: 'order:' }),
    );
    expect(ids(visited(index, 'user:1'))).toEqual([0, 1, 2]);
    expect(ids(visited(index, 'user:2'))).toEqual([0, 1, 2, 3]);
    expect(ids(visited(index, 'order:7'))).toEqual([0, 4]);
    expect(ids(visited(index, 'else'))).toEqual([0]);
  });

  it('a filter with keys and a prefix is found only by its keys that start with the prefix', () => {
    const index = indexOf(keyFilter({ keys: ['user:1', 'order:1'] }, 'user:'));
    expect(ids(visited(index, 'user:1'))).toEqual([0]);
    expect(ids(visited(index, 'order:1'))).toEqual([]);
    expect(ids(visited(index, 'user:2'))).toEqual([]);
    expect(index.places).toBe(1);
  });

  it.each([
    ['an empty list of keys', keyFilter({ keys: [] })],
    ['keys that lack its prefix', keyFilter({ keys: ['a', 'b'], keyPrefix: 'c' })],
    ['a prefix that its token does not allow', keyFilter({ keyPrefix: 'a' }, 'b')],
  ])('a filter with %s takes no place, and is not counted', (_, filter) => {
    const index = indexOf(filter);
    expect({ size: index.size, places: index.places }).toEqual({ size: 0, places: 0 });
    index.delete(filter, { id: 0, filter });
    expect(index.size).toBe(0);
  });

  it('a filter is counted once however many keys it lists, and however often it is added or deleted', () => {
    const index = new InterestIndex<Watch>();
    const watch = { id: 1, filter: keyFilter({ keys: ['a', 'b', 'c'] }) };
    index.add(watch.filter, watch);
    index.add(watch.filter, watch);
    expect(index.size).toBe(1);
    expect(visited(index, 'b')).toEqual([watch]);
    index.delete(watch.filter, watch);
    index.delete(watch.filter, watch);
    expect({ size: index.size, places: index.places }).toEqual({ size: 0, places: 0 });
  });

  it('a filter is deleted by an equal filter', () => {
    const index = new InterestIndex<Watch>();
    const watch = { id: 1, filter: keyFilter({ keys: ['b', 'a'] }) };
    index.add(watch.filter, watch);
    index.delete(keyFilter({ keys: ['a', 'b'] }), watch);
    expect(visited(index, 'a')).toEqual([]);
    expect(index.places).toBe(0);
  });

  it('values that share a filter are all found, and each leaves alone', () => {
    const filter = keyFilter({ keys: ['a'] });
    const watches = [1, 2, 3].map((id) => ({ id, filter }));
    const index = new InterestIndex<Watch>();
    for (const watch of watches) index.add(filter, watch);
    expect(ids(visited(index, 'a'))).toEqual([1, 2, 3]);
    index.delete(filter, { id: 2, filter });
    expect(ids(visited(index, 'a'))).toEqual([1, 2, 3]);
    for (const watch of watches.slice(1)) index.delete(filter, watch);
    expect(ids(visited(index, 'a'))).toEqual([1]);
  });
});

/** Parts of keys and prefixes: some contain each other, some share half of a surrogate pair, one is long. */
const PARTS = ['a', 'b', 'ab', '/', '\u{1F600}', '\u{1F601}', '\ud83d', '\ude00', 'é', 'long name of a room/'];

/** An index beside the list of all that it holds, in which each filter is asked by itself. */
class World {
  readonly index = new InterestIndex<Watch>();
  readonly dice: Dice;
  watches: Watch[] = [];
  #newest = 0;

  constructor(seed: number) {
    this.dice = new Dice(seed);
  }

  text(most: number): string {
    const { dice } = this;
    const text = Array.from({ length: dice.below(most + 1) }, () => dice.pick(PARTS)).join('');
    return dice.once(50) ? `${'/'.repeat(700)}${text}` : text;
  }

  add(): void {
    const { dice } = this;
    const keys = dice.once(2) ? Array.from({ length: dice.below(5) }, () => this.text(3)) : undefined;
    const keyPrefix = keys && dice.once(2) ? keys[0]?.slice(0, 2) : this.text(3);
    const fresh = keyFilter({ keys, keyPrefix }, dice.once(4) ? this.text(1) : '');
    const filter = this.watches.length > 0 && dice.once(8) ? dice.pick(this.watches).filter : fresh;
    const watch = { id: ++this.#newest, filter };
    this.watches.push(watch);
    this.index.add(filter, watch);
  }

  delete(): void {
    const [watch] = this.watches.splice(this.dice.below(this.watches.length), 1);
    if (watch) this.index.delete(watch.filter, watch);
  }

  /** The key, if the index and the list differ about it. */
  difference(): { key: string; found: number[]; expected: number[] } | undefined {
    const known = this.watches.length > 0 && this.dice.once(2) ? this.dice.pick(this.watches).filter : undefined;
    const key = known ? ([...(known.keys ?? [])][0] ?? known.prefix) + this.text(1) : this.text(4);
    const found = ids(visited(this.index, key));
    const expected = ids(this.watches.filter(({ filter }) => passes(filter, key)));
    return String(found) === String(expected) ? undefined : { key, found, expected };
  }

  get reachable(): number {
    const isReachable = ({ keys, prefix }: KeyFilter): boolean =>
      keys === undefined || [...keys].some((key) => key.startsWith(prefix));
    return this.watches.filter(({ filter }) => isReachable(filter)).length;
  }

  get mostPlaces(): number {
    const keys = new Set(this.watches.flatMap(({ filter }) => [...(filter.keys ?? [])]));
    const prefixes = new Set(this.watches.filter(({ filter }) => !filter.keys).map(({ filter }) => filter.prefix));
    return keys.size + 2 * prefixes.size;
  }
}

describe('random filters', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('an index of random filters finds what each filter passes (seed %i)', (seed) => {
    const world = new World(seed);
    const problems: unknown[] = [];
    let most = 0;
    for (let step = 0; step < 3000; step++) {
      // Grows to many filters and shrinks to few, several times.
      const isGrowing = step % 600 < 300;
      if (world.dice.once(3) === isGrowing) world.delete();
      else world.add();
      for (let times = 0; times < 3; times++) problems.push(world.difference() ?? []);
      if (world.index.places > world.mostPlaces) problems.push({ step, places: world.index.places });
      if (world.index.size !== world.reachable) problems.push({ step, size: world.index.size });
      most = Math.max(most, world.watches.length);
    }
    expect(problems.flat()).toEqual([]);
    expect(most).toBeGreaterThan(50);

    while (world.watches.length > 0) world.delete();
    expect({ size: world.index.size, places: world.index.places }).toEqual({ size: 0, places: 0 });
  });
});
