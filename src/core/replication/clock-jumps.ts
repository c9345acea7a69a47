import type { Logger } from '../model/logger.ts';

/** A jump of the log's clock beyond this is worth a line, in ms. */
const CLOCK_JUMP_MS = 60_000;

/** Compares the log's clock with the time that passes here. */
export class ClockJumps {
  readonly #logger: Logger;
  #time: number | undefined;
  #seenAt = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** `time`: the log's, of an entry that comes as it is made. */
  note(time: number): void {
    const now = performance.now();
    const jump = time - (this.#time ?? time) - (now - this.#seenAt);
    if (this.#time !== undefined && Math.abs(jump) > CLOCK_JUMP_MS)
      this.#logger.warn({ jumpMs: Math.round(jump) }, `the log's clock jumped by ${Math.round(jump / 1000)} s`);
    this.#time = time;
    this.#seenAt = now;
  }

  /** What comes next is of another time. */
  forget(): void {
    this.#time = undefined;
  }
}
