import type { Socket } from 'node:net';

/** Tells whether a client reads what is written to its connection. */
export class Progress {
  readonly #socket: Socket;
  #drained = 0;
  /** Bytes of the current write that the kernel has not taken. */
  #queued = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Whether the kernel has taken anything since the last call. */
  hasMoved(): boolean {
    const drained = this.#socket.bytesWritten - this.#socket.writableLength;
    const queued = queuedOf(this.#socket);
    const hasMoved = drained > this.#drained || queued < this.#queued;
    this.#drained = drained;
    this.#queued = queued;
    return hasMoved;
  }
}

/** The progress of a single write shows only here, because `writableLength` falls when all of it has gone. Node's `net` does the same for its timeouts. */
function queuedOf(socket: Socket): number {
  return (socket as { _handle?: { writeQueueSize?: number } | null })._handle?.writeQueueSize ?? 0;
}
