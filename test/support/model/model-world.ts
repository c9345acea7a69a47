/** Shared parts of the readers of the model-based tests. */
import { setImmediate as turn } from 'node:timers/promises';
import { parseCursor } from '../../../src/core/model/cursor.ts';
import type { KeyFilter } from '../../../src/core/input/key-filter.ts';
import type { StreamingMap } from '../../../src/core/streaming-map.ts';
import type { Oracle } from './oracle.ts';

/** The node that a reader is connected to, and the oracle. */
export interface World {
  map: StreamingMap<number>;
  oracle: Oracle;
  readonly window: number;
}

export interface ReaderPlan {
  readonly filter: KeyFilter;
  readonly limit: number | undefined;
  readonly onLag: 'CONFLATE' | 'FAIL';
}

export const floorOf = ({ oracle, window }: World): number => Math.max(0, oracle.head - window);

/** The number of checked deliveries over all readers. */
export const counted = { deliveries: 0 };

/** Resolves after a few turns of the event loop, within which every due message comes. */
export async function soon<T>(pending: Promise<T>): Promise<T> {
  let isOver = false;
  const waiting = async (): Promise<never> => {
    for (let n = 0; n < 100 && !isOver; n++) await turn();
    throw new Error('nothing comes');
  };
  try {
    return await Promise.race([pending, waiting()]);
  } finally {
    isOver = true;
  }
}

/** Whether the log still has the history of a cursor. The oracle's map knows only such cursors. */
export function isKnown({ map }: World, cursor: string): boolean {
  const { epoch, place, cutoff = place, seen = cutoff } = parseCursor(cursor);
  if (epoch !== map.replica.epoch) return false;
  if (seen.position > map.replica.head.position) return false;
  return [place, cutoff, seen].every(({ position, digest }) => (map.replica.digestAt(position) ?? digest) === digest);
}
