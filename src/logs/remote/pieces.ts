import type { LogSnapshot } from '../../core/replication/ordered-log.ts';

/** A piece arrives whole or not at all: over a link that breaks often, a large one never would. */
const PIECE_BYTES = 256 * 1024;

/** The content of a snapshot in pieces of a size that costs neither many requests nor long ones. */
export async function* inPieces(chunks: LogSnapshot['chunks']): AsyncGenerator<Buffer, void, void> {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
      const part = chunk.subarray(at, at + PIECE_BYTES);
      waiting.push(part);
      bytes += part.length;
      if (bytes < PIECE_BYTES) continue;
      yield Buffer.concat(waiting);
      [waiting, bytes] = [[], 0];
    }
  }
  if (bytes > 0) yield Buffer.concat(waiting);
}
