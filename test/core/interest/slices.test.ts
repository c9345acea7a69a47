/** Sums and late tests that take many slices, while the map changes between them in every way. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { filter, givenFilter } from '../../support/interest/filters.ts';
import { MadeListener, MadeMap } from '../../support/interest/made-map.ts';
import { content } from '../../support/interest/made-where.ts';

/** Items that the first slice of a sum can't all count: they say that they have so many bytes. */
const [ITEMS, LARGE] = [96, 64 * 100];
/** Few of them may wait for late tests. */
const HUGE = 700_000;

/** Runs all slices. */
function rest(map: MadeMap): void {
  while (!map.isAtRest) {
    map.slice('late');
    map.slice('sums');
  }
}

type Step =
  | { readonly do: 'insert'; readonly keys: readonly number[]; readonly value: unknown; readonly bytes: number }
  | { readonly do: 'remove'; readonly key: number }
  | { readonly do: 'join'; readonly filter: ReturnType<typeof givenFilter>; readonly isMirror: boolean }
  | { readonly do: 'leave' | 'look'; readonly who: number }
  | { readonly do: 'slice'; readonly kind: 'sums' | 'late'; readonly looks: number }
  | { readonly do: 'rebuild'; readonly keeps: number };

const key = fc.nat(ITEMS + 4);
const joins = fc.record({ do: fc.constant('join' as const), filter, isMirror: fc.boolean() });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('insert' as const),
      keys: fc.array(key, { minLength: 1, maxLength: 4 }),
      value: content,
      bytes: fc.constantFrom(10, 10, LARGE, LARGE, HUGE),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), key }) },
  { weight: 3, arbitrary: joins },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('leave' as const), who: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('look' as const), who: fc.nat(20) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('slice' as const),
      kind: fc.constantFrom('sums' as const, 'late' as const),
      looks: fc.nat(3),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rebuild' as const), keeps: fc.integer({ min: 1, max: 4 }) }) },
);

const nameOf = (n: number): string => (n < 20 ? ['a', 'aa', 'a/1', 'b'][n % 4] + '/'.repeat(n >> 2) : `a/${n}`);

function run(
  values: readonly unknown[],
  steps: readonly Step[],
): Readonly<Record<'passes' | 'wakes' | 'tells', number>> {
  const map = new MadeMap();
  for (let n = 0; n < ITEMS; n++) map.insert(nameOf(n), values[n % values.length], LARGE);
  let listeners: MadeListener[] = [];
  let [passes, wakes, tells] = [0, 0, 0];
  const check = (listener: MadeListener | undefined): void => {
    const problem = listener?.problem();
    if (problem !== undefined) throw new Error(`${JSON.stringify(listener?.filter.given)}: ${problem}`);
  };
  const take = (one: Step): void => {
    if (one.do === 'insert') {
      const before = map.head;
      for (const n of one.keys) map.insert(nameOf(n), one.value, one.bytes, before);
    } else if (one.do === 'remove') map.remove(nameOf(one.key));
    else if (one.do === 'join') {
      const listener = new MadeListener(map, one.filter, one.isMirror);
      if (one.isMirror && !listener.watch.isSumKnown) passes++;
      listeners.push(listener);
    } else if (one.do === 'slice') map.slice(one.kind, one.looks);
    else if (one.do === 'rebuild') {
      // Or else changes of the replica before may wait.
      if (one.keeps % 2 === 0) for (const listener of listeners) check(listener);
      let n = 0;
      map.showAnother(() => ++n % one.keeps === 0);
      for (const listener of listeners) listener.startAgain();
    } else {
      const listener = listeners[one.who % Math.max(1, listeners.length)];
      check(listener);
      if (one.do === 'look' || !listener) return;
      listener.leave();
      listeners = listeners.filter((each) => each !== listener);
    }
  };
  for (const one of steps) take(one);
  while (!map.isAtRest) {
    map.slice('late', 1);
    map.slice('sums', 1);
  }
  for (const listener of listeners) {
    check(listener);
    const { isMirror, watch, knowsSum } = listener;
    if (isMirror && !(watch.isSumKnown && knowsSum)) throw new Error('a mirror waits for its sum for good');
    wakes += listener.wakes;
    tells += listener.tells;
  }
  return { passes, wakes, tells };
}

it('sums and late tests are right whatever happens between their slices', () => {
  const total = { passes: 0, wakes: 0, tells: 0 };
  const numRuns = Number(process.env['MODEL_RUNS'] ?? 1500);
  fc.assert(
    fc.property(
      fc.array(content, { minLength: 3, maxLength: 12 }),
      fc.array(joins, { minLength: 1, maxLength: 6 }),
      fc.array(step, { minLength: 20, maxLength: 70 }),
      (values, first, steps) => {
        const { passes, wakes, tells } = run(values, [...first, ...steps]);
        total.passes += passes;
        total.wakes += wakes;
        total.tells += tells;
      },
    ),
    { numRuns },
  );
  for (const count of Object.values(total)) expect(count).toBeGreaterThan(numRuns / 2);
});

const DEAR = givenFilter({ where: { path: '/p', gt: 0 } });
const OPEN = givenFilter({ where: { path: '/s', eq: 'open' } });

