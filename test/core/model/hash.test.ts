import { describe, expect, it } from 'vitest';
import { fnv1a32, utf8Length } from '../../../src/core/model/hash.ts';
import { Dice } from '../../support/random/dice.ts';

/** The published algorithm, over the bytes. */
function fnv1aOfBytes(text: string, basis = 0x811c9dc5): number {
  let hash = BigInt(basis);
  for (const byte of new TextEncoder().encode(text)) hash = ((hash ^ BigInt(byte)) * 0x01000193n) & 0xffffffffn;
  return Number(hash);
}

const TEXTS: readonly string[] = [
  '',
  'a',
  'foobar',
  'key\n0testepoch00-11-0000000',
  '\0\x7f',
  // The first and the last character of two, three and four bytes.
  '\x80é߿',
  'ࠀ€￿�',
  '\u{10000}😀\u{10ffff}',
  'mixed: aé€😀z',
  // Lone surrogates: UTF-8 has none, so each becomes U+FFFD.
  '\ud800',
  '\udfff',
  'a\ud83d',
  '\ud83da',
  '\ude00\ud83d',
  '\ud83d\ud83d\ude00\ude00',
  '\ud83d😀\ude00',
];

const UNITS = [
  'a',
  '\x7f',
  '\x80',
  '\u07ff',
  '\u0800',
  '\ud7ff',
  '\ud800',
  '\udbff',
  '\udc00',
  '\udfff',
  '\ue000',
  '\uffff',
  '😀',
];

const randomTexts = (seed: number): string[] => {
  const dice = new Dice(seed);
  return Array.from({ length: 2000 }, () => Array.from({ length: dice.below(8) }, () => dice.pick(UNITS)).join(''));
};

describe('FNV-1a-32', () => {
  it.each([
    ['', '811c9dc5'],
    ['a', 'e40c292c'],
    ['foobar', 'bf9cf968'],
  ])('FNV-1a-32 of %j is %s', (text, hex) => expect(fnv1a32(text).toString(16)).toBe(hex));

  it.each(TEXTS)('FNV-1a-32 of %j is that of its UTF-8 bytes', (text) => {
    expect(fnv1a32(text)).toBe(fnv1aOfBytes(text));
    expect(fnv1a32(text, 0x01234567)).toBe(fnv1aOfBytes(text, 0x01234567));
  });

  it('FNV-1a-32 of any text is that of its UTF-8 bytes', () => {
    expect(randomTexts(71).filter((text) => fnv1a32(text) !== fnv1aOfBytes(text))).toEqual([]);
  });
});

describe('utf8Length', () => {
  it.each(TEXTS)('utf8Length of %j is its number of UTF-8 bytes', (text) =>
    expect(utf8Length(text)).toBe(Buffer.byteLength(text)),
  );

  it('utf8Length of any text is its number of UTF-8 bytes', () => {
    expect(randomTexts(72).filter((text) => utf8Length(text) !== Buffer.byteLength(text))).toEqual([]);
  });
});
