import { onTestFinished } from 'vitest';
import type { StreamingMapOptions } from '../../../src/core/map-options.ts';
import { StreamingMap } from '../../../src/core/streaming-map.ts';
import { memoryLog } from '../../../src/logs/memory/memory-log.ts';

/** A map in memory, which closes with the test. */
export async function openMap<Value = unknown>(
  options: Partial<StreamingMapOptions> = {},
): Promise<StreamingMap<Value>> {
  const map = await StreamingMap.open<Value>({ log: memoryLog(), ...options });
  onTestFinished(() => map.close());
  return map;
}

/** The next so many results of a subscription, which stays open. */
export async function take<T>(subscription: AsyncGenerator<T, void, void>, count: number): Promise<T[]> {
  const taken: T[] = [];
  while (taken.length < count) {
    const { value, done } = await subscription.next();
    if (done) break;
    taken.push(value);
  }
  return taken;
}
