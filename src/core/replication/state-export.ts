import type { Replica } from '../replica/replica.ts';
import { exportChunks } from '../replica/snapshot.ts';

/** An event loop that serves clients is held up no longer than this at a time, in ms. */
const TURN_MS = 10;
const PIECE_BYTES = 256 * 1024;

/** The state in pieces. The replica must not change until it resolves. */
export async function exportInTurns<Value>(replica: Replica<Value>): Promise<readonly Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  let turnEnds = performance.now() + TURN_MS;
  for (const chunk of exportChunks(replica)) {
    waiting.push(chunk);
    bytes += chunk.length;
    if (bytes >= PIECE_BYTES) {
      pieces.push(Buffer.concat(waiting));
      [waiting, bytes] = [[], 0];
    }
    if (performance.now() < turnEnds) continue;
    await new Promise((resolve) => setImmediate(resolve));
    turnEnds = performance.now() + TURN_MS;
  }
  return [...pieces, Buffer.concat(waiting)];
}
