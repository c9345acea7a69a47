import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { freePieces, Incoming, type IncomingBytes, PIECE_BYTES } from '../protocol/incoming-bytes.ts';

/** What the receiver of `ws` holds of a message that isn't whole. Its typings don't have these. */
interface Receiver {
  readonly _bufferedBytes: number;
  readonly _buffers: readonly unknown[];
  readonly _messageLength: number;
  readonly _fragments: readonly unknown[];
}

/** A message of which less is missing comes at once. */
const MIN_HELD_BYTES = 1024;
/** After that much a socket waits for the next turn of the event loop: Node would read on as long as there is anything. */
const LONG_BYTES = 16 * 1024;

export interface Receiving {
  readonly incomingBytes: IncomingBytes;
  /** Messages that were begun take too much memory, and this socket's is the oldest. */
  readonly onRefused: () => void;
  /** Much has come at once, and was handled. */
  readonly onLong: () => void;
}

/** Watches what a socket receives, after `ws` has taken it. */
export function watchReceived(webSocket: WebSocket, tcp: Socket, options: Receiving): void {
  const { _receiver: receiver } = webSocket as unknown as { readonly _receiver: Receiver };
  const incoming = new Incoming(options.incomingBytes, () => {
    options.onRefused();
    // Nothing more is read: what is there would be read as the rest of the message.
    tcp.pause().removeAllListeners('data');
    freePieces([...receiver._buffers, ...receiver._fragments]);
    Object.assign(receiver, { _bufferedBytes: 0, _buffers: [], _fragments: [] });
  });
  tcp.on('data', (chunk: Buffer) => {
    const { _bufferedBytes: buffered, _messageLength: length, _buffers: buffers, _fragments: fragments } = receiver;
    const bytes = buffered + length + (buffers.length + fragments.length) * PIECE_BYTES;
    incoming.holds(bytes < MIN_HELD_BYTES ? 0 : bytes);
    if (chunk.length >= LONG_BYTES) options.onLong();
  });
  webSocket.once('close', () => incoming.holds(0));
}
