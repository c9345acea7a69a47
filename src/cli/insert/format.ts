/** Recognises a source that cannot be lines of JSON objects by its beginning. */

export interface ForeignFormat {
  /** What the source is. */
  readonly what: string;
  /** The command that turns it into lines of JSON. */
  readonly remedy: string;
}

const MAGIC: readonly (readonly [bytes: readonly number[], format: ForeignFormat])[] = [
  [[0x1f, 0x8b], { what: 'compressed by gzip', remedy: 'gunzip -c' }],
  [[0x28, 0xb5, 0x2f, 0xfd], { what: 'compressed by zstd', remedy: 'zstd -dc' }],
  [[0x42, 0x5a, 0x68], { what: 'compressed by bzip2', remedy: 'bunzip2 -c' }],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], { what: 'compressed by xz', remedy: 'xz -dc' }],
  [[0xff, 0xfe], { what: 'UTF-16, not UTF-8', remedy: 'iconv -f UTF-16 -t UTF-8' }],
  [[0xfe, 0xff], { what: 'UTF-16, not UTF-8', remedy: 'iconv -f UTF-16 -t UTF-8' }],
];

const ARRAY: ForeignFormat = { what: 'one JSON array, not one object per line', remedy: "jq -c '.[]'" };
const SPREAD: ForeignFormat = { what: 'JSON over several lines, not one object per line', remedy: 'jq -c .' };

/** More whitespace than this before the first object hides an array. */
const HEAD_BYTES = 4096;

/** Undefined: it may be lines of JSON. `chunk`: the first bytes that are not all whitespace. */
export function foreignFormat(chunk: Buffer): ForeignFormat | undefined {
  const byMagic = MAGIC.find(([bytes]) => bytes.every((byte, n) => chunk[n] === byte));
  if (byMagic) return byMagic[1];
  const head = chunk.toString('utf8', 0, HEAD_BYTES);
  // An array of anything but objects is a wrong line among others.
  if (/^\s*\[\s*(?:\{|$)/.test(head)) return ARRAY;
  return /^\s*\{[^\S\n]*\n/.test(head) ? SPREAD : undefined;
}

export const isBlank = (chunk: Buffer): boolean => chunk.toString('utf8').trim() === '';
