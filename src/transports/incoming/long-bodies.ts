import { overloaded } from '../protocol/errors.ts';
import type { Turns } from '../protocol/turns.ts';

/** Of a body that waits for its turn to be parsed. */
const LONG_BYTES = 16 * 1024;
/** Of long bodies that have come and wait. Further ones are refused, so that those that wait are answered. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

/** Lets the long bodies of all clients be parsed in turns. */
export class LongBodies {
  readonly #turns: Turns;
  #waitingBytes = 0;

  constructor(turns: Turns) {
    this.#turns = turns;
  }

  /** Resolves when a body may be parsed. Undefined: at once. Rejects with `OVERLOADED`. */
  turn(connection: object, bytes: number): Promise<void> | undefined {
    return bytes <= LONG_BYTES ? undefined : this.#wait(connection, bytes);
  }

  async #wait(connection: object, bytes: number): Promise<void> {
    if (this.#waitingBytes + bytes > MAX_WAITING_BYTES) throw overloaded('too many requests are being sent');
    this.#waitingBytes += bytes;
    await this.#turns.next(connection, bytes, 'intake');
    this.#waitingBytes -= bytes;
  }
}
