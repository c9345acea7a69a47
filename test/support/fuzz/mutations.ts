/** One step away from what is sound, or a few. Everything comes from the dice, so that a seed brings it again. */
import type { Dice } from '../random/dice.ts';
import { DOCUMENTS, growing, STRINGS, TOKENS } from './corpus.ts';

type Mutation = (dice: Dice, text: string) => string;

const cut = (text: string, from: number, to: number, between = ''): string =>
  text.slice(0, from) + between + text.slice(to);

const reversed = (text: string): string => text.split('').toReversed().join('');

/** From `at` on, up to `most` characters. */
const sliceOf = (dice: Dice, text: string, most: number): [from: number, to: number] => {
  const from = dice.below(text.length + 1);
  return [from, Math.min(text.length, from + dice.below(most + 1))];
};

const mutations: readonly Mutation[] = [
  (dice, text) => text.slice(0, dice.below(text.length + 1)),
  (dice, text) => text.slice(dice.below(text.length + 1)),
  (dice, text) => cut(text, ...sliceOf(dice, text, 12)),
  (dice, text) => cut(text, ...sliceOf(dice, text, 0), dice.pick(TOKENS)),
  (dice, text) => cut(text, ...sliceOf(dice, text, 6), dice.pick(TOKENS)),
  (dice, text) => cut(text, ...sliceOf(dice, text, 1), String.fromCharCode(dice.below(dice.once(4) ? 0x10000 : 0x80))),
  (dice, text) => {
    const [from, to] = sliceOf(dice, text, 40);
    return cut(text, to, to, text.slice(from, to).repeat(1 + dice.below(3)));
  },
  (dice, text) => {
    const other = dice.pick(DOCUMENTS);
    return cut(text, ...sliceOf(dice, text, 20), other.slice(...sliceOf(dice, other, 60)));
  },
  (dice, text) => {
    // Two words change places: what is said stays well-formed more often than not.
    const words = text.match(/\w+|\W+/g) ?? [];
    const [one, two] = [dice.below(words.length), dice.below(words.length)];
    return words.map((word, n) => (n === one ? words[two] : n === two ? words[one] : word)).join('');
  },
  (dice, text) => `${text}\n${dice.pick(DOCUMENTS)}`,
];

export function mutated(dice: Dice, text: string, most = 3): string {
  let result = text;
  for (let steps = dice.below(most + 1); steps > 0; steps--) result = dice.pick(mutations)(dice, result);
  return result;
}

export function mutatedDocument(dice: Dice): string {
  if (dice.once(60)) return mutated(dice, dice.pick(growing)(dice), 1);
  return mutated(dice, dice.pick(DOCUMENTS));
}

/** Other places of the same and of other logs, and what is nearly one. */
export function mutatedCursor(dice: Dice, cursors: readonly string[]): string {
  const [cursor, other] = [dice.pick(cursors), dice.pick(cursors)];
  const [epoch = '', position = '', digest = ''] = cursor.split('-');
  const at = dice.below(cursor.length);
  switch (dice.below(18)) {
    case 1:
      return cut(cursor, at, at + 1, String.fromCharCode(cursor.charCodeAt(at) ^ (1 << dice.below(8))));
    case 2:
      return cursor.slice(0, at);
    case 3:
      return cut(cursor, at, at + 2, reversed(cursor.slice(at, at + 2)));
    case 4:
      return `${reversed(epoch)}-${position}-${digest}`;
    case 5:
      // As inside of a snapshot, where the cutoff is ahead, or is not.
      return `${cursor}-${other.slice(other.indexOf('-') + 1)}`;
    case 6:
      return `${cursor}-${position}-${digest}-${position}-${digest}`;
    case 7:
      return `${epoch}-${position}-${other.slice(-7)}`;
    case 8:
      return `${epoch}-${dice.pick(['10', '11', '1z', '210', '3zzz', 'bzzzzzzzzzzz', 'b2gosa7pa2gv'])}-${digest}`;
    case 9:
      return `${epoch}-${position}-zzzzzzz`;
    case 10:
      return cursor.toUpperCase();
    case 11:
      return dice.pick(STRINGS);
    case 12:
      return `${cursor}${dice.pick(TOKENS)}`;
    case 13:
      return mutated(dice, cursor);
    default:
      return cursor;
  }
}

const NUMBERS = ['0', '-0', '-1', '1', '7', '1.5', '1e3', '1e999', '-1e999', '1e-400', '2147483647', '2147483648'];
const LITERALS = [...NUMBERS, '9007199254740993', '9'.repeat(400), 'null', 'true', 'false', '""', '[]', '{}'];

/** JSON as text, for there is JSON that no value of ours is written as: numbers above all, keys twice, `__proto__`. */
export function oddJson(dice: Dice, depth = 0): string {
  if (depth > 3 || dice.once(2)) return dice.once(2) ? dice.pick(LITERALS) : JSON.stringify(oddString(dice));
  const count = dice.below(4);
  if (dice.once(100)) return nested(dice, '[', ']');
  if (dice.once(100)) return nested(dice, '{"a":', '}', '1');
  const members = Array.from({ length: count }, () => oddJson(dice, depth + 1));
  if (dice.once(2)) return `[${members.join(',')}]`;
  return `{${members.map((member) => `${JSON.stringify(dice.pick(STRINGS))}:${member}`).join(',')}}`;
}

function nested(dice: Dice, open: string, close: string, inmost = ''): string {
  const depth = dice.pick([60, 63, 64, 65, 66, 100, 1000, 10_000]);
  return open.repeat(depth) + inmost + close.repeat(depth);
}

export function oddString(dice: Dice): string {
  if (dice.once(200)) return dice.pick(STRINGS).repeat(1 + dice.below(200));
  return dice.once(4) ? mutated(dice, dice.pick(STRINGS), 2) : dice.pick(STRINGS);
}

export function mutatedBytes(dice: Dice, bytes: Buffer): Buffer {
  const result = Buffer.from(bytes);
  for (let flips = 1 + dice.below(4); flips > 0 && result.length > 0; flips--) {
    const at = dice.below(result.length);
    // `at` lies inside.
    result[at] = dice.once(2) ? dice.below(256) : result[at]! ^ (1 << dice.below(8));
  }
  return dice.once(3) ? result.subarray(0, dice.below(result.length + 1)) : result;
}
