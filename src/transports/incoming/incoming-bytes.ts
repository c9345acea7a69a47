/**
 * Bounds what clients have begun to send and not ended: bodies of requests, messages, requests that wait for others. Each may be as long as a message
 * may be, and there may be as many as connections, so their sum needs a bound of its own. Beyond it the oldest one is refused: a client
 * that means to end what it has begun does so within moments, so it never waits for one that doesn't.
 */

/** For all clients together. */
export const MAX_INCOMING_BYTES = 32 * 1024 * 1024;

/** What each piece costs besides its bytes: objects of Node and of `ws`. */
export const PIECE_BYTES = 256;

export class IncomingBytes {
  readonly #max: number;
  #total = 0;
  /** Those that hold bytes, oldest first. */
  readonly #held = new Map<Incoming, number>();

  constructor(max = MAX_INCOMING_BYTES) {
    this.#max = max;
  }

  /** For all clients together, with the cost of the pieces. */
  get total(): number {
    return this.#total;
  }

  hold(incoming: Incoming, bytes: number): void {
    this.#total += bytes - (this.#held.get(incoming) ?? 0);
    if (bytes === 0) this.#held.delete(incoming);
    else this.#held.set(incoming, bytes);
    while (this.#total > this.#max) {
      const [oldest] = this.#held.keys();
      // Only what is held counts, so there is one.
      if (!oldest) break;
      oldest.refuse();
    }
  }
}

/** Something that a client has begun to send. */
export class Incoming {
  readonly #all: IncomingBytes;
  readonly #onRefused: () => void;
  #bytes = 0;
  #isRefused = false;

  /** `onRefused`: frees the bytes, and tells the client. */
  constructor(all: IncomingBytes, onRefused: () => void) {
    this.#all = all;
    this.#onRefused = onRefused;
  }

  /** Whether further bytes must be dropped. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  add(bytes: number): void {
    this.holds(this.#bytes + bytes);
  }

  /** How many bytes are held now. 0: it has ended, and the next one begins later. */
  holds(bytes: number): void {
    if (this.#isRefused || bytes === this.#bytes) return;
    this.#bytes = bytes;
    this.#all.hold(this, bytes);
  }

  refuse(): void {
    if (this.#isRefused) return;
    this.holds(0);
    this.#isRefused = true;
    this.#onRefused();
  }
}

/** Frees pieces that nobody reads any more. The garbage collector would keep them until something else allocates memory. */
export function freePieces(pieces: readonly unknown[]): void {
  for (const piece of pieces) {
    if (!(piece instanceof Uint8Array)) continue;
    const { buffer, byteLength } = piece;
    // A part of a buffer may be of Node's pool, which others use too.
    if (byteLength === buffer.byteLength && buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0);
  }
}
