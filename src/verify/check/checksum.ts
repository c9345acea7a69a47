const encoder = new TextEncoder();

/** The term of an item in the map's checksum: FNV-1a-32 of the UTF-8 bytes of key, newline, cursor. */
export function checksumPart({ key, cursor }: { readonly key: string; readonly cursor: string }): number {
  let hash = 0x811c9dc5;
  for (const byte of encoder.encode(`${key}\n${cursor}`)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
