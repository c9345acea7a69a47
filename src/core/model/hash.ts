/**
 * FNV-1a-32, for the checksum (clients compute it as well) and the digest. `Math.imul` wraps at 32 bits; only results are made unsigned.
 */

const FNV_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** FNV-1a-32 of the text's UTF-8 bytes, computed without encoding it. A lone surrogate counts as U+FFFD, as in `TextEncoder`. */
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

/** The share of one item in a checksum: FNV-1a-32 of `key + "\n" + cursor`. Checksums are sums of these modulo 2^32. */
export function itemHash({ key, cursor }: { readonly key: string; readonly cursor: string }): number {
  return fnv1a32(cursor, fnv1a32('\n', fnv1a32(key)));
}

/** A checksum as clients see it: 8 hex digits. */
export function formatChecksum(checksum: number): string {
  return checksum.toString(16).padStart(8, '0');
}

/** The digest after one more change. `commandCrc` identifies the command that made it; `ordinal` counts that command's changes. */
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

/** The length of the text in UTF-8, in bytes. */
export function utf8Length(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}
