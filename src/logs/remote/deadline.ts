import { setTimeout as sleep } from 'node:timers/promises';
import { EngineUnavailableError } from '../../core/model/errors.ts';
import { messageOf } from '../../core/model/logger.ts';

export interface DeadlineOptions {
  /** What is asked for, as the message names it: `the log on NATS`. */
  readonly what: string;
  readonly withinMs: number;
  /** Errors that another attempt would not change. They are thrown as they are. */
  readonly isFinal: (error: unknown) => boolean;
  readonly isClosed: () => boolean;
}

const RETRY_MS = 100;

/** Repeats a request until it succeeds or the time is over. Rejects with `EngineUnavailableError` then. */
export async function retryWithin<T>(ask: () => Promise<T>, options: DeadlineOptions): Promise<T> {
  const { what, withinMs, isFinal, isClosed } = options;
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      return await answerWithin(ask(), withinMs);
    } catch (cause) {
      if (isFinal(cause)) throw cause;
      if (isClosed() || performance.now() > deadline)
        throw new EngineUnavailableError(`${what} can't be reached within ${withinMs} ms: ${messageOf(cause)}`, {
          cause,
        });
    }
    await sleep(RETRY_MS);
  }
}

/** Rejects when the answer hasn't come in time. */
export async function answerWithin<T>(answer: Promise<T>, withinMs: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('no answer')), Math.max(0, withinMs));
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
