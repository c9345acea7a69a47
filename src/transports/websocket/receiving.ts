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

type Receive = (this: Socket, chunk: Buffer) => void;

/** A message of which less is missing comes at once. */
const MIN_HELD_BYTES = 1024;
/** That much may be thousands of messages. */
const LONG_BYTES = 16 * 1024;

/** Of all connections of a server. */
export interface Receiving {
  readonly incomingBytes: IncomingBytes;
  /** Messages that were begun take too much memory, and this socket's is the oldest. */
  readonly onRefused: (owner: object) => void;
  /** Of long reads. */
  readonly turns: Turns;
}

/**
 * Takes the place of what `ws` has listened with: long reads take turns, and what is held of a message is counted. What an idle connection has
 * of this is small: the rest is made when a message is long, or comes in parts.
 */
export class Reception {
  readonly #webSocket: WebSocket;
  readonly #tcp: Socket;
  readonly #owner: object;
  /** Of `ws`; a listener of `#tcp`. */
  readonly #receive: Receive;
  readonly #receiving: Receiving;
  /** Long reads that wait for their turn. */
  #waiting: Buffer[] | undefined;
  /** Once anything was held. */
  #incoming: Incoming | undefined;

  /** The owner calls `take` with what comes. */
  constructor(webSocket: WebSocket, tcp: Socket, owner: object, receiving: Receiving) {
    const [receive] = tcp.listeners('data') as Receive[];
    if (!receive) throw new Error('ws reads its socket otherwise');
    // `removeAllListeners` would make a dictionary of the socket's listeners, which takes 800 bytes.
    tcp.removeListener('data', receive);
    this.#webSocket = webSocket;
    this.#owner = owner;
    this.#tcp = tcp;
    this.#receive = receive;
    this.#receiving = receiving;
  }

  take(chunk: Buffer): void {
    if (chunk.length < LONG_BYTES && !this.#waiting) return this.#hand(chunk);
    // Node would read on as long as there is anything. Nothing more comes, not even the end, until the socket is resumed.
    this.#tcp.pause();
    (this.#waiting ??= []).push(chunk);
    this.#held().add(chunk.length);
    this.#receiving.turns.soon(this.#tcp, () => this.#handNext(), chunk.length, 'intake');
  }

  #handNext(): void {
    const chunk = this.#waiting?.shift();
    if (!chunk || this.#tcp.destroyed) return;
    this.#hand(chunk);
    if (this.#waiting && this.#waiting.length > 0) return;
    this.#waiting = undefined;
    if (!this.#webSocket.isPaused) this.#tcp.resume();
  }

  #hand(chunk: Buffer): void {
    this.#receive.call(this.#tcp, chunk);
    if (this.#incoming?.isRefused === true) return;
    const {
      _bufferedBytes: buffered,
      _messageLength: length,
      _buffers: buffers,
      _fragments: fragments,
    } = this.#receiver;
    const bytes = buffered + length + (buffers.length + fragments.length) * PIECE_BYTES;
    if (bytes >= MIN_HELD_BYTES) this.#held().holds(bytes);
    else this.#incoming?.holds(0);
  }

  get #receiver(): Receiver {
    return (this.#webSocket as unknown as { readonly _receiver: Receiver })._receiver;
  }

  #held(): Incoming {
    if (this.#incoming) return this.#incoming;
    const incoming = new Incoming(this.#receiving.incomingBytes, () => this.#refuse());
    this.#webSocket.once('close', () => incoming.holds(0));
    return (this.#incoming = incoming);
  }

  #refuse(): void {
    this.#receiving.onRefused(this.#owner);
    // What comes now would be read as the rest of the message.
    this.#tcp.pause().removeAllListeners('data');
    const receiver = this.#receiver;
    freePieces([...(this.#waiting?.splice(0) ?? []), ...receiver._buffers, ...receiver._fragments]);
    Object.assign(receiver, { _bufferedBytes: 0, _buffers: [], _fragments: [] });
  }
}
