/**
 * Count what a server sends, and look at nothing but the headers: a load client that parsed what it gets would need more CPU
 * than the servers do.
 */
export interface Counter {
  /** How many deliveries came to their end in the first `length` bytes. */
  take(bytes: Buffer, length: number): number;
  /** Of all deliveries so far, on the wire. */
  readonly bytes: number;
  /** Pings that are to be answered. */
  pings: number;
}

const NOTHING = Buffer.alloc(0);

/** What frames and chunks have in common: a header that says how much follows it. */
abstract class Headed implements Counter {
  bytes = 0;
  pings = 0;
  /** What is still to come of the one under way. */
  #left = 0;
  #counts = false;
  /** A header whose end hasn't come. */
  #held = NOTHING;

  take(bytes: Buffer, length: number): number {
    if (this.#held.length > 0) {
      bytes = Buffer.concat([this.#held, bytes.subarray(0, length)]);
      length = bytes.length;
      this.#held = NOTHING;
    }
    if (this.#left > length) {
      this.#left -= length;
      return 0;
    }
    let count = this.#left > 0 && this.#counts ? 1 : 0;
    let at = this.#left;
    this.#left = 0;
    while (at < length) {
      const size = this.sizeAt(bytes, at, length);
      if (size === 0) {
        this.#held = Buffer.from(bytes.subarray(at, length));
        return count;
      }
      const counts = this.isDelivery(bytes, at, size);
      if (counts) this.bytes += size;
      at += size;
      if (at > length) {
        this.#left = at - length;
        this.#counts = counts;
      } else if (counts) count++;
    }
    return count;
  }

  /** With its header; 0: the header isn't there yet. */
  protected abstract sizeAt(bytes: Buffer, at: number, length: number): number;
  protected abstract isDelivery(bytes: Buffer, at: number, size: number): boolean;
}

const [CLOSE, PING] = [8, 9];

/** Of a WebSocket: each text or binary message. No server here fragments one. */
export class FrameCounter extends Headed {
  protected sizeAt(bytes: Buffer, at: number, length: number): number {
    if (at + 2 > length) return 0;
    // Both are inside of the `length` bytes.
    const code = bytes[at + 1]! & 127;
    if (code < 126) return 2 + code;
    const head = code === 126 ? 4 : 10;
    if (at + head > length) return 0;
    return head + (code === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2)));
  }

  protected isDelivery(bytes: Buffer, at: number, size: number): boolean {
    const opcode = bytes[at]! & 15;
    if (opcode === PING) this.pings++;
    if (opcode === CLOSE)
      throw new Error(`the server closed a WebSocket: ${bytes.toString('latin1', at + 4, at + size)}`);
    return opcode < CLOSE;
  }
}

/** Shorter ones are keep-alives. */
const SHORTEST = 100;

/** Of a chunked HTTP response with server-sent events: Yoga writes each in a chunk of its own. */
export class ChunkCounter extends Headed {
  protected sizeAt(bytes: Buffer, at: number, length: number): number {
    const end = bytes.indexOf('\r\n', at);
    if (end < 0 || end >= length - 1) return 0;
    return end + 2 - at + Number.parseInt(bytes.toString('latin1', at, end), 16) + 2;
  }

  protected isDelivery(_bytes: Buffer, _at: number, size: number): boolean {
    return size > SHORTEST;
  }
}
