import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { Incoming, type IncomingBytes, PIECE_BYTES } from '../protocol/incoming-bytes.ts';

/** What the receiver of `ws` holds of a message that isn't whole. Its typings don't have these. */
interface Receiver {
  readonly _bufferedBytes: number;
  readonly _buffers: readonly unknown[];
  readonly _messageLength: number;
  readonly _fragments: readonly unknown[];
}

/** Such short messages are whole as soon as they come. */
const MIN_BYTES = 1024;

/** Counts the messages that a client has begun. `onRefused`: they take too much memory, and this one is the oldest. */
export function countPartialMessages(
  webSocket: WebSocket,
  tcp: Socket,
  { incomingBytes, onRefused }: { incomingBytes: IncomingBytes; onRefused: () => void },
): void {
  const { _receiver: receiver } = webSocket as unknown as { readonly _receiver: Receiver };
  const incoming = new Incoming(incomingBytes, onRefused);
  // `ws` has listened before, so it has taken the chunk.
  tcp.on('data', () => {
    const { _bufferedBytes: buffered, _messageLength: length, _buffers: buffers, _fragments: fragments } = receiver;
    const bytes = buffered + length + (buffers.length + fragments.length) * PIECE_BYTES;
    incoming.holds(bytes < MIN_BYTES ? 0 : bytes);
  });
  webSocket.once('close', () => incoming.holds(0));
}
