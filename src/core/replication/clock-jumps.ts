import type { Logger } from '../model/logger.ts';

/** The smallest jump of the log's clock that is logged, in ms. */
const CLOCK_JUMP_MS = 60_000;

/** Compares the log's clock with the monotonic clock of this process, and logs jumps. */
export class ClockJumps {
  readonly #logger: Logger;
  #time: number | undefined;
  #seenAt = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** `time`: the log's time of an entry that was appended just now. */
  note(time: number): void {
    const now = performance.now();
    const jump = time - (this.#time ?? time) - (now - this.#seenAt);
    if (this.#time !== undefined && Math.abs(jump) > CLOCK_JUMP_MS)
      this.#logger.warn({ jumpMs: Math.round(jump) }, `the log's clock jumped by ${Math.round(jump / 1000)} s`);
    this.#time = time;
    this.#seenAt = now;
  }

  /** Starts over: the next entry is not compared with the one before it. */
  forget(): void {
    this.#time = undefined;
  }
}
