import { crc32 as zlibCrc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { crc32, fnv1a32, utf8Length } from '../../../src/core/model/hash.ts';
import { Dice } from '../../support/random/dice.ts';

/** By the book, over the bytes. */
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
  // Two bytes, three, four: the first and the last of each.
  '\x80é߿',
  'ࠀ€￿�',
  '\u{10000}😀\u{10ffff}',
  'mixed: aé€😀z',
  // Lone surrogates, which UTF-8 has not: each is U+FFFD.
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
  ])('of %j is %s', (text, hex) => expect(fnv1a32(text).toString(16)).toBe(hex));

  it.each(TEXTS)('of %j is that of its UTF-8 bytes', (text) => {
    expect(fnv1a32(text)).toBe(fnv1aOfBytes(text));
    expect(fnv1a32(text, 0x01234567)).toBe(fnv1aOfBytes(text, 0x01234567));
  });

  it('of any text is that of its UTF-8 bytes', () => {
    expect(randomTexts(71).filter((text) => fnv1a32(text) !== fnv1aOfBytes(text))).toEqual([]);
  });
});

describe('the length in UTF-8', () => {
  it.each(TEXTS)('of %j', (text) => expect(utf8Length(text)).toBe(Buffer.byteLength(text)));

  it('of any text', () => {
    expect(randomTexts(72).filter((text) => utf8Length(text) !== Buffer.byteLength(text))).toEqual([]);
  });
});

describe('CRC-32', () => {
  const dice = new Dice(73);
  const bytes = Uint8Array.from({ length: 1000 }, () => dice.below(256));

  it.each([0, 1, 2, 3, 4, 5, 255, 1000])('of %i bytes is that of zlib', (length) =>
    expect(crc32(bytes.subarray(0, length))).toBe(zlibCrc32(bytes.subarray(0, length))),
  );

  it('of "123456789" is cbf43926', () => expect(crc32(Buffer.from('123456789')).toString(16)).toBe('cbf43926'));

  it.each([0, 1, 500, 999, 1000])('goes on behind %i bytes', (at) =>
    expect(crc32(bytes.subarray(at), crc32(bytes.subarray(0, at)))).toBe(zlibCrc32(bytes)),
  );
});
