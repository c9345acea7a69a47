/** The 32-bit hashes: FNV-1a for checksum (which clients compute, too) and digest, CRC-32 (IEEE) for a command's frame. */

const FNV_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** FNV-1a-32 of the text's UTF-8 bytes, without making them. A lone surrogate counts as U+FFFD, as TextEncoder has it. */
export function fnv1a32(text: string, basis: number = FNV_BASIS): number {
  let hash = basis;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) {
      hash = Math.imul(hash ^ unit, FNV_PRIME);
      continue;
    }
    let point = text.codePointAt(i) ?? unit;
    if (point > 0xffff) i++;
    else if (point >= 0xd800 && point <= 0xdfff) point = 0xfffd;
    if (point > 0xffff) {
      hash = Math.imul(hash ^ (0xf0 | (point >> 18)), FNV_PRIME);
      hash = Math.imul(hash ^ (0x80 | ((point >> 12) & 0x3f)), FNV_PRIME);
    } else if (point > 0x7ff) hash = Math.imul(hash ^ (0xe0 | (point >> 12)), FNV_PRIME);
    if (point > 0x7ff) hash = Math.imul(hash ^ (0x80 | ((point >> 6) & 0x3f)), FNV_PRIME);
    else hash = Math.imul(hash ^ (0xc0 | (point >> 6)), FNV_PRIME);
    hash = Math.imul(hash ^ (0x80 | (point & 0x3f)), FNV_PRIME);
  }
  return hash >>> 0;
}

/** The digest after one more change: the digest before it, the command that made it, and which of its changes it is. */
export function nextDigest(digest: number, commandCrc: number, timestamp: number, ordinal: number): number {
  let hash = withWord(FNV_BASIS, digest);
  hash = withWord(hash, commandCrc);
  hash = withWord(hash, timestamp % 0x100000000);
  hash = withWord(hash, Math.floor(timestamp / 0x100000000));
  return withWord(hash, ordinal) >>> 0;
}

function withWord(before: number, word: number): number {
  let hash = Math.imul(before ^ (word & 0xff), FNV_PRIME);
  hash = Math.imul(hash ^ ((word >>> 8) & 0xff), FNV_PRIME);
  hash = Math.imul(hash ^ ((word >>> 16) & 0xff), FNV_PRIME);
  return Math.imul(hash ^ (word >>> 24), FNV_PRIME);
}

/** How many bytes the text takes in UTF-8. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    // A pair of surrogates is two units and four bytes: two more than its length.
    if (unit < 0x800 || (unit >= 0xd800 && unit <= 0xdbff && isLow(text.charCodeAt(i + 1)))) bytes += 1;
    else if (isLow(unit) && isHigh(text.charCodeAt(i - 1))) bytes += 1;
    else bytes += 2;
  }
  return bytes;
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;

/**
 * What a byte does to the CRC; in the further tables, with one, two, three bytes behind it. Signed: V8 puts a number above 2^31
 * on the heap, at each byte.
 */
const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});
const CRC_TABLE_1 = CRC_TABLE.map(withZeroBehind);
const CRC_TABLE_2 = CRC_TABLE_1.map(withZeroBehind);
const CRC_TABLE_3 = CRC_TABLE_2.map(withZeroBehind);

function withZeroBehind(crc: number): number {
  return (crc >>> 8) ^ CRC_TABLE[crc & 0xff]!;
}

/** Of the bytes from `from` to `to`, behind those that `previous` is the CRC of: four in a step, the rest one by one. */
export function crc32(bytes: Uint8Array, previous = 0, from = 0, to: number = bytes.length): number {
  let crc = ~previous;
  let at = from;
  // Each index is below its array's length: a table has 256 entries.
  for (; at + 4 <= to; at += 4) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    crc =
      CRC_TABLE_3[crc & 0xff]! ^
      CRC_TABLE_2[(crc >>> 8) & 0xff]! ^
      CRC_TABLE_1[(crc >>> 16) & 0xff]! ^
      CRC_TABLE[crc >>> 24]!;
  }
  for (; at < to; at++) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ bytes[at]!) & 0xff]!;
  return ~crc >>> 0;
}
