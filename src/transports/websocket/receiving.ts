import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { freePieces, Incoming, type IncomingBytes, PIECE_BYTES } from '../incoming/incoming-bytes.ts';
import type { Turns } from '../protocol/turns.ts';

/** What the receiver of `ws` holds of a message that isn't whole. Its typings don't have these. */
interface Receiver {
  readonly _bufferedBytes: number;
  readonly _buffers: readonly unknown[];
  readonly _messageLength: number;
  readonly _fragments: readonly unknown[];
}

/** A message of which less is missing comes at once. */
const MIN_HELD_BYTES = 1024;
/** That much may be thousands of messages. */
const LONG_BYTES = 16 * 1024;

export interface Receiving {
  readonly incomingBytes: IncomingBytes;
  /** Messages that were begun take too much memory, and this socket's is the oldest. */
  readonly onRefused: () => void;
  /** Of long reads. */
  readonly turns: Turns;
}

/** Takes the place of what `ws` has listened with: long reads take turns, and what is held of a message is counted. */
export function receiveInTurns(
  webSocket: WebSocket,
  tcp: Socket,
  { incomingBytes, onRefused, turns }: Receiving,
): void {
  const { _receiver: receiver } = webSocket as unknown as { readonly _receiver: Receiver };
  const [receive] = tcp.listeners('data');
  if (!receive) throw new Error('ws reads its socket otherwise');
  tcp.removeAllListeners('data');
  const waiting: Buffer[] = [];
  const incoming = new Incoming(incomingBytes, () => {
    onRefused();
    // What comes now would be read as the rest of the message.
    tcp.pause().removeAllListeners('data');
    freePieces([...waiting.splice(0), ...receiver._buffers, ...receiver._fragments]);
    Object.assign(receiver, { _bufferedBytes: 0, _buffers: [], _fragments: [] });
  });
  const hand = (chunk: Buffer): void => {
    receive.call(tcp, chunk);
    if (incoming.isRefused) return;
    const { _bufferedBytes: buffered, _messageLength: length, _buffers: buffers, _fragments: fragments } = receiver;
    const bytes = buffered + length + (buffers.length + fragments.length) * PIECE_BYTES;
    incoming.holds(bytes < MIN_HELD_BYTES ? 0 : bytes);
  };
  const handNext = (): void => {
    const chunk = waiting.shift();
    if (!chunk || tcp.destroyed) return;
    hand(chunk);
    if (waiting.length === 0 && !webSocket.isPaused) tcp.resume();
  };
  tcp.on('data', (chunk: Buffer) => {
    if (chunk.length < LONG_BYTES && waiting.length === 0) return hand(chunk);
    // Node would read on as long as there is anything. Nothing more comes, not even the end, until the socket is resumed.
    tcp.pause();
    waiting.push(chunk);
    incoming.add(chunk.length);
    turns.soon(tcp, handNext, chunk.length, 'intake');
  });
  webSocket.once('close', () => incoming.holds(0));
}
