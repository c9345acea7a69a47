import { setTimeout as sleep } from 'node:timers/promises';
import { EngineUnavailableError } from '../../core/model/errors.ts';
import { messageOf } from '../../core/model/logger.ts';

export interface InTimeOptions {
  /** Whose it is and what is asked for, as the message names it. */
  readonly what: string;
  readonly withinMs: number;
  /** What no other attempt mends: thrown as it is. */
  readonly isFinal: (error: unknown) => boolean;
  /** Whether nobody waits for it any more. */
  readonly isOver: () => boolean;
}

const RETRY_MS = 100;

/** Tries again what fails for now. Rejects with `EngineUnavailableError` when it still does in the end. */
export async function inTime<T>(ask: () => Promise<T>, options: InTimeOptions): Promise<T> {
  const deadline = performance.now() + options.withinMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (options.isFinal(error)) throw error;
      if (options.isOver() || performance.now() > deadline)
        throw new EngineUnavailableError(`${options.what} can't be reached: ${messageOf(error)}`, { cause: error });
    }
    await sleep(RETRY_MS);
  }
}

/** Rejects when there is no answer by then. */
export async function answered<T>(answer: Promise<T>, withinMs: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('no answer')), Math.max(0, withinMs));
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
