import { describe, expect, it } from 'vitest';
import { formatCursor, parseCursor } from '../../../src/core/model/cursor.ts';
import { BadInputError } from '../../../src/core/model/errors.ts';
import { ORIGIN, parseEpoch, type Place } from '../../../src/core/model/position.ts';
import { Dice } from '../../support/random/dice.ts';
import { replaced } from '../../support/documents/replaced.ts';

const EPOCH = parseEpoch('0testepoch00');

const place = (position: number, digest = 0): Place => ({ position, digest }) as Place;

function isCursor(text: string): boolean {
  try {
    parseCursor(text);
    return true;
  } catch {
    return false;
  }
}

/** Positions at which the number of digits changes, and both ends. */
const POSITIONS = [
  0,
  1,
  9,
  10,
  34,
  35,
  36,
  37,
  36 ** 2 - 1,
  36 ** 2,
  2 ** 31,
  2 ** 32,
  36 ** 10 - 1,
  36 ** 10,
  2 ** 53 - 2,
  2 ** 53 - 1,
];

function randomPositions(seed: number): number[] {
  const dice = new Dice(seed);
  return Array.from({ length: 500 }, () => Math.floor(2 ** dice.below(53) * (1 + dice.below(1000) / 1000)));
}

describe('a cursor', () => {
  it.each<[string, Place, Place | undefined, string]>([
    ['of the start', ORIGIN, undefined, '0testepoch00-10-0000000'],
    ['of a position', place(35, 35), undefined, '0testepoch00-1z-000000z'],
    ['of a longer position', place(36, 0xffffffff), undefined, '0testepoch00-210-1z141z3'],
    ['of the last position', place(2 ** 53 - 1), undefined, '0testepoch00-b2gosa7pa2gv-0000000'],
    ['inside a snapshot', place(1, 2), place(36, 3), '0testepoch00-11-0000002-210-0000003'],
    ['at the start of a snapshot', ORIGIN, place(1, 3), '0testepoch00-10-0000000-11-0000003'],
  ])('a cursor %s has the documented form and is parsed back', (_, at, cutoff, text) => {
    expect(formatCursor(EPOCH, at, cutoff)).toBe(text);
    expect(parseCursor(text)).toEqual({ epoch: EPOCH, place: at, cutoff });
  });

  it.each<[string, Place, Place]>([
    ['right at', place(5, 1), place(5, 1)],
    ['after', place(6, 2), place(5, 1)],
  ])('a cursor %s the cutoff has no cutoff', (_, at, cutoff) =>
    expect(formatCursor(EPOCH, at, cutoff)).toBe(formatCursor(EPOCH, at)),
  );

  it('any place is parsed back from its cursor', () => {
    const dice = new Dice(81);
    for (const position of [...POSITIONS, ...randomPositions(82)]) {
      const at = place(position, dice.below(2 ** 32));
      const cutoff = position < 2 ** 52 ? place(position + 1 + dice.below(1000), dice.below(2 ** 32)) : undefined;
      expect(parseCursor(formatCursor(EPOCH, at, cutoff))).toEqual({ epoch: EPOCH, place: at, cutoff });
    }
  });

  it('cursors compare as strings in position order, regardless of the digests', () => {
    const dice = new Dice(83);
    const positions = [...new Set([...POSITIONS, ...randomPositions(84)])].toSorted((a, b) => a - b);
    const cursors = positions.map((position) => formatCursor(EPOCH, place(position, dice.below(2 ** 32))));
    expect(cursors.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(cursors);
    for (let i = 0; i < 5000; i++) {
      const [a, b] = [dice.below(cursors.length), dice.below(cursors.length)];
      expect(cursors[a]! < cursors[b]!).toBe(a < b);
    }
  });
});

describe('no cursor', () => {
  const good = '0testepoch00-2zz-1z141z3';
  const inSnapshot = '0testepoch00-11-0000002-210-0000003';

  it('the cursor that the refused texts are made from is valid', () => {
    expect(parseCursor(good).place).toEqual(place(36 ** 2 - 1, 0xffffffff));
    expect(parseCursor(inSnapshot).cutoff).toEqual(place(36, 3));
  });

  it.each<[string, string]>([
    ['no characters', ''],
    ['only a word', 'nonsense'],
    ['a position alone', '42'],
    ['an epoch alone', '0testepoch00'],
    ['no digest', '0testepoch00-2zz'],
    ['no position', '0testepoch00--1z141z3'],
    ['an empty number', '0testepoch00-0-1z141z3'],
    ['a length alone', '0testepoch00-1-1z141z3'],
    ['a short epoch', good.slice(1)],
    ['a long epoch', `0${good}`],
    ['upper case', good.toUpperCase()],
    ['an upper-case digit', replaced(good, 'zz', 'zZ')],
    ['a leading zero', '0testepoch00-20z-0000000'],
    ['a leading zero for the start', '0testepoch00-200-0000000'],
    ['a length too short', '0testepoch00-1zz-0000000'],
    ['a length too long', '0testepoch00-3zz-0000000'],
    ['length 0', '0testepoch00-0z-0000000'],
    ['12 digits', '0testepoch00-c100000000000-0000000'],
    ['a position of 2^53', `0testepoch00-b${(2 ** 53).toString(36)}-0000000`],
    ['a digest of 2^32', '0testepoch00-2zz-1z141z4'],
    ['a digest of all z', '0testepoch00-2zz-zzzzzzz'],
    ['a short digest', good.slice(0, -1)],
    ['a long digest', `${good}0`],
    ['a trailing hyphen', `${good}-`],
    ['a trailing place', `${inSnapshot}-11-0000000`],
    ['a line end', `${good}\n`],
    ['spaces around it', ` ${good} `],
    ['a full-width digit', replaced(good, '2zz', '２zz')],
    ['an accent', replaced(good, 'testepoch', 'téstepoch')],
    ['a dotless i', replaced(good, 't', 'ı')],
    ['an underscore', replaced(good, /-/g, '_')],
    ['a sign', replaced(good, '2zz', '2+z')],
    ['a cutoff at the position', '0testepoch00-11-0000002-11-0000002'],
    ['a cutoff before the position', '0testepoch00-12-0000002-11-0000002'],
    ['a cutoff with a leading zero', '0testepoch00-11-0000002-202-0000002'],
    ['a cutoff with a digest of 2^32', '0testepoch00-11-0000002-12-1z141z4'],
    ['a truncated cutoff', inSnapshot.slice(0, -1)],
    ['a cutoff, seen no further', `${inSnapshot}-${inSnapshot.split('-').slice(-2).join('-')}`],
    ['four places', `${inSnapshot}-220-0000000-230-0000000`],
  ])('parseCursor refuses %s', (_, text) => expect(() => parseCursor(text)).toThrow(BadInputError));

  it('a cursor truncated anywhere is refused', () => {
    const short = [good, inSnapshot].flatMap((text) => Array.from(text, (_, length) => text.slice(0, length)));
    const read = short.filter((text) => isCursor(text));
    // A cursor inside a snapshot, truncated before its cutoff, is a valid cursor.
    expect(read).toEqual(['0testepoch00-11-0000002']);
  });

  it.each([
    [undefined, ['after']],
    [
      ['inputs', 3, 'ifCursor'],
      ['inputs', 3, 'ifCursor'],
    ],
  ])('a refused cursor is an issue at path %j', (path, expected) => {
    expect(() => parseCursor('nonsense', path)).toThrow(
      expect.objectContaining({
        code: 'BAD_USER_INPUT',
        issues: [{ path: expected, message: 'not a cursor of this server' }],
      }),
    );
  });
});

it('a cursor inside a snapshot or a lag holds the newest head that its reader has seen', () => {
  const [at, cutoff, seen] = [1, 5, 9].map((position) => ({ position, digest: position }) as Place);
  const epoch = parseEpoch('0testepoch00');
  if (!at || !cutoff || !seen) throw new Error('three places');
  expect(parseCursor(formatCursor(epoch, at, cutoff, seen))).toEqual({ epoch, place: at, cutoff, seen });
  expect(parseCursor(formatCursor(epoch, at, at, seen))).toEqual({ epoch, place: at, cutoff: at, seen });
  // The position has reached the seen head, so the cursor omits it.
  expect(formatCursor(epoch, seen, cutoff, at)).toBe(formatCursor(epoch, seen));
});
