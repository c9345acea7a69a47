/** Random insertions and removals with keys and values of every kind that JSON and the limits allow. */
import { isRemoval } from '../../../src/core/model/change.ts';
import type { StreamingMap } from '../../../src/core/streaming-map.ts';
import type { Dice } from './dice.ts';

const KEYS: readonly string[] = [
  'a',
  'aä',
  'a"quoted"\\',
  'a\u2028line\u2029',
  'a\n\r\t\0',
  'b',
  'b/日本',
  'b😀',
  'bid: x\n\ndata: y',
  'c--graphql',
  `c${'long'.repeat(127)}`,
  '\u007f\u0080ÿĀ',
];

const deep = (depth: number): unknown =>
  depth === 0 ? 'bottom' : depth % 2 ? [deep(depth - 1)] : { a: deep(depth - 1) };

const VALUES: readonly ((dice: Dice) => unknown)[] = [
  (dice) => dice.pick([0, -0, 1, -1.5, 1e21, 1e-7, 5e-324, Number.MAX_VALUE, 2 ** 53, true, false, '']),
  (dice) => 'x'.repeat(dice.below(140)),
  (dice) => 'ÿ'.repeat(dice.below(140)),
  (dice) => '💥'.repeat(dice.below(60)),
  (dice) =>
    dice.pick([
      '"\\/',
      '\u2028\u2029\u0085',
      '\u0000\u0001\u001f\u007f',
      '\ud83d\ude00',
      'a\ufffd\ufffe\uffff',
      '\r\n\r\n--graphql--',
    ]),
  () => ({ toJSON: 'x', __proto__: null, constructor: { prototype: 1 }, '': '', ä: ['ö', null, {}, []] }),
  () => JSON.parse('{"__proto__":{"a":1},"1":1,"0":0}') as unknown,
  (dice) => deep(dice.below(60)),
  (dice) => Array.from({ length: dice.below(30) }, (_, n) => ({ n, text: `n ${n} ñ` })),
];

/** Lengths around those where a frame's header changes. */
const LARGE: readonly ((dice: Dice) => unknown)[] = [
  (dice) => 'x'.repeat(65_300 + dice.below(230)),
  (dice) => 'ä'.repeat(32_600 + dice.below(160)),
];

export interface Workload {
  readonly commands: number;
  /** One of so many values is large. */
  readonly largeOnceIn: number;
}

/** A map that keeps every item: without eviction and expiry. */
export async function work(map: StreamingMap, dice: Dice, { commands, largeOnceIn }: Workload): Promise<void> {
  const input = () => ({
    key: dice.pick(KEYS) + (dice.once(3) ? String(dice.below(40)) : ''),
    value: dice.once(largeOnceIn) ? dice.pick(LARGE)(dice) : dice.pick(VALUES)(dice),
    ...(dice.once(4) && { ttl: 3600 + dice.below(1000) }),
  });
  for (let n = 0; n < commands; n++) {
    const kind = dice.below(6);
    if (kind === 0) await map.remove(dice.pick(KEYS));
    else if (kind === 1) await map.insertMany(Array.from({ length: 1 + dice.below(6) }, input));
    else await map.insert(input());
    // Sometimes many in one turn of the event loop, sometimes few.
    if (dice.once(5)) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** How many insertions a subscription that starts at the head gets: the current items, then those after a cursor. */
export function* insertionsAfter(map: StreamingMap, position: number): Generator<{ key: string; position: number }> {
  const { window, head } = map.replica;
  for (let at = position + 1; at <= head.position; at++) {
    const change = window.get(at as never);
    if (change && !isRemoval(change)) yield change;
  }
}
