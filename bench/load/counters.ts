/**
 * Count deliveries by the headers of frames and chunks only: a load client that parsed its input would need more CPU than the servers.
 */
export interface Counter {
  /** The number of deliveries that end within the first `length` bytes. */
  take(bytes: Buffer, length: number): number;
  /** Bytes of all deliveries so far, on the wire. */
  readonly bytes: number;
  /** Pings that need an answer. */
  pings: number;
}

const NOTHING = Buffer.alloc(0);

/** The common part of frames and chunks: a header that gives the size of what follows. */
abstract class Headed implements Counter {
  bytes = 0;
  pings = 0;
  /** Bytes of the current frame or chunk that are still to come. */
  #remaining = 0;
  #counts = false;
  /** An incomplete header. */
  #held = NOTHING;

  take(bytes: Buffer, length: number): number {
    if (this.#held.length > 0) {
      bytes = Buffer.concat([this.#held, bytes.subarray(0, length)]);
      length = bytes.length;
      this.#held = NOTHING;
    }
    if (this.#remaining > length) {
      this.#remaining -= length;
      return 0;
    }
    let count = this.#remaining > 0 && this.#counts ? 1 : 0;
    let at = this.#remaining;
    this.#remaining = 0;
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
        this.#remaining = at - length;
        this.#counts = counts;
      } else if (counts) count++;
    }
    return count;
  }

  /** The size with the header; 0 when the header is incomplete. */
  protected abstract sizeAt(bytes: Buffer, at: number, length: number): number;
  protected abstract isDelivery(bytes: Buffer, at: number, size: number): boolean;
}

const [CLOSE, PING] = [8, 9];

/** Counts text and binary messages of a WebSocket. No server here sends fragments. */
export class FrameCounter extends Headed {
  protected sizeAt(bytes: Buffer, at: number, length: number): number {
    if (at + 2 > length) return 0;
    // Both bytes are within `length`.
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

/** Shorter chunks are keep-alives. */
const SHORTEST = 100;

/** Counts server-sent events of a chunked HTTP response: Yoga writes each in a chunk of its own. */
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