it.each([
  ['an item before the pass is superseded and still matches', (map: MadeMap) => map.insert('k1', { p: 2 })],
  ['an item before the pass ceases to match', (map: MadeMap) => map.insert('k1', { p: -2 })],
  ['an item before the pass is removed', (map: MadeMap) => map.remove('k1')],
  ['an item after the pass is superseded and still matches', (map: MadeMap) => map.insert('k90', { p: 2 })],
  ['an item after the pass ceases to match', (map: MadeMap) => map.insert('k90', { p: -2 })],
  ['an item after the pass is removed', (map: MadeMap) => map.remove('k90')],
  ['a new item matches', (map: MadeMap) => map.insert('new', { p: 2 })],
  [
    'a new item is removed again',
    (map: MadeMap) => {
      map.insert('new', { p: 2 });
      map.remove('new');
    },
  ],
  [
    'an item before the pass changes twice',
    (map: MadeMap) => {
      map.insert('k1', { p: -2 });
      map.insert('k1', { p: 7 });
    },
  ],
])('a first sum is right although %s meanwhile', (_what, change) => {
  const map = new MadeMap();
  for (let n = 0; n < ITEMS; n++) map.insert(`k${n}`, { p: n % 3 }, LARGE);
  const mirror = new MadeListener(map, DEAR, true);
  expect(mirror.watch.isSumKnown).toBe(false);
  map.slice('sums', 0);
  expect(mirror.watch.isSumKnown).toBe(false);
  change(map);
  while (!map.isAtRest) {
    map.slice('late');
    map.slice('sums', 0);
  }
  expect(mirror.knowsSum).toBe(true);
  expect(mirror.problem()).toBeUndefined();
});

it('mirrors that join during a pass share the next one, and one that leaves takes nothing from the others', () => {
  const map = new MadeMap();
  for (let n = 0; n < ITEMS; n++) map.insert(`k${n}`, { p: n % 3, s: 'open' }, LARGE);
  const join = (): MadeListener[] =>
    [DEAR, OPEN, givenFilter({ keyPrefix: 'k1' })].map((one) => new MadeListener(map, one, true));
  const [first, second] = [join(), join()];
  const late = Array.from(
    { length: 50 },
    (_, n) => new MadeListener(map, givenFilter({ where: { path: '/p', gt: n } }), true),
  );
  map.slice('sums', 1);
  first[0]?.leave();
  first[1]?.leave();
  second[1]?.leave();
  map.insert('k3', { p: 100 });
  while (!map.isAtRest) {
    map.slice('late');
    map.slice('sums', 1);
  }
  for (const mirror of [...second.filter((_, n) => n !== 1), ...late]) {
    expect(mirror.knowsSum).toBe(true);
    expect(mirror.problem()).toBeUndefined();
  }
});

it.each([
  ['more than 4,096 changes wait', 4100, 10],
  ['more than 2 MiB of changes wait', 4, HUGE],
])('late watches are woken when %s, and their sums are computed again', (_what, count, bytes) => {
  const map = new MadeMap();
  for (let n = 0; n < ITEMS; n++) map.insert(`k${n}`, { p: n % 3 }, LARGE);
  const [mirror, items] = [new MadeListener(map, DEAR, true), new MadeListener(map, DEAR, false)];
  const indexed = new MadeListener(map, OPEN, true);
  const others = Array.from(
    { length: 40 },
    (_, n) => new MadeListener(map, givenFilter({ where: { path: '/p', gt: n } }), true),
  );
  rest(map);
  const wakes = mirror.wakes;
  for (let n = 0; n < count; n++) map.insert(`k${n % 50}`, { p: (n % 5) - 2, s: 'open' }, bytes);
  expect(mirror.wakes).toBe(wakes + 1);
  expect(mirror.watch.isSumKnown).toBe(false);
  expect(indexed.tells).toBe(count);
  map.insert('k7', { p: 3 });
  while (!map.isAtRest) {
    map.slice('late');
    map.slice('sums', 1);
  }
  for (const each of [mirror, items, indexed, ...others]) expect(each.problem()).toBeUndefined();
  expect(mirror.watch.isSumKnown).toBe(true);
});

it('a late watch that catches up by itself, or joins while changes wait, is told of each change once', () => {
  const map = new MadeMap();
  const first = new MadeListener(map, DEAR, false);
  map.insert('a', { p: 1 });
  map.insert('b', { p: 0 });
  expect(first.tells).toBe(0);
  const second = new MadeListener(map, DEAR, true);
  expect(first.tells).toBe(1);
  const third = new MadeListener(map, givenFilter({ where: { path: '/p', lt: 1 } }), true);
  map.insert('a', { p: 0 });
  first.watch.catchUp();
  map.slice('late', 0);
  rest(map);
  expect([first, second, third].map(({ tells }) => tells)).toEqual([2, 1, 1]);
  for (const each of [first, second, third]) expect(each.problem()).toBeUndefined();
  first.leave();
  second.leave();
  map.insert('a', { p: 1 });
  third.leave();
  map.insert('a', { p: -1 });
  const fourth = new MadeListener(map, DEAR, true);
  rest(map);
  expect(fourth.tells).toBe(0);
});
