import { refused } from '../../../schema/request/errors.ts';
import type { Turns } from '../protocol/turns.ts';

/** Of a body that waits for its turn to be parsed. */
const LONG_BYTES = 16 * 1024;
/** Of long bodies that have come and wait. Further ones are refused, so that those that wait are answered. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

const RETRY_AFTER_S = 1;

/** Lets the long bodies of all clients be parsed in turns. */
export class LongBodies {
  readonly #turns: Turns;
  #waitingBytes = 0;

  constructor(turns: Turns) {
    this.#turns = turns;
  }

  /** Resolves when a body may be parsed. @throws {GraphQLError} `OVERLOADED` */
  async turn(connection: object, bytes: number): Promise<void> {
    if (bytes <= LONG_BYTES) return;
    if (this.#waitingBytes + bytes > MAX_WAITING_BYTES) throw tooManyRequests();
    this.#waitingBytes += bytes;
    await this.#turns.next(connection, bytes, 'intake');
    this.#waitingBytes -= bytes;
  }
}

/** Nothing was parsed. */
function tooManyRequests() {
  const http = { status: 503, headers: { 'Retry-After': String(RETRY_AFTER_S) } };
  const message = `too many requests are being sent: retry after ${RETRY_AFTER_S} s`;
  return refused('OVERLOADED', message, { retryAfterMs: RETRY_AFTER_S * 1000, http });
}
