import { refused } from './errors.ts';
import { AwaitedSlot, type DeliveryScheduler } from '../../src/core/subscriptions/scheduler.ts';

/** A read that may look at many items. Its position in the map makes it resumable, as a subscription is. */
export interface Scan {
  /**
   * Looks at items, at the current head, until it has spent `max` looks, and then is complete or not. Returns how many it has spent, which
   * exceeds `max` when a value takes longer.
   */
  advance(max: number): number;
  readonly isComplete: boolean;
}

/** Looks that the scans of one query spend in one slice: a tenth of a millisecond. One look is the time for an item without its value. */
const SLICE = 4096;
/** Looks that the scans which were complete before may spend in one slice, together, on the items that have come since: some 2 ms. */
const CATCH_UP = 100_000;

interface RootRead {
  /** Whether the read may run. It has failed otherwise. */
  readonly reach: Promise<boolean>;
  readonly scan: Scan | undefined;
  /** @throws {GraphQLError} when the query has spent too many looks */
  readonly spend: (looks: number) => void;
  readonly run: () => void;
  readonly fail: (error: unknown) => void;
  wasComplete: boolean;
}

export interface RootReadsOptions {
  /** Slices after the first share it with replays. */
  readonly scheduler?: DeliveryScheduler | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Resolves when the reads may begin, after their cursors are reached; if it rejects, all of them reject. */
  readonly turn?: (() => Promise<void>) | undefined;
}

/**
 * Reads all root fields of one query at one position. Each resolver queues its read here. The reads run together in one synchronous block,
 * as soon as the replica has reached every cursor that they name.
 *
 * Reads that look at many items are scans, which advance before that block, in slices, while the head moves:
 *
 *     slice ─▶ slice ─▶ … ─▶ all scans are complete at the current head ─▶ all reads run, in the same synchronous block
 *
 * A slice continues after the last item that it has looked at. An item that was superseded since has moved to a later position, so it
 * is dropped from what was found and comes again.
 */
export class RootReads {
  #reads: RootRead[] = [];
  readonly #scheduler: DeliveryScheduler | undefined;
  readonly #signal: AbortSignal;
  readonly #turn: (() => Promise<void>) | undefined;

  constructor({ scheduler, signal = new AbortController().signal, turn }: RootReadsOptions = {}) {
    this.#scheduler = scheduler;
    this.#signal = signal;
    this.#turn = turn;
  }

  /** Queues a read that takes little time. If `reach` rejects, only this read rejects. */
  read<T>(run: () => T, reach: Promise<unknown> = Promise.resolve()): Promise<T> {
    return this.#queue(run, reach);
  }

  /** Queues a scan; `run` is called once it is complete. `spend` is called with the looks of each slice. */
  scan<T>(
    scan: Scan,
    run: () => T,
    spend: (looks: number) => void,
    reach: Promise<unknown> = Promise.resolve(),
  ): Promise<T> {
    return this.#queue(run, reach, scan, spend);
  }

  #queue<T>(run: () => T, reach: Promise<unknown>, scan?: Scan, spend: RootRead['spend'] = () => {}): Promise<T> {
    if (this.#reads.length === 0) queueMicrotask(() => void this.#runAll());
    return new Promise((resolve, fail) => {
      const reached = reach.then(
        () => true,
        (error: unknown) => (fail(error), false),
      );
      const runNow = (): void => {
        try {
          resolve(run());
        } catch (error) {
          fail(error);
        }
      };
      this.#reads.push({ reach: reached, scan, spend, run: runNow, fail, wasComplete: false });
    });
  }

  async #runAll(): Promise<void> {
    const queued = this.#reads;
    this.#reads = [];
    const isReached = await Promise.all(queued.map(({ reach }) => reach));
    const reads = queued.filter((_read, at) => isReached[at]);
    try {
      await this.#turn?.();
    } catch (error) {
      for (const { fail } of reads) fail(error);
      return;
    }
    if (advance(reads)) return this.#runNow(reads);
    // Only tests have no scheduler.
    if (this.#scheduler) return this.#slices(reads, new AwaitedSlot(this.#scheduler, this.#signal));
    while (!advance(reads));
    this.#runNow(reads);
  }

  async #slices(reads: RootRead[], slot: AwaitedSlot): Promise<void> {
    try {
      do {
        await slot.take(false, SLICE);
        if (this.#signal.aborted) return leave(reads);
      } while (!advance(reads));
      // No `await` in between: the head may move before a promise is continued.
      this.#runNow(reads);
    } finally {
      slot.release();
    }
  }

  #runNow(reads: readonly RootRead[]): void {
    for (const { run } of reads) run();
  }
}

/** Advances the scans by one slice. Returns whether all are complete at the current head. Reads whose scan fails are dropped. */
function advance(reads: RootRead[]): boolean {
  let remaining = SLICE;
  for (const read of reads.filter(({ wasComplete }) => !wasComplete)) {
    const { looks, isComplete } = advanceOne(reads, read, remaining);
    remaining -= looks;
    if (!isComplete) return false;
    read.wasComplete = true;
  }
  // Those that were complete in an earlier slice catch up with the head.
  remaining = CATCH_UP;
  return [...reads].every((read) => {
    const { looks, isComplete } = advanceOne(reads, read, remaining);
    remaining -= looks;
    return isComplete;
  });
}

function advanceOne(reads: RootRead[], read: RootRead, max: number): { looks: number; isComplete: boolean } {
  const { scan, spend, fail } = read;
  if (!scan) return { looks: 0, isComplete: true };
  try {
    const looks = scan.advance(max);
    spend(looks);
    return { looks, isComplete: scan.isComplete };
  } catch (error) {
    reads.splice(reads.indexOf(read), 1);
    fail(error);
    return { looks: 0, isComplete: true };
  }
}

function leave(reads: RootRead[]): void {
  for (const { fail } of reads.splice(0)) fail(refused('BAD_USER_INPUT', 'the client has left before the answer'));
}
